"""Hold a document to the specification and to our own rules.

The schemas, the published one of the specification and that of its dialect of JSON Schema, are
those that openapi-spec-validator brings, applied by a compiled validator: a large document takes
milliseconds. openapi-spec-validator itself is called once they say that something is wrong,
for its errors. What it finds without being able to say where (operationIds, path parameters,
tags), and the schemas that it does not visit (webhooks, request bodies), are checked here.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from generator import pointer as pointers
from generator.anatomy import METHODS, Node, walk
from generator.extensions import check_extensions
from generator.naming import shown
from generator.source import DocumentError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

    from generator.document import Document


def validate(document: Document) -> None:
    """Check a document.

    Raises:
        DocumentError: for the first thing that is wrong with it.
    """
    _check_structure(document)
    nodes = list(walk(document.root))
    _check_schemas(document, nodes)
    _check_circles(document, nodes)
    check_extensions(document, nodes)
    _check_tags(document)
    _check_paths(document)
    _check_operation_ids(document, nodes)
    _check_defaults(document, nodes)


# The published schemas


def _packaged(package: str, path: str) -> dict[str, Any]:
    """Read a file of a package without importing it, which takes longer than all we do."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    text = Path(spec.submodule_search_locations[0], path).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def _structure(version: str) -> Any:
    schema = _packaged("openapi_spec_validator", f"resources/schemas/v{version}/schema.json")
    return jsonschema_rs.validator_for(schema, validate_formats=False)


@cache
def _dialect() -> Any:
    """Return what a schema of 3.1 must fit; those of 3.0 are part of the published schema."""
    package = "openapi_schema_validator"
    base = _packaged(package, "schemas/oas3.1/metaschema.json")
    vocabulary = _packaged(package, "schemas/oas3.1/vocabularies/base")
    registry = jsonschema_rs.Registry([(vocabulary["$id"], vocabulary)])
    return jsonschema_rs.validator_for(base, validate_formats=False, registry=registry)


def _check_structure(document: Document) -> None:
    if _structure(document.version).is_valid(document.root):
        return
    from openapi_spec_validator import schemas
    from openapi_spec_validator.schemas.backend.jsonschema import create_validator

    schema = schemas.schema_v30 if document.version == "3.0" else schemas.schema_v31
    # Not the compiled validator: its errors do not say what failed inside of a choice.
    raise _first(document, create_validator(dict(schema)).iter_errors(document.root), "")


def _check_schemas(document: Document, nodes: Iterable[Node]) -> None:
    if document.version == "3.0":
        return
    dialect = _dialect()
    inside = "\n"
    for node in nodes:
        if node.kind != "schema" or node.pointer.startswith(inside):
            continue
        # A schema is checked with all that is in it.
        inside = node.pointer + "/"
        if not dialect.is_valid(node.value):
            raise _first(document, _dialect_errors(node.value), node.pointer)


def _dialect_errors(schema: Any) -> Iterator[ValidationError]:
    from jsonschema.validators import validator_for
    from openapi_schema_validator import OAS31Validator
    from openapi_schema_validator._specifications import REGISTRY

    meta = OAS31Validator.META_SCHEMA
    errors: Iterator[ValidationError] = validator_for(meta)(meta, registry=REGISTRY).iter_errors(
        schema
    )
    return errors


# From the validator's errors to ours


def _first(document: Document, errors: Iterable[ValidationError], base: str) -> DocumentError:
    """Return the error that says most, of those that were found below `base`."""
    found = list(errors)
    # What is unevaluated is so because something beside it is wrong: say that, not this.
    told = [error for error in found if error.validator != "unevaluatedProperties"] or found
    if not told:
        return document.error(
            "The document does not fit the schema of OpenAPI", base, "Run openapi-spec-validator"
        )
    # In the order of the document: what is wrong first is corrected first.
    error = min(
        (_cause(error) for error in told),
        key=lambda error: document.position(pointers.join(base, *error.absolute_path)),
    )
    at = pointers.join(base, *error.absolute_path)
    what, advice = _in_words(error, at)
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        unknown = _unknown_keys(error)
        if unknown:
            at = pointers.join(at, unknown[0])
    return document.error(what, at, advice)


def _cause(error: ValidationError) -> ValidationError:
    """Return why no choice of an error fits: the error in the choice that was meant."""
    while error.context:
        choices: dict[Any, list[ValidationError]] = {}
        for part in error.context:
            choices.setdefault(part.schema_path[0], []).append(part)
        if all(_is_missing(parts) for parts in choices.values()):
            return error
        meant = [parts for parts in choices.values() if not _is_other(parts, error)]
        if not meant:
            return error
        # Most has been matched where the fewest errors are, and those deep inside.
        best = min(meant, key=lambda parts: (len(parts), -max(len(part.path) for part in parts)))
        error = max(best, key=lambda part: len(part.path))
    return error


def _is_missing(parts: list[ValidationError]) -> bool:
    return len(parts) == 1 and parts[0].validator == "required" and not parts[0].path


