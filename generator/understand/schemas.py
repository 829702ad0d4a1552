"""Questions about schemas, answered through references and bases."""

from __future__ import annotations

from collections.abc import Iterable

from generator.understand.schema import Schema


def references(schema: Schema) -> Iterable[Schema]:
    """Yield the references inside a schema, those behind them left alone."""
    todo = [schema]
    while todo:
        part = todo.pop()
        if part.kind == "ref":
            yield part
        todo.extend(part.parts())
