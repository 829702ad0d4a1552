"""What openapi-python-client makes of the schemas. The only module that imports it.

Its schema parser names types well and guards badly: it drops facts, keeps warnings to itself,
and refuses pairs of names that we tell apart. So it is handed nothing but shapes, under names that
cannot meet, and every complaint it has is fatal. All facts come from the document itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from openapi_python_client import schema as oai
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser.errors import ParseError, PropertyError
from openapi_python_client.parser.properties import (
    Schemas,
    build_schemas,
    property_from_data,
)
from openapi_python_client.schema import UntrustedString

from generator.read.document import Document, DocumentError
from generator.understand.schema import Named, Schema
from generator.understand.schemas import references

PARSER: Final = "0.29.1"
"""The release of the parser this module is written for."""

Leaf: TypeAlias = Literal[
    "any", "boolean", "bytes", "date", "datetime", "float", "int", "null", "string", "uuid"
]
"""What the parser takes a schema without parts for."""

_LEAVES: Final[Mapping[str, Leaf]] = {
    "AnyProperty": "any",
    "BooleanProperty": "boolean",
    "DateProperty": "date",
    "DateTimeProperty": "datetime",
    "FileProperty": "bytes",
    "FloatProperty": "float",
    "IntProperty": "int",
    "NoneProperty": "null",
    "StringProperty": "string",
    "UuidProperty": "uuid",
}
_BATCH: Final = 200
"""Schemas handed over at once: the parser copies all it has for each one that is added."""
_KEY: Final = re.compile(r"Schema(\d+)X")

_CONFIG: Final = Config.from_sources(
    config_file=ConfigFile(literal_enums=True),
    meta_type=MetaType("none"),
    document_source=Path(),
    file_encoding="utf-8",
    overwrite=False,
    output_path=None,
)


class Graph:
    """The types of a document."""

    def __init__(self, document: Document, named: Mapping[str, Named]) -> None:
        self._document = document
        self._named = named
        self._numbers = {key: number for number, key in enumerate(named)}
        self._leaves: dict[tuple[str, Any], Leaf] = {}

    def leaf(self, schema: Schema) -> Leaf:
        """Return what a schema without parts is in Python.

        Raises:
            DocumentError: the parser has a complaint.
        """
        known = (schema.kind, schema.fact("format"))
        if known not in self._leaves:
            found, _ = property_from_data(
                name=UntrustedString("value"),
                required=True,
                data=oai.Schema.model_validate(_leaf(schema)),
                schemas=Schemas(),
                parent_name="",
                config=_CONFIG,
            )
            if isinstance(found, PropertyError):
                raise self._complaint(found, schema.at)
            self._leaves[known] = _LEAVES[type(found).__name__]
        return self._leaves[known]

    def check(self) -> None:
        """Hand every named schema to the parser.

        What it complains about is taken down.
        """
        keys = list(self._named)
        aliases = self._in_order(key for key in keys if self._named[key].schema.kind != "object")
        objects = [key for key in keys if self._named[key].schema.kind == "object"]
        ordered = objects + aliases
        for start in range(0, len(ordered), _BATCH):
            self._check(ordered[start : start + _BATCH])

    def _check(self, keys: Sequence[str]) -> None:
        shapes: dict[str, Any] = {}
        for key in keys:
            shapes[key] = self._shape(self._named[key].schema, named=True)
        stubs: dict[str, Any] = {}
        for key in keys:
            for part in references(self._named[key].schema):
                if part.target not in shapes:
                    stubs[part.target] = _stub(self._named[part.target].schema)
        components = {
            UntrustedString(self._key(key)): oai.Schema.model_validate(shape)
            for key, shape in {**stubs, **shapes}.items()
        }
        schemas = build_schemas(components=components, schemas=Schemas(), config=_CONFIG)  # type: ignore[arg-type]
        for error in schemas.errors:
            words = f"{error.header} {error.detail}"
            match = _KEY.search(words)
            at = list(self._named)[int(match[1])] if match else ""
            self._document.findings.add(self._complaint(error, at))

    def _complaint(self, error: ParseError, at: str) -> DocumentError:
        def words(match: re.Match[str]) -> str:
            return self._named[list(self._named)[int(match[1])]].words

        said = _KEY.sub(words, " ".join(f"{error.header}: {error.detail or ''}".split()))
        return self._document.error(
            f"The schema parser refuses this: {said.strip(': ')}",
            at,
            "Simplify the schema",
        )

    def _key(self, key: str) -> str:
        return f"Schema{self._numbers[key]}X"

    def _in_order(self, keys: Iterable[str]) -> list[str]:
        """Put each schema behind those it refers to; the parser needs them to be there."""
        found: dict[str, None] = {}
        todo = [(key, False) for key in reversed(list(keys))]
        wanted = {key for key, _ in todo}
        opened: set[str] = set()
        while todo:
            key, done = todo.pop()
            if done:
                found.setdefault(key)
                continue
            if key in opened:
                continue
            opened.add(key)
            todo.append((key, True))
            todo.extend(
                (part.target, False)
                for part in references(self._named[key].schema)
                if part.target in wanted and part.target not in opened
            )
        return list(found)

    def _shape(self, schema: Schema, *, named: bool = False) -> dict[str, Any]:
        """Return what the parser is shown of a schema, by itself or inside of another one."""
        shape: dict[str, Any]
        match schema.kind:
            case "ref":
                target = self._named[schema.target].schema
                shape = (
                    {"$ref": f"#/components/schemas/{self._key(schema.target)}"}
                    if target.kind == "object"
                    else _stub(target)
                )
            case "map" if not named:
                # The parser would name it by where it stands, and find that name taken at times.
                shape = {}
            case "object" | "map":
                # Numbered: the parser would refuse properties whose names meet in snake case.
                shape = {
                    "type": "object",
                    "properties": {
                        f"p{number}": self._shape(part)
                        for number, part in enumerate(schema.properties.values())
                    },
                }
                if isinstance(schema.extra, Schema):
                    shape["additionalProperties"] = self._shape(schema.extra)
                elif schema.extra is False:
                    shape["additionalProperties"] = False
            case "array":
                shape = {"type": "array", "items": self._shape(schema.item) if schema.item else {}}
            case "union":
                shape = {"anyOf": [self._shape(part) for part in schema.members]}
            case _:
                shape = _leaf(schema)
        if schema.nullable and schema.kind not in ("null", "any", "object", "map", "array"):
            return {"anyOf": [shape, {"type": "null"}]}
        return shape


def _leaf(schema: Schema) -> dict[str, Any]:
    if schema.kind == "any":
        return {}
    if schema.kind == "enum":
        kinds = {type(value) for value in schema.values}
        if len(kinds) == 1 and kinds <= {str, int}:
            return {
                "type": "string" if kinds == {str} else "integer",
                "enum": [value if isinstance(value, int) else f"v{n}" for n, value in
                         enumerate(schema.values)],
            }  # fmt: skip
        return {}
    shape: dict[str, Any] = {"type": schema.kind}
    if isinstance(schema.fact("format"), str):
        shape["format"] = schema.fact("format")
    return shape


def _stub(schema: Schema) -> dict[str, Any]:
    """Return the outline of a schema that is shown in full elsewhere."""
    if schema.kind == "object":
        return {"type": "object"}
    return {} if schema.kind in ("array", "map", "union", "ref") else _leaf(schema)
