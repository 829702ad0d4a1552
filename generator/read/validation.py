"""Hold a document to the specification and to our own rules.

The schemas, the published one of the specification and that of its dialect of JSON Schema, are
those that openapi-spec-validator brings, applied by a compiled validator: a large document takes
milliseconds. What they cannot say is checked here: operationIds, path parameters, tags, defaults.

Each check takes down what is wrong and changes it as its rule says, so that the next ones, and
all stages behind, find a document that holds together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from generator.read import pointer as pointers
from generator.read.anatomy import Node, cut, walk
from generator.read.complaints import short
from generator.read.extensions import check_extensions
from generator.read.house.rules import check_house
from generator.read.position import DocumentError
from generator.read.routes import check_paths
from generator.read.specification import check_specification
from generator.text.shown import shown

if TYPE_CHECKING:
    from generator.read.document import Document


def validate(document: Document) -> None:
    """Check a document; all that is wrong is in its findings then, and changed as its rule says.

    Raises:
        DocumentError: nothing would be left of it.
    """
    check_specification(document)
    _cut_references(document)
    nodes = list(walk(document.root))
    check_extensions(document, nodes)
    _check_tags(document)
    check_paths(document)
    _check_operation_ids(document, nodes)
    _check_security(document, nodes)
    _check_schemas(document, nodes)
    _check_defaults(document, nodes)
    check_house(document)


# What no schema can say


def _cut_references(document: Document) -> None:
    """Cut references that lead to themselves, and those to what was left out as a mistake."""
    good: set[str] = set()
    lost: list[str] = []
    for node in walk(document.root):
        if node.reference is None or node.reference in good:
            continue
        here, seen = node, {node.pointer}
        while (text := here.reference) is not None:
            try:
                target = document.resolve(text, here.pointer)
            except DocumentError:
                lost.extend(cut(here))
                break
            if target in seen:
                at = pointers.join(here.pointer, "$ref")
                document.findings.add(document.endless(text, at))
                lost.extend(cut(here))
                break
            seen.add(target)
            here = Node(target, node.kind, document.at(target))
        else:
            good.add(node.reference)
    document.remove_all(lost)


def _check_tags(document: Document) -> None:
    seen: dict[str, str] = {}
    again: list[str] = []
    for index, tag in enumerate(document.root.get("tags") or ()):
        at = f"/tags/{index}/name"
        if tag["name"] in seen:
            document.wrong(
                f"The tag {shown(tag['name'])} is defined twice "
                f"(also {document.position(seen[tag['name']])})",
                at,
                "Remove one of the two",
                "duplicate-tag",
            )
            again.append(f"/tags/{index}")
        seen.setdefault(tag["name"], at)
    for pointer in reversed(again):
        document.remove(pointer)


def _check_operation_ids(document: Document, nodes: Iterable[Node]) -> None:
    seen: dict[str, str] = {}
    for node in nodes:
        if node.kind != "operation" or "operationId" not in node.value:
            continue
        name, at = node.value["operationId"], pointers.join(node.pointer, "operationId")
        if not name.strip():
            advice = "Name the operation: verb and noun"
            document.wrong("The operationId is empty", at, advice, "wrong-value")
            del node.value["operationId"]
            continue
        if name in seen:
            shared = any(place.startswith("/components/pathItems/") for place in (at, seen[name]))
            if shared and document.position(at) == document.position(seen[name]):
                # One operation, of a path item that a path refers to and adds to.
                continue
            document.wrong(
                f"The operationId {shown(name)} is used twice "
                f"(also {document.position(seen[name])})",
                at,
                "Rename one of the two operations",
                "duplicate-operation-id",
            )
            del node.value["operationId"]
            continue
        seen[name] = at


def _check_security(document: Document, nodes: Iterable[Node]) -> None:
    known = (document.root.get("components") or {}).get("securitySchemes") or {}
    for node in nodes:
        if node.kind != "securityRequirement":
            continue
        for name in [name for name in node.value if name not in known]:
            document.wrong(
                f"The security scheme {shown(name)} is described nowhere",
                pointers.join(node.pointer, name),
                "Describe it under components/securitySchemes",
                "unknown-security-scheme",
            )
            del node.value[name]


def _check_schemas(document: Document, nodes: Iterable[Node]) -> None:
    """Check what the dialect allows in a schema and nobody can have meant."""
    for node in nodes:
        if node.kind != "schema" or not isinstance(node.value, dict):
            continue
        if node.value.get("enum") == []:
            at = pointers.join(node.pointer, "enum")
            document.wrong("The enum has no values", at, "Remove it, or list them", "empty-enum")
            del node.value["enum"]
        pattern = node.value.get("pattern")
        if isinstance(pattern, str) and (inner := _without_slashes(pattern)) is not None:
            document.wrong(
                f"The pattern {shown(pattern)} is written between slashes, which no text matches",
                pointers.join(node.pointer, "pattern"),
                "Write it without them",
                "pattern-in-slashes",
            )
            node.value["pattern"] = inner


_SLASHED: Final = re.compile(r"/(.*)/([dgimsuvy]*)", re.DOTALL)


def _without_slashes(pattern: str) -> str | None:
    """Return what a pattern says that is written as in a script; None for any other."""
    match = _SLASHED.fullmatch(pattern)
    if match is None:
        return None
    inner, flags = match.groups()
    # With a slash before its start, or behind its end, it matches nothing as it stands.
    begins, ends = inner.startswith("^"), inner.endswith("$") and not inner.endswith("\\$")
    if not (begins and ends) and ("|" in inner or not (begins or ends)):
        return None
    kept = "".join(flag for flag in "ims" if flag in flags)
    return f"(?{kept}:{inner})" if kept else inner


def _check_defaults(document: Document, nodes: Iterable[Node]) -> None:
    """Check every default against its own schema (3.1.1, 4.8.24.3: it must fit).

    A null where none is allowed says "no default", which many documents write.
    """
    for node in _with_default(nodes):
        validator = _default_validator(document, node)
        default = node.value["default"]
        if validator is not None and not validator.is_valid(default):
            document.wrong(
                f"The default {short(default)} does not fit its own schema in {node.pointer}",
                pointers.join(node.pointer, "default"),
                "Correct the default or the schema",
                "default",
            )
            del node.value["default"]


def _with_default(nodes: Iterable[Node]) -> Iterator[Node]:
    return (
        node
        for node in nodes
        if node.kind == "schema"
        and isinstance(node.value, dict)
        and node.value.get("default") is not None
    )


def _default_validator(document: Document, node: Node) -> Any:
    old = document.version == "3.0"
    make = jsonschema_rs.Draft4Validator if old else jsonschema_rs.Draft202012Validator
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
