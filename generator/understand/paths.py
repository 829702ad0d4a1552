"""Paths and webhooks as operations: parameters, bodies, responses."""

from __future__ import annotations

import re
from typing import Final

_JSON: Final = re.compile(r"application/(?:[\w.+-]*\+)?json|[\w.-]+/[\w.-]+\+json", re.IGNORECASE)


def is_json(media: str) -> bool:
    """Tell whether a media type is JSON."""
    return _JSON.fullmatch(media.partition(";")[0].strip()) is not None
