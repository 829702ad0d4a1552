"""OpenAPI Overlays 1.0: edits of a document that is somebody else's.

They are applied to the main file, before anything else is looked at, one action after the other.
What an Overlay brings in has its place there.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generator.read import pointer as pointers
from generator.read.document import Document
from generator.read.jsonpath import Found, PathError, select
from generator.read.source import Source, read
from generator.text.shown import shown

_KEYS = ("target", "description", "update", "remove")


def apply(path: Path, document: Document) -> None:
    """Apply an Overlay to a document; what is wrong with it is taken down.

    Raises:
        DocumentError: it cannot be read.
    """
    source = read(path, path.name)
    document.overlaid(source)
    actions = _actions(source, document)
    for index, action in enumerate(actions):
        _Action(source, document, f"/actions/{index}").run(action)


def _actions(source: Source, document: Document) -> list[Any]:
    data = source.data
    version = data.get("overlay") if isinstance(data, Mapping) else None
    if not isinstance(version, str) or not re.match(r"1\.\d+", version):
        _wrong(
            document,
            source,
            "",
            "This is not an Overlay of version 1",
            "Start with `overlay: 1.0.0`",
        )
        return []
    actions = data.get("actions")
    if not isinstance(actions, list):
        _wrong(document, source, "/actions", "The actions are not a list", "List them")
        return []
    return actions


def _wrong(
    document: Document, source: Source, at: str, what: str, advice: str, rule: str = "overlay"
) -> None:
    document.findings.add(document.error_in(source, at, what, advice, rule))


class _Action:
    """One action, and where it stands."""

    def __init__(self, source: Source, document: Document, at: str) -> None:
        self.source = source
        self.document = document
        self.at = at

    def wrong(self, key: str, what: str, advice: str, rule: str = "overlay") -> None:
        at = pointers.join(self.at, key) if key else self.at
        _wrong(self.document, self.source, at, what, advice, rule)

    def run(self, action: Any) -> None:
        """Carry it out."""
        if not isinstance(action, Mapping) or not isinstance(action.get("target"), str):
            self.wrong("", "The action has no target", "Give it a JSONPath that selects nodes")
            return
        for key in action:
            if key not in _KEYS and not key.startswith("x-"):
                self.wrong(key, f"The key {shown(key)} means nothing in Overlay 1.0", "Remove it")
                return
        try:
            found = select(action["target"], self.document.root)
        except PathError as error:
            target = shown(action["target"])
            self.wrong(
                "target", f"The target {target} cannot be read: {error}",
                "Use names, indexes, slices, *, .. and filters of comparisons",
            )  # fmt: skip
            return
        if not found:
            what = f"The target {shown(action['target'])} selects nothing"
            self.wrong("target", what, "Correct or remove the action", "overlay-idle")
        elif action.get("remove") is True:
            self.remove(found)
        elif "update" in action:
            for pointer, value in found:
                self.update(pointer, value, action["update"])

    def remove(self, found: list[Found]) -> None:
        """Take nodes out."""
        if any(not pointer for pointer, _ in found):
            self.wrong("remove", "The document itself cannot be removed", "Select less")
            return
        gone: list[str] = []
        for pointer, _ in sorted(found, key=lambda one: pointers.order(one[0])):
            # What is in something that goes, goes with it.
            if not any(pointer.startswith(other + "/") for other in gone[-1:]):
                gone.append(pointer)
        self.document.remove_all(gone)

    def update(self, pointer: str, value: Any, update: Any) -> None:
        """Merge into an object, append to a list."""
        origin = pointers.join(self.at, "update")
        if isinstance(value, dict) and isinstance(update, Mapping):
            self.merge(value, update, pointer, origin)
        elif isinstance(value, list):
            self.extend(value, update if isinstance(update, list) else [update], pointer, origin)
        else:
            self.wrong(
                "update", f"The update does not go with what is at {pointer or 'the root'}",
                "Select an object or a list, and give what is merged or appended",
            )  # fmt: skip

    def merge(self, into: dict[str, Any], update: Mapping[str, Any], at: str, origin: str) -> None:
        """Merge an object into another, all the way down."""
        for key, value in update.items():
            there, here = pointers.join(at, key), pointers.join(origin, key)
            known = into.get(key)
            if isinstance(known, dict) and isinstance(value, Mapping):
                self.merge(known, value, there, here)
            elif isinstance(known, list) and isinstance(value, list):
                self.extend(known, value, there, here)
            elif value is not None or not isinstance(known, (dict, list)):
                # A key without a value stands for the structure alone.
                into[key] = copy.deepcopy(value)
                self.document.came_from(there, self.source, here)

    def extend(self, into: list[Any], values: list[Any], at: str, origin: str) -> None:
        """Append to a list."""
        for value in values:
            self.document.came_from(pointers.join(at, len(into)), self.source, origin)
            into.append(copy.deepcopy(value))
