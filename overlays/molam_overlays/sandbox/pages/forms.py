"""Forms made from the document: one input for each parameter and field, and back to JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, cast

import attrs

from molam_overlays.sandbox.answer import decode
from molam_overlays.sandbox.document import Document, Operation
from molam_overlays.sandbox.pages.markup import Content, Markup, tag
from molam_overlays.sandbox.values import VALUES

Sort = Literal["text", "integer", "number", "boolean", "choice", "json"]
_WORDS: Final = {"integer": "numeric", "number": "decimal"}


@attrs.frozen
class Field:
    """One value of an operation."""

    name: str
    """Its place in the body, with full stops between steps; a parameter's name."""
    sort: Sort
    required: bool
    help: str
    choices: tuple[str, ...] = ()
    """All that are allowed, or those that are known."""
    example: str = ""


def parameters_of(document: Document, operation: Operation) -> list[Field]:
    """List the parameters of the path and the query."""
    return [
        _field(document, each.name, each.schema, each.required or each.place == "path")
        for each in operation.parameters
        if each.place in {"path", "query"}
    ]


def fields_of(document: Document, operation: Operation) -> list[Field]:
    """List the fields of the body, those of a union by the name of their variant."""
    return [] if operation.body is None else list(_fields(document, operation.body, ""))


def _fields(document: Document, pointer: str, prefix: str) -> Iterator[Field]:
    required = _required(document, pointer)
    for name, place in document.properties(pointer).items():
        _, schema = document.resolve(place)
        variants = schema.get("discriminator", {}).get("mapping", {})
        if variants:
            tag_ = schema["discriminator"]["propertyName"]
            at = f"{prefix}{name}.{tag_}"
            yield Field(at, "choice", name in required, _help(schema), tuple(variants))
            seen: set[str] = {tag_}
            for kind, where in variants.items():
                for field in _fields(document, where.removeprefix("#"), f"{prefix}{name}."):
                    last = field.name.rpartition(".")[2]
                    if last not in seen:
                        seen.add(last)
                        yield attrs.evolve(field, required=False, help=f"{kind}: {field.help}")
        else:
            yield _field(document, prefix + name, place, name in required)


def _required(document: Document, pointer: str) -> set[str]:
    end, schema = document.resolve(pointer)
    names: set[str] = set(schema.get("required", ()))
    for index in range(len(schema.get("allOf", ()))):
        names |= _required(document, f"{end}/allOf/{index}")
    return names


def _field(document: Document, name: str, pointer: str, required: bool) -> Field:
    outer = document.at(pointer)
    _, schema = document.resolve(pointer)
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    choices = tuple(map(str, schema.get("enum", ())))
    known = tuple(
        str(value) for part in schema.get("anyOf", ()) for value in part.get("enum", ())
    ) or tuple(each.value for each in VALUES if each.field == name)
    sort: Sort = "text"
    if choices:
        sort = "choice"
    elif "boolean" in kinds:
        sort = "boolean"
    elif "integer" in kinds:
        sort = "integer"
    elif "number" in kinds:
        sort = "number"
    elif "object" in kinds or "array" in kinds:
        sort = "json"
    return Field(name, sort, required, _help(outer) or _help(schema), choices or known)


def _help(schema: Mapping[str, Any]) -> str:
    """Return the first sentence of a description."""
    text = str(schema.get("description", "")).strip().replace("`", "")
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


def example_of(document: Document, operation: Operation) -> dict[str, str]:
    """Return the document's first example of a body, as a form's values."""
    if operation.body is None:
        return {}
    media = document.at(operation.body.removesuffix("/schema"))
    for example in media.get("examples", {}).values():
        return dict(_flat(example.get("value", {}), ""))
    return {}


def _flat(value: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for name, each in cast("dict[str, Any]", value).items():
        if isinstance(each, dict) and "type" in each:
            yield from _flat(each, f"{prefix}{name}.")
        elif isinstance(each, (dict, list)):
            yield prefix + name, json.dumps(each, ensure_ascii=False)
        elif isinstance(each, bool):
            yield prefix + name, str(each).lower()
        elif each is not None:
            yield prefix + name, str(each)


class FormError(ValueError):
    """A value cannot be what its field is; names the field."""


def body_of(fields: list[Field], told: Mapping[str, str]) -> dict[str, Any]:
    """Make the body that a form means: what is left empty is left out.

    A value that is no number goes as text: the API is to refuse it, not the form.

    Raises:
        FormError: a field of JSON holds none.
    """
    body: dict[str, Any] = {}
    for field in fields:
        text = told.get(field.name, "")
        if not text:
            continue
        *path, last = field.name.split(".")
        place = body
        for step in path:
            place = place.setdefault(step, {})
        place[last] = _value(field, text)
    return body


def _value(field: Field, text: str) -> Any:
    if field.sort == "integer" and re.fullmatch(r"-?[0-9]{1,400}", text):
        return int(text)
    if field.sort == "number":
        try:
            number = Decimal(text)
        except InvalidOperation:
            return text
        return number if number.is_finite() else text
    if field.sort == "boolean" and text in {"true", "false"}:
        return text == "true"
    if field.sort == "json":
        try:
            return decode(text)
        except ValueError as error:
            raise FormError(f"{field.name} is no JSON: {error}") from None
    return text


def inputs(fields: list[Field], values: Mapping[str, str]) -> list[Content]:
    """Draw the inputs of fields."""
    return [_input(field, values.get(field.name, field.example)) for field in fields]


def _input(field: Field, value: str) -> Markup:
    id_ = f"field-{field.name.replace('.', '-')}"
    about = f"{id_}-help"
    common: dict[str, Any] = {"id": id_, "name": field.name, "aria_describedby": about}
    listed: Content = None
    if field.sort in {"choice", "boolean"}:
        options = field.choices or ("true", "false")
        empty = [] if field.required else [""]
        control = tag(
            "select",
            [
                tag("option", each or "(left out)", value=each, selected=each == value)
                for each in (*empty, *options)
            ],
            **common,
        )
    elif field.sort == "json":
        control = tag("textarea", value, rows=2, spellcheck="false", **common)
    else:
        if field.choices:
            listed = tag(
                "datalist", [tag("option", value=each) for each in field.choices], id=f"{id_}-list"
            )
        control = tag(
            "input",
            type="text",
            value=value,
            inputmode=_WORDS.get(field.sort),
            list=f"{id_}-list" if field.choices else None,
            autocomplete="off",
            required=field.required,
            **common,
        )
    return tag(
        "div",
        tag("label", tag("code", field.name), " *" if field.required else "", for_=id_),
        control,
        listed,
        tag("small", field.help or "The document says no more.", id=about),
        class_="field",
    )
