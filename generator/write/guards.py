"""Kinds of loss that no name shows: what the emitted source does, held against the raw document.

Nothing here asks the normal form or the plan, which are what is guarded.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from generator.read import pointer as pointers
from generator.read.anatomy import METHODS, Node
from generator.read.document import Document
from generator.write.emitted import (
    DEFAULT_CREDENTIALS,
    Operation,
    Place,
    bindings,
    credentials_of,
    fields_in,
    is_settable,
    literal_of,
)

Lost: TypeAlias = tuple[str, str]
"""What did not arrive, and where it stands in the document."""

_ANY: Final = object()


# Names


def bound_twice(modules: Mapping[str, ast.Module]) -> Iterator[Lost]:
    """Yield the names that a module binds more than once: the later ones win, in silence."""
    for path, module in modules.items():
        for name, count in Counter(bindings(module)).items():
            if count > 1:
                yield f"One of the two that {path} calls {name}", ""


# Parameters


def defaults(
    document: Document, found: Operation, parameters: Mapping[Place, tuple[Mapping[str, Any], str]]
) -> Iterator[Lost]:
    """Yield the defaults of an operation's parameters that it does not send."""
    for place, (parameter, at) in parameters.items():
        wanted = _fact(document, "default", *_schema_of(parameter, at))
        if place in found.parameters and wanted is not None:
            sent = found.defaults.get(place, _ANY)
            if sent is _ANY or sent != wanted:
                yield f"The default of the parameter {place[1]}", at


def _schema_of(parameter: Mapping[str, Any], at: str) -> tuple[Any, str]:
    for media, held in (parameter.get("content") or {}).items():
        return held.get("schema"), pointers.join(at, "content", media, "schema")
    return parameter.get("schema"), pointers.join(at, "schema")


def _fact(document: Document, word: str, schema: Any, at: str) -> Any:
    """Return what a schema says under a keyword, through plain references."""
    while isinstance(schema, Mapping):
        if "$ref" not in schema:
            return schema.get(word)
        if document.version != "3.0" and schema.get(word) is not None:
            return schema[word]
        at = document.resolve(str(schema["$ref"]), at)
        schema = document.at(at)
    return None


# Bodies


def optional_body(found: Operation, body: Mapping[str, Any], at: str) -> Iterator[Lost]:
    """Yield the body that may be left out, and is sent when nobody gave any of it.

    The flag that asks for a stream is given by the method itself.
    """
    sent = [value for name, value in fields_in(found.body) if name != "stream" or not found.streams]
    if not body.get("required") and any(isinstance(one, ast.IfExp) for one in (found.body, *sent)):
        yield "The rule that the body may be left out", at


def read_only_arguments(
    document: Document, found: Operation, body: Mapping[str, Any], at: str
) -> Iterator[Lost]:
    """Yield the fields of a body that are sent though every word on them says readOnly."""
    sent = {name for name, _ in fields_in(found.body)}
    for media, held in (body.get("content") or {}).items():
        schema_at = pointers.join(at, "content", media, "schema")
        said: dict[str, list[tuple[Any, str]]] = {}
        for name, part in _properties(document, held.get("schema"), schema_at):
            said.setdefault(name, []).append(part)
        for name in sent & said.keys():
            if all(_fact(document, "readOnly", *part) is True for part in said[name]):
                yield f"The rule that {name} is never sent", said[name][0][1]


def read_only_members(
    document: Document, schema: Mapping[str, Any], at: str, members: Mapping[str, ast.Call]
) -> Iterator[Lost]:
    """Yield the members of a class that callers may give though they are readOnly."""
    for name, part in (schema.get("properties") or {}).items():
        part_at = pointers.join(at, "properties", name)
        settable = name in members and is_settable(members[name])
        if settable and _fact(document, "readOnly", part, part_at) is True:
            yield f"The rule that {name} is never sent", part_at


# Media types

_JSON: Final = re.compile(r"(?:application|text)/(?:json)|.*\+json|\*/\*")
_STREAM: Final = re.compile(
    r"text/event-stream|application/(?:(?:x-)?ndjson|(?:x-)?jsonl(?:ines)?|json-lines|json-seq)"
    r"|.*\+json-seq"
)
_XML: Final = re.compile(r"(?:application|text)/(?:.*\+)?xml")
_PARTS: Final = frozenset(
    {"additionalProperties", "allOf", "anyOf", "items", "oneOf", "properties"}
)