def _is_other(parts: list[ValidationError], error: ValidationError) -> bool:
    """Return whether a choice is about something else: another type, or a reference."""
    own = [part for part in parts if len(part.absolute_path) == len(error.absolute_path)]
    instance: Any = error.instance
    return any(part.validator == "type" for part in own) or (
        isinstance(instance, dict)
        and "$ref" not in instance
        and any("'$ref' is a required" in part.message for part in own)
    )


def _place(at: str) -> str:
    return f"in {at}" if at else "at the top of the document"


def _unknown_keys(error: ValidationError) -> list[str]:
    if not isinstance(error.instance, dict):
        return []
    named = re.findall(r"'([^']*)'", error.message.partition("(")[2] or error.message)
    known = [name for name in named if name in error.instance]
    return known or [name for name in error.instance if name in error.message]


def _in_words(error: ValidationError, at: str) -> tuple[str, str]:
    where = _place(at)
    value: Any = error.instance
    rule: Any = error.validator_value
    name = shown(pointers.split(at)[-1]) if at else "The document"
    if error.validator in ("required", "dependentRequired"):
        match = re.match(r"'(.*?)' is (?:a required|a dependency)", error.message)
        missing = match[1] if match else str(rule)
        return f"The key {shown(missing)} is missing {where}", "Add it"
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        unknown = _unknown_keys(error)
        if unknown:
            return (
                f"The key {shown(unknown[0])} means nothing {where}",
                "Correct or remove it; own keys start with x-",
            )
    if error.validator == "type":
        kinds: list[str] = rule if isinstance(rule, list) else [rule]
        words = " or ".join(_KINDS.get(kind, kind) for kind in kinds)
        return f"{name} must be {words}, not {_kind(value)}, {where}", _type_advice(value, kinds)
    if error.validator in ("enum", "const"):
        values = rule if isinstance(rule, list) else [rule]
        listed = ", ".join(json.dumps(item) for item in values)
        return f"{_short(value)} is not a known value {where}", f"Write one of {listed}"
    if error.validator == "pattern":
        return f"{_short(value)} has the wrong form {where}", f"It must match {rule}"
    if error.validator in ("oneOf", "anyOf") and isinstance(value, dict):
        missing = [part.message.split("'")[1] for part in error.context if _is_missing([part])]
        if missing:
            return f"One of the keys {', '.join(missing)} is missing {where}", "Add one"
        return f"The keys of {name} do not go together {where}", "Compare it with the specification"
    return f"{_short(error.message)[1:-1]} {where}", "Compare it with the specification"


def _short(value: Any) -> str:
    return shown(value if isinstance(value, str) else json.dumps(value, default=str))


_KINDS: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the {'text' if isinstance(value, str) else 'number'} {_short(value)}"


def _type_advice(value: Any, kinds: list[str]) -> str:
    if kinds == ["string"] and isinstance(value, list) and "null" in value:
        return "OpenAPI 3.0 knows one type and `nullable: true`; 3.1 knows lists of types"
    if "string" in kinds and isinstance(value, (int, float)):
        return "Put it in quotes"
    if (
        "boolean" in kinds
        and isinstance(value, str)
        and value.lower() in ("yes", "no", "on", "off")
    ):
        return "Write true or false: only YAML before 1.2 took it for one"
    return "Correct its type"


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
        if not path.startswith("/"):
            raise document.error(
                f"The path {shown(path)} does not start with a slash", at, "Put one in front"
            )
        in_path = _PLACEHOLDER.findall(path)
        if "{" in _PLACEHOLDER.sub("", path) or "}" in _PLACEHOLDER.sub("", path):
            raise document.error(
                f"The braces of the path {shown(path)} do not match", at, "Close each parameter"
            )
        for name in in_path:
            if not name or in_path.count(name) > 1:
                raise document.error(
                    f"The path {shown(path)} has the parameter {shown(name)} "
                    + ("twice" if name else "without a name"),
                    at,
                    "Give each parameter a name of its own",
                )
        shape = _PLACEHOLDER.sub("{}", path)
        if shape in shapes and isinstance(item, dict):
            raise document.error(
                f"The path {shown(path)} is the same as {shown(shapes[shape])} "
                f"({document.position(pointers.join('/paths', shapes[shape]))})",
                at,
                "Put the operations of both under one of them",
            )
        shapes[shape] = path
        real, real_at = document.follow(item, at)
        merged = {**real, **{key: value for key, value in item.items() if key != "$ref"}}
        shared = _parameters(document, merged, at)
        for method in METHODS:
            if method not in merged:
                continue
            own = _parameters(document, merged[method], pointers.join(at, method))
            declared = {
                name: pointer
                for (name, location), pointer in {**shared, **own}.items()
                if location == "path"
            }
            for name in in_path:
                if name not in declared:
                    raise document.error(
                        f"The path parameter {shown(name)} of {method.upper()} {path} "
                        "is not described",
                        pointers.join(at, method),
                        "Add it under parameters, with `in: path` and `required: true`",
                    )
            for (name, location), pointer in own.items():
                if location == "path" and name not in in_path:
                    raise document.error(
                        f"The path parameter {shown(name)} is not in the path {shown(path)}",
                        pointer,
                        f"Write {{{name}}} into the path, or remove the parameter",
                    )
        del real_at


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
                f"The default {_short(default)} does not fit its own schema in {node.pointer}",
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
