"""JSON with the place of every node."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from generator.read import pointer as pointers
from generator.read.position import DocumentError, Position, duplicate

Content: TypeAlias = tuple[Any, Callable[[str], Position], list[DocumentError]]
"""The data of a file, where in it each node stands, and what is wrong with single ones."""


class NoJsonError(DocumentError):
    """A text is not JSON at all."""


class _ConstantError(Exception):
    """NaN or Infinity."""


def read_json(text: str, name: str) -> Content:
    """Return the data of a JSON text, where in it each node stands, and what is wrong there.

    Raises:
        DocumentError: it cannot be read.
    """
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            seen: set[str] = set()
            repeated.extend(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return found

    def constant(value: str) -> Any:
        raise _ConstantError(value)

    def number(value: str) -> float:
        return constant(value) if float(value) in INFINITE else float(value)

    try:
        data = json.loads(
            text, object_pairs_hook=pairs, parse_constant=constant, parse_float=number
        )
    except json.JSONDecodeError as error:
        raise NoJsonError(
            f"Not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}",
            Position(name, error.lineno, error.colno),
            "Correct the syntax",
            "syntax",
        ) from None
    except _ConstantError as error:
        at = re.search(rf"(?<![\"\w]){re.escape(str(error))}\b", text)
        raise DocumentError(
            f"{error} is not a JSON value",
            offset_position(text, at.start() if at else 0, name),
            "Write a number or null",
            "syntax",
        ) from None
    problems = []
    if repeated:
        problems = [
            duplicate(key, pointer, offset_position(text, offset, name))
            for key, pointer, offset, known in _json_keys(text)
            if known
        ]
    _check_texts(text, name)
    return data, _places(text, name), problems


def _check_texts(text: str, name: str) -> None:
    """Refuse half of a surrogate pair, which JSON can spell and no encoding can."""
    if not _SURROGATE.search(text):
        return
    for match in _JSON_TOKEN.finditer(text):
        if match[0][0] == '"' and _is_broken(json.loads(match[0], strict=False)):
            raise DocumentError(
                "A text holds half of a surrogate pair, which is no character",
                offset_position(text, match.start(), name),
                "Write the character itself, or both halves",
                "syntax",
            )


def _places(text: str, name: str) -> Callable[[str], Position]:
    """Return what tells where a node stands; the text is searched when it is first asked."""
    offsets: dict[str, int] = {}
    starts: list[int] = []

    def locate(pointer: str) -> Position:
        if not offsets:
            for _, at, offset, _ in _json_keys(text):
                # Of two keys with one name the last one is taken.
                offsets[at] = offset
            starts.append(0)
            starts.extend(match.end() for match in re.finditer("\n", text))
        while pointer and pointer not in offsets:
            pointer = pointer.rpartition("/")[0]
        offset = offsets.get(pointer, 0)
        line = bisect_right(starts, offset)
        return Position(name, line, offset - starts[line - 1] + 1)

    return locate


_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


_JSON_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


def _json_keys(text: str) -> Iterator[tuple[str, str, int, bool]]:
    """Yield every node of a JSON text: key or index, pointer, offset, whether it came before."""
    # One entry an open bracket: its pointer, the index to come (-1 in objects), and the keys.
    stack: list[tuple[str, int, set[str]]] = []
    expect_key = False
    here = ""
    yield "", "", 0, False
    for match in _JSON_TOKEN.finditer(text):
        symbol = match.group()
        if stack and stack[-1][1] >= 0 and symbol not in "],:" and not expect_key:
            # The next item of a list.
            base, index, _ = stack[-1]
            if here == base:
                here = f"{base}/{index}"
                yield str(index), here, match.start(), False
        if expect_key and symbol[0] == '"':
            key = json.loads(symbol, strict=False)
            base, _, keys = stack[-1]
            here = pointers.join(base, key)
            yield key, here, match.start(), key in keys
            keys.add(key)
            expect_key = False
        elif symbol == "{":
            stack.append((here, -1, set()))
            expect_key = True
        elif symbol == "[":
            stack.append((here, 0, set()))
        elif symbol in "]}":
            stack.pop()
            expect_key = False
        elif symbol == "," and stack:
            base, index, keys = stack[-1]
            here = base
            if index >= 0:
                stack[-1] = (base, index + 1, keys)
            else:
                expect_key = True


def offset_position(text: str, offset: int, name: str) -> Position:
    """Return line and column of an offset."""
    line = text.count("\n", 0, offset) + 1
    return Position(name, line, offset - (text.rfind("\n", 0, offset) + 1) + 1)


INFINITE: Final = (float("inf"), float("-inf"))
