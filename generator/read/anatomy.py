"""Which objects an OpenAPI document is made of, as a table, and a walk over them.

A mapping of a document means nothing by itself: ``$ref`` is a reference in a schema and plain data
in an example, ``properties`` may be a keyword or the name of a property. Everything that has to
know the difference walks by this table (OpenAPI 3.0.4 and 3.1.1, section 4; JSON Schema 2020-12).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import attrs

from generator.read import pointer as pointers

MAP: Final = "*"
"""After a kind: a map of names to such objects."""
LIST: Final = "[]"
"""After a kind: a list of such objects."""

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_SCHEMA: Final[dict[str, str]] = {
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "schema[]"),
    **dict.fromkeys(("properties", "patternProperties", "dependentSchemas", "$defs"), "schema*"),
    "definitions": "schema*",
    **dict.fromkeys(
        (
            "not",
            "if",
            "then",
            "else",
            "items",
            "contains",
            "additionalProperties",
            "propertyNames",
            "unevaluatedItems",
            "unevaluatedProperties",
            "contentSchema",
        ),
        "schema",
    ),
    "discriminator": "discriminator",
    "xml": "xml",
    "externalDocs": "externalDocs",
}

_PARAMETER: Final = {"schema": "schema", "content": "mediaType*", "examples": "example*"}

CHILDREN: Final[dict[str, dict[str, str]]] = {
    "document": {
        "info": "info",
        "servers": "server[]",
        "paths": "pathItem*",
        "webhooks": "pathItem*",
        "components": "components",
        "security": "securityRequirement[]",
        "tags": "tag[]",
        "externalDocs": "externalDocs",
    },
    "info": {"contact": "contact", "license": "license"},
    "server": {"variables": "serverVariable*"},
    "components": {
        "schemas": "schema*",
        "responses": "response*",
        "parameters": "parameter*",
        "examples": "example*",
        "requestBodies": "requestBody*",
        "headers": "header*",
        "securitySchemes": "securityScheme*",
        "links": "link*",
        "callbacks": "callback*",
        "pathItems": "pathItem*",
    },
    "pathItem": {
        **dict.fromkeys(METHODS, "operation"),
        "servers": "server[]",
        "parameters": "parameter[]",
    },
    "operation": {
        "externalDocs": "externalDocs",
        "parameters": "parameter[]",
        "requestBody": "requestBody",
        "responses": "response*",
        "callbacks": "callback*",
        "security": "securityRequirement[]",
        "servers": "server[]",
    },
    "parameter": _PARAMETER,
    "header": _PARAMETER,
    "requestBody": {"content": "mediaType*"},
    "mediaType": {
        **dict.fromkeys(("schema", "itemSchema"), "schema"),
        "examples": "example*",
        "encoding": "encoding*",
    },
    "encoding": {"headers": "header*"},
    "response": {"headers": "header*", "content": "mediaType*", "links": "link*"},
    "callback": {"*": "pathItem"},
    "link": {"server": "server"},
    "tag": {"externalDocs": "externalDocs"},
    "schema": _SCHEMA,
    "securityScheme": {"flows": "flows"},
    "flows": dict.fromkeys(
        ("implicit", "password", "clientCredentials", "authorizationCode"), "flow"
    ),
}
"""Kind of object to its keywords that hold other objects, with their kind."""

REFERABLE: Final[dict[str, str]] = {
    kind.removesuffix(MAP): section for section, kind in CHILDREN["components"].items()
}
"""Kinds that ``$ref`` may stand for, with the section of ``components`` that holds them."""


@attrs.frozen(slots=True, eq=False)
class Node:
    """One object of the document."""

    pointer: str
    kind: str
    value: Any
    """A dict, or true and false for schemas."""

    @property
    def reference(self) -> str | None:
        """Its ``$ref``, where the specification lets it have one."""
        if self.kind in REFERABLE and isinstance(self.value, dict):
            target = self.value.get("$ref")
            return target if isinstance(target, str) else None
        return None


def walk(value: Any, kind: str = "document", pointer: str = "") -> Iterator[Node]:
    """Yield an object and all objects in it, in the order of the document.

    What has the wrong type is passed over: validation says so.
    """
    todo = [Node(pointer, kind, value)]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(reversed(list(children(node))))


def children(node: Node) -> Iterator[Node]:
    """Yield the objects right below one, in the order of the document."""
    value = node.value
    if not isinstance(value, dict):
        return
    known = CHILDREN.get(node.kind)
    if known is None:
        return
    if "*" in known:
        for name, item in value.items():
            if isinstance(item, dict) and not name.startswith("x-"):
                yield Node(pointers.join(node.pointer, name), known["*"], item)
        return
    for name, item in value.items():
        kind = known.get(name)
        if kind is None:
            continue
        at = pointers.join(node.pointer, name)
        if kind.endswith(MAP):
            if isinstance(item, dict):
                for key, part in item.items():
                    # Names of schemas and properties may be anything; elsewhere x- extends.
                    if isinstance(part, (dict, bool)) and not (
                        key.startswith("x-") and kind == "pathItem*"
                    ):
                        yield Node(pointers.join(at, key), kind[:-1], part)
        elif kind.endswith(LIST):
            if isinstance(item, list):
                for index, part in enumerate(item):
                    if isinstance(part, (dict, bool)):
                        yield Node(pointers.join(at, index), kind[:-2], part)
        elif isinstance(item, list) and kind == "schema":
            # `items` as a list: before 2020-12 what is now `prefixItems`.
            for index, part in enumerate(item):
                yield Node(pointers.join(at, index), "schema", part)
        elif isinstance(item, (dict, bool)):
            yield Node(at, kind, item)


def cut(node: Node) -> Iterator[str]:
    """Cut an object's reference, which leads nowhere: a schema then takes any value.

    Yields its pointer where nothing is left of it, and it has to go.
    """
    del node.value["$ref"]
    if node.kind == "response":
        node.value["description"] = ""
    elif node.kind != "schema":
        yield node.pointer
