"""The API document: loaded from all its files, checked, and with the place of everything in it.

What comes out is one document, whatever number of files went in: what other files hold is moved
to `components`, and every ``$ref`` leads to a node of the same document. Every node still knows
the file and line that it came from.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from generator.read import pointer as pointers
from generator.read.findings import Findings
from generator.read.position import DocumentError, Position
from generator.read.settings import Settings
from generator.read.source import Source
from generator.text.shown import shown

__all__ = ["Document", "DocumentError", "Position"]

_UNKNOWN: Final = "Correct it, or add what it refers to"
_ENDLESS: Final = "Let one of the references in the circle hold a definition"


class Document:
    """An OpenAPI document; what is wrong with it is in its findings."""

    def __init__(self, source: Source, root: dict[str, Any], findings: Findings) -> None:
        self.path = source.path
        """The main file."""
        self.name = source.name
        """What messages call the main file."""
        self.root = root
        """Plain data. All that other files held is in ``components``."""
        self.version: str = "3.0" if root["openapi"].startswith("3.0") else "3.1"
        """Its dialect: ``"3.0"``, or ``"3.1"``, which 3.2 shares."""
        self.settings = Settings()
        """What the file beside it says of the package."""
        self.findings = findings
        """All that is wrong with it, whatever stage finds it."""
        self.sources: list[Source] = []
        """All files that it consists of, the main one first."""
        self._overlays: list[Source] = []
        self.given_up: set[str] = set()
        """Pointers of schemas that stand for any value, since what they say is a mistake."""
        self._origins: dict[str, tuple[Source, str]] = {"": (source, "")}
        self.add(source)

    def add(self, source: Source) -> None:
        """Take in one more file."""
        self.sources.append(source)
        for one in source.problems:
            at = self.address(source, one.address.removeprefix("#"))
            self.findings.add(DocumentError(one.what, one.position, one.advice, one.rule.name, at))

    def overlaid(self, source: Source) -> None:
        """Take in an Overlay: what it brings in stands there, and refers as the main file does."""
        self.add(source)
        self._overlays.append(source)

    # Places

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

    def base(self, pointer: str) -> tuple[Source, str]:
        """Return the file that the references at a place are relative to, and its pointer there."""
        source, at = self.origin(pointer)
        return (self.sources[0], pointer) if source in self._overlays else (source, at)

    def came_from(self, pointer: str, source: Source, at: str) -> None:
        """Take down which file a node was moved in from, and its pointer there."""
        self._origins[pointer] = (source, at)

    def address(self, source: Source, at: str) -> str:
        """Return a place as the file of accepted mistakes names it: ``parts/order.yaml#/type``."""
        if source.path == self.path:
            return f"#{at}"
        beside = os.path.relpath(source.path.resolve(), self.path.resolve().parent)
        return f"{Path(beside).as_posix()}#{at}"

    def remove(self, pointer: str) -> None:
        """Take a node out; those behind it in a list move up, with the places they came from."""
        head, _, last = pointer.rpartition("/")
        holder = self.at(head)
        if isinstance(holder, dict):
            del holder[pointers.split(pointer)[-1]]
            return
        gone = int(last)
        origins = [self.origin(pointers.join(head, index)) for index in range(len(holder))]
        inside = {}
        for key in [key for key in self._origins if key.startswith(head + "/")]:
            token, slash, rest = key[len(head) + 1 :].partition("/")
            index = int(token)
            if index >= gone:
                value = self._origins.pop(key)
                if index > gone and slash:
                    inside[f"{head}/{index - 1}/{rest}"] = value
        del holder[gone]
        for index in range(gone, len(holder)):
            self.came_from(pointers.join(head, index), *origins[index + 1])
        self._origins.update(inside)

    def remove_all(self, found: Iterable[str]) -> None:
        """Take nodes out, the last of a list first, so that the others keep their numbers."""
        for pointer in sorted(set(found), key=pointers.order, reverse=True):
            self.remove(pointer)

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

    # Nodes

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
            raise self.unknown(reference, pointers.join(base, "$ref")) from None
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
                raise self.endless(value["$ref"], pointers.join(pointer, "$ref"))
            seen.add(target)
            pointer, value = target, self.at(target)
        return value, pointer

    # Errors

    def error(
        self, what: str, pointer: str, advice: str, rule: str = "unsupported"
    ) -> DocumentError:
        """Return an error about a node, to be raised or taken down."""
        source, at = self.origin(self._real(pointer))
        return self.error_in(source, at, what, advice, rule)

    def error_in(self, source: Source, at: str, what: str, advice: str, rule: str) -> DocumentError:
        """Return an error about a place in one of the files."""
        return DocumentError(what, source.position(at), advice, rule, self.address(source, at))

    def unknown(self, reference: str, pointer: str, why: str = "leads nowhere") -> DocumentError:
        """Return the error of a reference that leads nowhere."""
        what = f"The $ref {shown(reference)} {why}"
        return self.error(what, pointer, _UNKNOWN, "unknown-reference")

    def endless(self, reference: str, pointer: str) -> DocumentError:
        """Return the error of a reference that leads back to itself."""
        what = f"The $ref {shown(reference)} leads back to itself"
        return self.error(what, pointer, _ENDLESS, "endless-reference")

    def wrong(self, what: str, pointer: str, advice: str, rule: str) -> None:
        """Take down that something is wrong; go on as the rule says."""
        self.findings.add(self.error(what, pointer, advice, rule))
