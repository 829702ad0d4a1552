"""What only readers see, and what a place of the document is in Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from generator.read import pointer as pointers

_DATA: Final = frozenset({"example", "examples", "default", "enum", "const"})
_NAMES: Final = frozenset({"properties", "schemas", "patternProperties", "$defs"})


def differences(
    old: Any, new: Any, pointer: str = "", word: str = "", names: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield the place of every difference and the keyword it belongs to, once a keyword."""
    if type(old) is type(new) and old == new:
        return
    if word in _DATA or not (
        (isinstance(old, dict) and isinstance(new, dict))
        or (isinstance(old, list) and isinstance(new, list) and len(old) == len(new))
    ):
        yield pointer, word
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            at = pointers.join(pointer, key)
            if key in old and key in new:
                inner = word if names or pointer == "/info" else key
                yield from differences(
                    old[key],
                    new[key],
                    at,
                    "info" if at.startswith("/info") else inner,
                    names=not names and key in _NAMES,
                )
            elif names:
                yield at, word
            else:
                yield at, "info" if at.startswith("/info") else key
        if list(old) != list(new) and old.keys() == new.keys():
            yield pointer, "order"
    else:
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{pointer}/{index}", word)
