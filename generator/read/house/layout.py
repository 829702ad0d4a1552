"""Rules of the file itself: order, line length, and the YAML that every reader takes alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml
from yaml.tokens import AliasToken, AnchorToken

from generator.read.position import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.read.house.complaint import House

LONGEST: Final = 100
_ORDER: Final = (
    "openapi", "info", "servers", "security", "tags", "paths", "webhooks", "components",
)  # fmt: skip


def layout(house: House) -> Iterator[tuple[Position, str, str]]:
    """Lines of 100 columns at most, no tabs, no anchors, sections in order."""
    source = house.document.sources[0]
    for number, line in enumerate(source.text.splitlines(), 1):
        if len(line) > LONGEST:
            what = f"The line has {len(line)} characters"
            yield Position(source.name, number), what, f"Break it at {LONGEST}"
        if "\t" in line:
            yield Position(source.name, number), "The line holds a tab", "Indent by two spaces"
    if re.search(r"[&*]\w", source.text):
        for token in yaml.scan(source.text, Loader=yaml.CSafeLoader):
            if isinstance(token, (AnchorToken, AliasToken)):
                line = token.start_mark.line + 1
                what = "The document uses an anchor of YAML"
                yield Position(source.name, line), what, "Write a $ref"
    found = [key for key in _ORDER if key in house.root]
    if [key for key in source.data if key in _ORDER] != found:
        what = "The sections of the document are in another order"
        yield Position(source.name), what, f"Write {', '.join(found)}"
