"""The API document: loaded from all its files, checked, and with the place of everything in it.

What comes out is one document, whatever number of files went in: what other files hold is moved
to `components`, and every ``$ref`` leads to a node of the same document. Every node still knows
the file and line that it came from.
"""

from __future__ import annotations

from typing import Any

from generator.read import pointer as pointers
from generator.read.position import DocumentError, Position, endless, unknown
from generator.read.source import Source

__all__ = ["Document", "DocumentError", "Position"]


class Document:
    """An OpenAPI 3.0 or 3.1 document that is known to be valid."""

    def __init__(self, source: Source, root: dict[str, Any]) -> None:
        self.path = source.path
        """The main file."""
        self.name = source.name
        """What messages call the main file."""
        self.root = root
        """Plain data. All that other files held is in ``components``."""
        self.version: str = ".".join(root["openapi"].split(".")[:2])
        """Its dialect: ``"3.0"`` or ``"3.1"``."""
        self.sources: list[Source] = [source]
        """All files that it consists of, the main one first."""
        self._origins: dict[str, tuple[Source, str]] = {"": (source, "")}

    def position(self, pointer: str) -> Position:
        """Return where a node stands, or the nearest one above it; ``$ref`` is followed."""
        source, at = self.origin(self._real(pointer))
        return source.position(at)

    def origin(self, pointer: str) -> tuple[Source, str]:
        """Return the file that a node came from, and its pointer there."""
        head = pointer
        while head not in self._origins:
            head = head.rpartition("/")[0]
        source, at = self._origins[head]
        return source, at + pointer[len(head) :]

    def came_from(self, pointer: str, source: Source, at: str) -> None:
        """Take down which file a node was moved in from, and its pointer there."""
        self._origins[pointer] = (source, at)

    def _real(self, pointer: str) -> str:
        """Return the pointer without passing through a reference."""
        here = ""
        value: Any = self.root
        for token in pointers.split(pointer):
            for _ in range(50):
                if (
                    isinstance(value, dict)
                    and token not in value
                    and isinstance(value.get("$ref"), str)
                    and value["$ref"].startswith("#")
                ):
                    here = pointers.from_fragment(value["$ref"][1:])
                    try:
                        value = pointers.find(self.root, here)
                    except (LookupError, ValueError):
                        return here
            here = pointers.join(here, token)
            try:
                value = pointers.child(value, token)
            except (LookupError, TypeError):
                return here
        return here

    def at(self, pointer: str) -> Any:
        """Return the node at a pointer.

        Raises:
            LookupError: there is none.
        """
        return pointers.find(self.root, pointer)

    def resolve(self, reference: str, base: str = "") -> str:
        """Return the pointer that a ``$ref`` leads to; chains of references are not followed.

        Args:
            reference: its value, such as ``#/components/schemas/Refund``.
            base: the pointer of the object that holds it, for the message.

        Raises:
            DocumentError: it leads nowhere.
        """
        pointer = pointers.from_fragment(reference[1:])
        try:
            if not reference.startswith("#"):
                raise ValueError(reference)
            self.at(pointer)
        except (LookupError, ValueError):
            raise unknown(reference, self.position(pointers.join(base, "$ref"))) from None
        return pointer

    def follow(self, value: Any, pointer: str) -> tuple[Any, str]:
        """Return what a node stands for once its ``$ref``, and that of its target, is followed.

        Other keywords beside the ``$ref`` are passed over: look at them first.

        Raises:
            DocumentError: a reference leads nowhere, or back to itself.
        """
        seen = {pointer}
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            target = self.resolve(value["$ref"], pointer)
            if target in seen:
                raise endless(value["$ref"], self.position(pointers.join(pointer, "$ref")))
            seen.add(target)
            pointer, value = target, self.at(target)
        return value, pointer

    def error(self, what: str, pointer: str, advice: str) -> DocumentError:
        """Return an error about a node, to be raised."""
        return DocumentError(what, self.position(pointer), advice)
