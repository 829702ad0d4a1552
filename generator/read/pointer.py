"""JSON pointers (RFC 6901): the address of every node of a document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote


def escape(token: str | int) -> str:
    """Return one token as it is written in a pointer."""
    return str(token).replace("~", "~0").replace("/", "~1")


def join(pointer: str, *tokens: str | int) -> str:
    """Return the pointer of a node below `pointer`."""
    return pointer + "".join("/" + escape(token) for token in tokens)


def make(tokens: Iterable[str | int]) -> str:
    """Return the pointer with these tokens, from the root down."""
    return join("", *tokens)


def split(pointer: str) -> list[str]:
    """Return the tokens of a pointer, unescaped.

    Raises:
        ValueError: it does not start with a slash.
    """
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"a JSON pointer starts with a slash: {pointer!r}")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def from_fragment(fragment: str) -> str:
    """Return the pointer that the part of a URI reference after ``#`` stands for."""
    return unquote(fragment)


def child(value: Any, token: str) -> Any:
    """Return what a token leads to.

    Raises:
        LookupError: there is nothing.
    """
    if isinstance(value, dict):
        return value[token]
    if isinstance(value, list) and token.isascii() and token.isdigit():
        return value[int(token)]
    raise LookupError(token)


def find(root: Any, pointer: str) -> Any:
    """Return the node at a pointer.

    Raises:
        LookupError: there is none.
    """
    value = root
    for token in split(pointer):
        value = child(value, token)
    return value


def remove(root: Any, pointer: str) -> None:
    """Take the node at a pointer out of what holds it.

    Raises:
        LookupError: there is none.
    """
    head, _, _ = pointer.rpartition("/")
    holder, token = find(root, head), split(pointer)[-1]
    del holder[int(token) if isinstance(holder, list) else token]


def order(pointer: str) -> list[tuple[bool, int, str]]:
    """Return what pointers are sorted by: numbers as numbers, what is in something behind it."""
    return [
        (part.isdigit(), int(part) if part.isdigit() else 0, part) for part in pointer.split("/")
    ]
