"""Hold a document to the specification and to our own rules.

The schemas, the published one of the specification and that of its dialect of JSON Schema, are
those that openapi-spec-validator brings, applied by a compiled validator: a large document takes
milliseconds. openapi-spec-validator itself is called once they say that something is wrong,
for its errors. What it finds without being able to say where (operationIds, path parameters,
tags), and the schemas that it does not visit (webhooks, request bodies), are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from generator.read import pointer as pointers
from generator.read.anatomy import METHODS, Node, walk
from generator.read.complaints import short
from generator.read.extensions import check_extensions
from generator.text.shown import shown

if TYPE_CHECKING:
    from generator.read.document import Document
from generator.read.specification import check_schemas, check_structure


def validate(document: Document) -> None:
    """Check a document.

    Raises:
        DocumentError: for the first thing that is wrong with it.
    """
    check_structure(document)
    nodes = list(walk(document.root))
    check_schemas(document, nodes)
    _check_circles(document, nodes)
    check_extensions(document, nodes)
    _check_tags(document)
    _check_paths(document)
    _check_operation_ids(document, nodes)
    _check_defaults(document, nodes)


# What no schema can say


def _check_circles(document: Document, nodes: Iterable[Node]) -> None:
    """Check that no reference leads to itself."""
    good: set[str] = set()
    for node in nodes:
        if node.reference is not None and node.reference not in good:
            document.follow(node.value, node.pointer)
            good.add(node.reference)


def _check_tags(document: Document) -> None:
    seen: dict[str, str] = {}
    for index, tag in enumerate(document.root.get("tags", ())):
        at = f"/tags/{index}/name"
        if tag["name"] in seen:
            raise document.error(
                f"The tag {shown(tag['name'])} is defined twice "
                f"(also {document.position(seen[tag['name']])})",
                at,
                "Remove one of the two",
            )
        seen[tag["name"]] = at


def _check_operation_ids(document: Document, nodes: Iterable[Node]) -> None:
    seen: dict[str, str] = {}
    for node in nodes:
        if node.kind != "operation" or "operationId" not in node.value:
            continue
        name, at = node.value["operationId"], pointers.join(node.pointer, "operationId")
        if not name.strip():
            raise document.error(
                "The operationId is empty", at, "Name the operation: verb and noun"
            )
        if name in seen:
            shared = any(place.startswith("/components/pathItems/") for place in (at, seen[name]))
            if shared and document.position(at) == document.position(seen[name]):
                # One operation, of a path item that a path refers to and adds to.
                continue
            raise document.error(
                f"The operationId {shown(name)} is used twice "
                f"(also {document.position(seen[name])})",
                at,
                "Rename one of the two operations",
            )
        seen[name] = at


_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


def _check_paths(document: Document) -> None:
    """Check that paths and their parameters belong together (OpenAPI 3.1.1, 4.8.8.2)."""
    shapes: dict[str, str] = {}
    for path, item in document.root.get("paths", {}).items():
        if path.startswith("x-"):
            continue
        at = pointers.join("/paths", path)
        names = _placeholders(document, path, at)
        shape = _PLACEHOLDER.sub("{}", path)
        if shape in shapes and isinstance(item, dict):
            raise document.error(
                f"The path {shown(path)} is the same as {shown(shapes[shape])} "
                f"({document.position(pointers.join('/paths', shapes[shape]))})",
                at,
                "Put the operations of both under one of them",
            )
        shapes[shape] = path
        real, _ = document.follow(item, at)
        merged = {**real, **{key: value for key, value in item.items() if key != "$ref"}}
        shared = _parameters(document, merged, at)
        for method in METHODS:
            if method in merged:
                own = _parameters(document, merged[method], pointers.join(at, method))
                _check_placeholders(document, (path, method), names, shared, own)


def _placeholders(document: Document, path: str, at: str) -> list[str]:
    """Return the names of the parameters in a path, in order."""
    if not path.startswith("/"):
        raise document.error(
            f"The path {shown(path)} does not start with a slash", at, "Put one in front"
        )
    names = _PLACEHOLDER.findall(path)
    if {"{", "}"} & set(_PLACEHOLDER.sub("", path)):
        raise document.error(
            f"The braces of the path {shown(path)} do not match", at, "Close each parameter"
        )
    for name in names:
        if not name or names.count(name) > 1:
            raise document.error(
                f"The path {shown(path)} has the parameter {shown(name)} "
                + ("twice" if name else "without a name"),
                at,
                "Give each parameter a name of its own",
            )
    return names


def _check_placeholders(
    document: Document,
    operation: tuple[str, str],
    names: list[str],
    shared: dict[tuple[str, str], str],
    own: dict[tuple[str, str], str],
) -> None:
    """Check that an operation describes the parameters in its path, and no others there."""
    path, method = operation
    for name in names:
        if (name, "path") not in {**shared, **own}:
            raise document.error(
                f"The path parameter {shown(name)} of {method.upper()} {path} is not described",
                pointers.join("/paths", path, method),
                "Add it under parameters, with `in: path` and `required: true`",
            )
    for (name, location), pointer in own.items():
        if location == "path" and name not in names:
            raise document.error(
                f"The path parameter {shown(name)} is not in the path {shown(path)}",
                pointer,
                f"Write {{{name}}} into the path, or remove the parameter",
            )


def _parameters(document: Document, holder: Any, at: str) -> dict[tuple[str, str], str]:
    """Return the parameters of a path or operation: name and place to pointer."""
    found: dict[tuple[str, str], str] = {}
    for index, parameter in enumerate(holder.get("parameters", ())):
        pointer = pointers.join(at, "parameters", index)
        value, real = document.follow(parameter, pointer)
        name, location = value["name"], value["in"]
        key = (name.lower() if location == "header" else name, location)
        if key in found:
            raise document.error(
                f"The {location} parameter {shown(name)} is described twice "
                f"(also {document.position(found[key])})",
                pointer,
                "Remove one of the two",
            )
        if location == "path" and value.get("required") is not True:
            raise document.error(
                f"The path parameter {shown(name)} is not required", real, "Add `required: true`"
            )
        found[key] = pointer
    return found


def _check_defaults(document: Document, nodes: Iterable[Node]) -> None:
    """Check every default against its own schema (3.1.1, 4.8.24.3: it must fit).

    A null where none is allowed says "no default", which many documents write.
    """
    holders = [
        node
        for node in nodes
        if node.kind == "schema"
        and isinstance(node.value, dict)
        and node.value.get("default") is not None
    ]
    if not holders:
        return
    draft = 4 if document.version == "3.0" else 202012
    for node in holders:
        validator = _default_validator(document, node, draft)
        default = node.value["default"]
        if validator is not None and not validator.is_valid(default):
            raise document.error(
                f"The default {short(default)} does not fit its own schema in {node.pointer}",
                pointers.join(node.pointer, "default"),
                "Correct the default or the schema",
            )


def _default_validator(document: Document, node: Node, draft: int) -> Any:
    make = jsonschema_rs.Draft4Validator if draft == 4 else jsonschema_rs.Draft202012Validator
    schema = {key: value for key, value in node.value.items() if key in _SIMPLE}
    whole = any(key in node.value for key in _COMPOUND)
    try:
        if whole:
            # References lead into the document, so the document comes along.
            return make(
                {**node.value, "components": document.root.get("components", {})},
                validate_formats=False,
            )
        return make(schema, validate_formats=False)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        # A pattern that only ECMA knows, or a reference outside of components: not for us to judge.
        return None


_SIMPLE: Final = (
    "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems",
    "minProperties", "maxProperties",
)  # fmt: skip
_COMPOUND: Final = ("$ref", "allOf", "anyOf", "oneOf", "not", "items", "properties", "required",
                    "additionalProperties")  # fmt: skip