def media_types(
    document: Document, holder: Mapping[str, Any], at: str, *, answer: bool = False
) -> list[str]:
    """Return the media types of a body or response that have to be emitted.

    Beside JSON, XML is the same said twice, and so is text that is described as an object or a list.
    """
    content = holder.get("content") or {}
    bare = {name: name.partition(";")[0].strip().lower() for name in content}
    if not any(_JSON.fullmatch(name) for name in bare.values()):
        return list(content)

    def said_twice(name: str) -> bool:
        if _XML.fullmatch(bare[name]):
            return True
        if not bare[name].startswith("text/") or _JSON.fullmatch(bare[name]):
            return False
        if answer and _STREAM.fullmatch(bare[name]):
            return False
        schema, _ = document.follow(
            content[name].get("schema") or {}, pointers.join(at, "content", name, "schema")
        )
        if not isinstance(schema, Mapping):
            return False
        kinds = schema.get("type") or ()
        listed = {kinds} if isinstance(kinds, str) else set(kinds)
        return bool(listed & {"array", "object"} or _PARTS & schema.keys())

    return [name for name in content if not said_twice(name)]


def open_bodies(
    document: Document, body: Mapping[str, Any], at: str, methods: Iterable[str]
) -> Iterator[Lost]:
    """Yield the bodies whose undeclared properties no argument takes, though they are described."""
    for media, held in (body.get("content") or {}).items():
        schema_at = pointers.join(at, "content", media, "schema")
        schema, schema_at = _solid(document, held.get("schema"), schema_at)
        open_ended = schema.get("additionalProperties") or schema.get("patternProperties")
        if (
            open_ended
            and schema.get("properties")
            and _JSON.fullmatch(media.partition(";")[0].strip().lower())
            and not all(re.search(r"\b(additional_properties|body)\w*:", one) for one in methods)
        ):
            yield "What the body may hold besides its properties", schema_at


def carried(node: Node) -> Node | None:
    """Return the schema that stands for a described event: that of the JSON it carries."""
    if node.kind != "schema" or not node.pointer.endswith("/itemSchema"):
        return None
    event = node.value if isinstance(node.value, Mapping) else {}
    properties = event.get("properties") or {}
    data = properties.get("data")
    if (
        not isinstance(data, Mapping)
        or not _JSON.fullmatch(str(data.get("contentMediaType")))
        or "contentSchema" not in data
        or not properties.keys() <= {"data", "event", "id", "retry"}
        or not {"allOf", "anyOf", "oneOf"}.isdisjoint(event)
    ):
        return None
    at = pointers.join(node.pointer, "properties", "data", "contentSchema")
    return Node(at, "schema", data["contentSchema"])


def streams(
    found: Iterable[Operation],
    methods: Mapping[str, Mapping[str, str]],
    answer: Mapping[str, Any],
    status: str,
    at: str,
) -> Iterator[Lost]:
    """Yield what comes item by item and no method of both clients reads that way."""
    reading = [
        one
        for one in found
        if all("self._stream(" in chunks.get(one.function, "") for chunks in methods.values())
    ]
    for media in answer.get("content") or {}:
        comes_so = _STREAM.fullmatch(media.partition(";")[0].strip().lower())
        if comes_so and not any((status, media) in one.streams for one in reading):
            yield f"The stream {status} {media}", pointers.join(at, "content", media)


# Credentials


def credentials(
    document: Document, found: Operation, raw: Mapping[str, Any], at: str, usual: ast.expr | None
) -> Iterator[Lost]:
    """Yield what is wrong with the credentials that an operation sends."""
    requirements = raw.get("security")
    if requirements is None:
        requirements = document.root.get("security") or []
    schemes = (document.root.get("components") or {}).get("securitySchemes") or {}
    sent = credentials_of(found.credentials if found.credentials is not None else usual)
    wanted = [
        frozenset(filter(None, (_scheme(document, schemes, name) for name in requirement)))
        for requirement in requirements
    ]
    if sent not in (wanted or [frozenset()]):
        told = "no credential" if not any(wanted) else "the credentials of its security"
        yield f"The rule that {found.method} {found.path} sends {told}", at


