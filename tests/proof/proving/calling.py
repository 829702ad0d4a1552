"""Which emitted method is which operation, and which argument is which value.

Matched by what users see: the last line of a method's docstring, and names that are the same once
case and punctuation are gone. No rule of the generator's naming is known here.
"""

from __future__ import annotations

import importlib
import inspect
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from .document import Node, Operation
from .streams import streams

_PLACES = ("query", "header", "cookie", "path", "body")
_OWN = frozenset({"self", "idempotency_key"})


def bare(name: str) -> str:
    """Return a name without case and punctuation."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in text if ("a" + c).isidentifier() and c != "_")


def methods_of(client: type, *, streaming: bool = False) -> dict[str, str]:
    """Return method name by what it calls, such as ``GET /orders``."""
    found: dict[str, str] = {}
    for name, function in _members(client):
        doc = inspect.getdoc(function) if callable(function) else None
        lines = " ".join((doc or "").split())
        match = re.search(r"Source: .*?, ((?:[A-Z]+) /.*)$", lines)
        if match and streams(function) == streaming:
            found[match[1]] = name
    return found


def _members(client: type) -> Iterator[tuple[str, Any]]:
    """Yield what a client has, and what its groups have with a full stop in between."""
    for base in client.__mro__:
        for name, member in vars(base).items():
            yield name, member
            made = isinstance(member, property) and member.fget and inspect.getsource(member.fget)
            if match := re.search(r"from (\S+) import (\w+)", made or ""):
                group = getattr(importlib.import_module(match[1]), match[2])
                yield from ((f"{name}.{inner}", one) for inner, one in _members(group))


def find(client: type, operation: Operation, *, streaming: bool = False) -> str | None:
    """Return the name of the method that makes an operation's call."""
    sources = methods_of(client, streaming=streaming)
    name = sources.get(" ".join(str(operation).split()))
    if name is not None or streaming:
        return name
    wanted = bare(operation.id)
    return next((n for n in vars(client) if not n.startswith("_") and bare(n) == wanted), None)


@attrs.frozen
class Wanted:
    """A value that a call has to take."""

    place: str
    wire: str


class MismatchError(Exception):
    """The arguments of a method are not those of its operation."""


@attrs.frozen
class Signature:
    """The arguments of one emitted method."""

    arguments: Mapping[Wanted, str]
    """Argument by value."""
    whole_body: str
    """The argument that takes the body as it is; empty when its properties are arguments."""
    media: str
    """The argument that chooses the media type of the body; empty without a choice."""
    keyed: bool
    more: str = ""
    """The argument for properties of the body that have none."""


def signature_of(
    method: Callable[..., Any], parameters: Iterable[Node], fields: Iterable[str]
) -> Signature:
    """Match arguments to values.

    Args:
        fields: the properties of the body that a request may hold; none when it is no object.

    Raises:
        MismatchError: an argument is left without a value, or a value without an argument.
    """
    given = inspect.signature(method).parameters
    keyed = "idempotency_key" in given
    free = [
        name
        for name, parameter in given.items()
        if name not in _OWN and parameter.kind is not parameter.VAR_KEYWORD
    ]
    wanted = [Wanted(node.fact("in"), node.fact("name")) for node in parameters]
    body = [Wanted("body", name) for name in fields]
    matched: dict[Wanted, str] = {}
    media = more = ""
    if not keyed:
        pass
    elif any(w.place == "header" and w.wire.lower() == "idempotency-key" for w in wanted):
        wanted = [w for w in wanted if w.place != "header" or w.wire.lower() != "idempotency-key"]
    _take(matched, free, wanted + body)
    whole = ""
    left_body = [w for w in body if w not in matched]
    if free and left_body and len(left_body) == len(body):
        whole = next((name for name in free if name.rstrip("_0123456789").startswith("body")), "")
    elif not body:
        whole = next((name for name in free if name.startswith("body")), "")
    if whole:
        free.remove(whole)
        matched = {w: name for w, name in matched.items() if w.place != "body"}
        body = []
    for name in list(free):
        if name.startswith("media_type"):
            media = name
            free.remove(name)
        if name.startswith("additional_properties"):
            more = name
            free.remove(name)
    left = [w for w in wanted + body if w not in matched]
    if len(left) != len(free):
        raise MismatchError(
            f"no argument for {[f'{w.place} {w.wire}' for w in left]}, no value for {free}"
        )
    matched.update(zip(left, free, strict=True))
    return Signature(matched, whole, media, keyed, more)


def _take(matched: dict[Wanted, str], free: list[str], wanted: list[Wanted]) -> None:
    def same(name: str, one: Wanted) -> bool:
        return bool(bare(name)) and bare(name) == bare(one.wire)

    def suffixed(name: str, one: Wanted) -> bool:
        stem, _, end = name.rstrip("_").rpartition("_")
        return end == one.place and same(stem, one)

    def numbered(name: str, one: Wanted) -> bool:
        return same(re.sub(r"_\d+$", "", name), one)

    # The first of several that look the same has the plain name.
    for rule in (same, suffixed, numbered):
        for name in list(free):
            exact = [w for w in wanted if w not in matched and rule(name, w)]
            plain = name.rstrip("_")
            best = next((w for w in exact if w.wire == plain), exact[0] if exact else None)
            if best is not None:
                matched[best] = name
                free.remove(name)
