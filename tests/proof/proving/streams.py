"""Answers that come item by item: what a server sends for some items, and a method that collects them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

from .document import Node
from .schemas import Facts

_LINES = ("ndjson", "jsonl", "jsonlines", "json-lines")
_EVENT = ("event", "id", "retry")


def dumps(value: Any) -> bytes:
    """Return JSON in one line."""
    return json.dumps(value, ensure_ascii=False).encode()


def stream_of(media: str) -> str:
    """Return how an answer of a media type comes, empty for one that comes whole."""
    name = media.partition(";")[0].strip().lower()
    if name == "text/event-stream":
        return "events"
    if name.endswith("json-seq"):
        return "sequence"
    return "lines" if name.partition("/")[2].removeprefix("x-") in _LINES else ""


def item_schema(media: Node) -> Node | None:
    """Return the schema of an item; a list stands for the whole answer."""
    schema = media.get("itemSchema") or media.get("schema")
    if schema is None or media.get("itemSchema") is not None:
        return schema
    solid = schema.solved()
    items = solid.get("items")
    return items if "array" in Facts.of(schema).types and items is not None else schema


def encoded(name: str, items: list[Any], *, whole_events: bool) -> bytes:
    """Return an answer that holds these items."""
    match stream_of(name):
        case "events":
            return b"".join(_event(item, whole_events) for item in items)
        case "sequence":
            return b"".join(b"\x1e" + dumps(item) + b"\n" for item in items)
        case _:
            return b"".join(dumps(item) + b"\n" for item in items)


def _event(item: Any, whole: bool) -> bytes:
    lines: list[bytes] = []
    if whole:
        lines += [f"{name}: {item[name]}".encode() for name in _EVENT if name in item]
        item = item.get("data", "")
    text = item if isinstance(item, str) else dumps(item).decode()
    lines += [b"data: " + line.encode() for line in text.split("\n")]
    return b"\n".join([*lines, b"", b""])


def are_whole_events(schema: Node | None) -> bool:
    """Tell whether a schema describes events, not what they carry."""
    names = set() if schema is None else set(Facts.of(schema).properties)
    return "data" in names and names <= {"data", *_EVENT}


def streams(method: Any) -> bool:
    """Tell whether a method of a client is one that streams."""
    told = str(getattr(method, "__annotations__", {}).get("return", ""))
    return told.startswith(("Stream[", "AsyncStream["))


def collected(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method of the same arguments that returns all items at once."""
    if streams(method) and "Async" in str(method.__annotations__["return"]):

        async def aread(**given: Any) -> list[Any]:
            async with method(**given) as items:
                return [item async for item in items]

        read: Callable[..., Any] = aread
    else:

        def read(**given: Any) -> list[Any]:
            with method(**given) as items:
                return list(items)

    read.__signature__ = inspect.signature(method)  # type: ignore[attr-defined]
    return read