def _scheme(document: Document, schemes: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """Return where a scheme's key travels, None for what travels beside the request."""
    scheme, _ = document.follow(
        schemes.get(name) or {}, pointers.join("/components/securitySchemes", name)
    )
    kind = scheme.get("type")
    if kind == "mutualTLS":
        return None
    if kind == "apiKey":
        return str(scheme["in"]), str(scheme["name"]), ""
    if kind == "http" and str(scheme.get("scheme")).lower() != "bearer":
        return (*DEFAULT_CREDENTIALS[:2], str(scheme["scheme"]).lower())
    return DEFAULT_CREDENTIALS


# Events


def events(
    document: Document, items: Iterable[tuple[str, Mapping[str, Any], str]], source: ast.Module
) -> Iterator[Lost]:
    """Yield the webhooks that nothing could read as what they are."""
    known, tags, named = _told(source)
    for name, item, item_at in items:
        for verb in METHODS:
            if verb not in item:
                continue
            at = pointers.join(item_at, verb)
            body, body_at = document.follow(
                item[verb].get("requestBody") or {}, pointers.join(at, "requestBody")
            )
            for media, held in list((body.get("content") or {}).items())[:1]:
                schema_at = pointers.join(body_at, "content", media, "schema")
                for listed in _texts(document, held.get("schema"), schema_at, tags):
                    told = any(texts and texts <= known for texts in listed)
                    if not told and not (named and name in known):
                        yield f"The event {name}", at


def _told(source: ast.Module) -> tuple[set[str], tuple[str, ...], bool]:
    """Return what emitted source knows of events: their kinds, their tags, whether names tell."""
    known: set[str] = set()
    tags: tuple[str, ...] = ("type",)
    named = False
    for node in source.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id="EVENTS"), value=ast.Dict(keys=keys)):
                known = {str(literal_of(key)) for key in keys}
            case ast.AnnAssign(target=ast.Name(id="_KINDS"), value=ast.Call(keywords=keywords)):
                given = {keyword.arg: literal_of(keyword.value) for keyword in keywords}
                tags = tuple(given.get("tags") or ())
                named = named or bool(given.get("only"))
            case ast.FunctionDef(name="read_event", args=arguments):
                named = named or any(one.arg == "name" for one in arguments.kwonlyargs)
            case _:
                pass
    return known, tags, named


def _texts(
    document: Document, schema: Any, at: str, tags: tuple[str, ...]
) -> Iterator[list[frozenset[str]]]:
    """Yield, of each object that a webhook may carry, the texts that tell it, by tag."""
    schema, at = _solid(document, schema, at)
    members = schema.get("oneOf") or schema.get("anyOf")
    if members and not schema.get("properties"):
        word = "oneOf" if schema.get("oneOf") else "anyOf"
        for index, member in enumerate(members):
            yield from _texts(document, member, pointers.join(at, word, index), tags)
        return
    properties = dict(_properties(document, schema, at))
    yield [_listed(document, *properties[tag]) for tag in tags if tag in properties]


def _properties(document: Document, schema: Any, at: str) -> Iterator[tuple[str, tuple[Any, str]]]:
    schema, at = _solid(document, schema, at)
    for index, part in enumerate(schema.get("allOf") or ()):
        yield from _properties(document, part, pointers.join(at, "allOf", index))
    for name, part in (schema.get("properties") or {}).items():
        yield name, (part, pointers.join(at, "properties", name))


def _listed(document: Document, schema: Any, at: str) -> frozenset[str]:
    """Return the texts that a property lists."""
    schema, at = _solid(document, schema, at)
    values = list(schema.get("enum") or ([schema["const"]] if "const" in schema else ()))
    for word in ("allOf", "oneOf", "anyOf"):
        for index, part in enumerate(schema.get(word) or ()):
            values += _listed(document, part, pointers.join(at, word, index))
    return frozenset(value for value in values if isinstance(value, str))


def _solid(document: Document, schema: Any, at: str) -> tuple[Mapping[str, Any], str]:
    found, found_at = document.follow(schema, at) if isinstance(schema, Mapping) else ({}, at)
    return (found if isinstance(found, Mapping) else {}), found_at
