"""What a house rule says, and the document as rules look at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from generator.read import pointer as pointers
from generator.read.anatomy import METHODS, Node, walk

if TYPE_CHECKING:
    from generator.read.document import Document

JSON = "application/json"


@attrs.frozen
class Complaint:
    """Something that is not as our documents are."""

    at: str
    """The pointer of the place."""
    what: str
    advice: str


Complaints: TypeAlias = Iterator[Complaint]


@attrs.frozen
class Operation:
    """An operation of `paths`."""

    at: str
    method: str
    path: str
    value: dict[str, Any]

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.value.get("operationId") or f"{self.method.upper()} {self.path}")


class House:
    """A document that is held to the house rules."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.root = document.root
        self.nodes: list[Node] = list(walk(document.root))
        self.validators: dict[str, Any] = {}
        """What examples are held to, by reference or place."""
        self.operations = [
            Operation(pointers.make(["paths", path, method]), method, path, item[method])
            for path, item in self.root.get("paths", {}).items()
            for method in METHODS
            if method in item
        ]

    def follow(self, value: Any, at: str = "") -> dict[str, Any]:
        """Return what a node stands for, once its references are followed."""
        found = self.document.follow(value, at)[0]
        return found if isinstance(found, dict) else {}

    def parameters(self, operation: Operation) -> list[dict[str, Any]]:
        """Return the parameters of an operation, references followed."""
        return [self.follow(one) for one in operation.value.get("parameters") or ()]

    def answer(self, response: Any) -> dict[str, Any]:
        """Return the schema of a response's JSON, references followed; empty for none."""
        media = self.follow(response).get("content", {}).get(JSON, {})
        return self.follow(media.get("schema") or {})

    def components(self, section: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield name, pointer and value of each component of a section."""
        for name, value in self.root.get("components", {}).get(section, {}).items():
            yield name, pointers.make(["components", section, name]), value


def reference(section: str, name: str) -> dict[str, str]:
    """Return the reference to a component."""
    return {"$ref": f"#/components/{section}/{name}"}


def below(*parts: str | int) -> str:
    """Join a pointer and tokens below it."""
    at = str(parts[0])
    for part in parts[1:]:
        at = pointers.join(at, part)
    return at
