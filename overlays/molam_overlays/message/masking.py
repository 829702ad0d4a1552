"""A server's words without what was sent to it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from molam_overlays.redact import MASK


def without(text: str, values: Iterable[str]) -> str:
    """Return a text with values masked, however they are spaced or percent-encoded there."""
    for value in values:
        if value in text:
            text = text.replace(value, MASK)
        characters = [character for character in value if character.isalnum()]
        if len(characters) >= SPACED:
            spaced = r"[\s.\-/()]*".join(re.escape(character) for character in characters)
            text = re.sub(spaced, MASK, text, flags=re.IGNORECASE)
        encoded = quote(value, safe="", errors="surrogatepass")
        if encoded != value:
            text = text.replace(encoded, MASK)
    return text


SPACED: Final = 4
"""Letters and digits that a value has at least to be looked for with other spacing."""
