"""What a schema is for, where that decides how it looks: a page, a form with files, a member."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from generator.decide.media import kind_of
from generator.read import pointer as pointers
from generator.understand.api import Api, Operation
from generator.understand.schema import Named, Schema


@attrs.frozen(eq=False)
class Roles:
    """What named schemas are for, by key."""

    pages: Mapping[str, Operation]
    """Pages, with the first operation that returns them."""
    with_files: frozenset[str]
    """What multipart bodies alone are made of: there, binary text is a file."""
    tags: Mapping[tuple[str, str], str]
    """Of a member of unions, by the property that tells it apart: its tag, where it has just one.
    """


def find_roles(api: Api) -> Roles:
    """Find out what named schemas are for.

    An operation that pages and does not return a page is taken down.
    """
    return Roles(_pages(api), _with_files(api), _tags(api))


def _pages(api: Api) -> dict[str, Operation]:
    found: dict[str, Operation] = {}
    for operation in api.operations:
        if "x-molam-page" not in operation.facts:
            continue
        schemas = [
            media.schema
            for response in operation.responses
            if response.status.startswith("2")
            for media in response.media
        ]
        if len(schemas) != 1 or schemas[0] is None or schemas[0].kind != "ref":
            api.document.wrong(
                f"x-molam-page of {operation.id} needs one successful response with an object",
                pointers.join(operation.at, "x-molam-page"),
                "Describe the page as a component schema",
                "extension",
            )
            continue
        found.setdefault(schemas[0].target, operation)
    return found


def page_item(api: Api, named: Named, operation: Operation) -> Schema:
    """Return the schema of a page's items.

    Raises:
        DocumentError: the operation names properties that do not make it a page.
    """
    rule = operation.facts["x-molam-page"]
    at = pointers.join(operation.at, "x-molam-page")
    properties = named.schema.properties
    items = properties.get(str(rule.get("items")))
    if items is None or items.kind != "array" or items.item is None:
        raise api.document.error(
            f"x-molam-page says that {rule.get('items')} holds the items, but that is no list "
            f"in {named.words}",
            at,
            "Name a property of the response that is an array",
        )
    if str(rule.get("more")) not in properties:
        raise api.document.error(
            f"x-molam-page names {rule.get('more')}, which {named.words} does not have",
            at,
            "Name a boolean property of the response",
        )
    return items.item


def _with_files(api: Api) -> frozenset[str]:
    inside: set[str] = set()
    outside: set[str] = set()
    for operation in [*api.operations, *api.webhooks]:
        for media in operation.body.media if operation.body else ():
            if kind_of(media.media) == "multipart":
                inside.update(_bodies(api, media.schema))
            else:
                _collect(api, media.schema, outside)
        for answer in operation.responses:
            for media in answer.media:
                _collect(api, media.schema, outside)
                _collect(api, media.item, outside)
    return frozenset(inside - outside)


def _bodies(api: Api, schema: Schema | None) -> set[str]:
    """Return the keys of the objects that a body may be; what stands below is JSON in a part."""
    found: set[str] = set()
    todo = [] if schema is None else [schema]
    while todo:
        part = todo.pop()
        todo.extend(part.members)
        if part.kind != "ref":
            continue
        target = api.schemas.target_or_kinds(part)
        if target.key not in found:
            found.update((target.key, *(one.key for one in api.schemas.bases(target.schema))))
            todo.extend(target.schema.members)
            todo.extend([target.schema] if target.schema.kind == "ref" else [])
    return found


def _collect(api: Api, schema: Schema | None, found: set[str]) -> None:
    """Add the keys of all named schemas that a schema is made of."""
    schemas = api.schemas
    todo = [] if schema is None else [schema]
    while todo:
        part = todo.pop()
        if part.kind == "ref":
            target = schemas.target_or_kinds(part)
            if target.key not in found:
                found.add(target.key)
                todo.append(target.schema)
        if part.base and part.base not in found:
            found.add(part.base)
            todo.append(api.named[part.base].schema)
        todo.extend(part.parts())


def _tags(api: Api) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], set[str]] = {}
    for named in api.named.values():
        tag = named.schema.tag
        if tag is not None:
            for value, key in tag.members.items():
                found.setdefault((key, tag.name), set()).add(value)
    return {place: values.pop() for place, values in found.items() if len(values) == 1}
