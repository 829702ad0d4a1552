"""Hold a document to the published schemas of its version of OpenAPI.

What does not fit is taken down and changed so that it fits, as its rule says; then the rest is
looked at again, until all fits. So one run tells all, and what was accepted can be emitted.
"""

from __future__ import annotations

import copy
import importlib.util
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from generator.read import pointer as pointers
from generator.read.anatomy import walk
from generator.read.complaints import ABSENT, Complaint, complaints
from generator.read.newer import as_3_1

if TYPE_CHECKING:
    from generator.read.document import Document

_ROUNDS: Final = 30
"""As often is a document looked at; each time at least one thing that is wrong goes."""


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
    # Names of components may be anything: Python's names are made of them all the same.
    for part in schema.get("$defs", {}).get("components", {}).get("patternProperties", {}).values():
        part.pop("propertyNames", None)
    return jsonschema_rs.validator_for(schema, validate_formats=False)


@cache
def _dialect() -> Any:
    """Return what a schema of 3.1 must fit; those of 3.0 are part of the published schema."""
    package = "openapi_schema_validator"
    base = _packaged(package, "schemas/oas3.1/metaschema.json")
    vocabulary = _packaged(package, "schemas/oas3.1/vocabularies/base")
    registry = jsonschema_rs.Registry([(vocabulary["$id"], vocabulary)])
    return jsonschema_rs.validator_for(base, validate_formats=False, registry=registry)


def check_specification(document: Document) -> None:
    """Take down all of a document that does not fit, and make it fit."""
    newer = document.root["openapi"].startswith("3.2")
    if not newer and _fits(document.version, document.root):
        return
    shadow = copy.deepcopy(document.root)
    if newer:
        as_3_1(shadow, document)
    _Repair(document, shadow).run()


def _fits(version: str, root: Any) -> bool:
    return bool(_structure(version).is_valid(root)) and all(
        _dialect().is_valid(value) for _, value in _schemas(version, root)
    )


def _schemas(version: str, root: Any) -> Iterator[tuple[str, Any]]:
    """Yield the schemas of 3.1 that are in no other schema; each is checked with all in it."""
    if version == "3.0":
        return
    inside = "\n"
    for node in walk(root):
        if node.kind == "schema" and not node.pointer.startswith(inside):
            inside = node.pointer + "/"
            yield node.pointer, node.value


class _Repair:
    """Makes a document fit, step by step."""

    def __init__(self, document: Document, shadow: Any) -> None:
        self.document = document
        # What the validators see: without what is ours to understand and not theirs.
        self.shadow = shadow
        self.gone: set[str] = set()

    def run(self) -> None:
        """Take down and change what is wrong until nothing is."""
        found: list[Complaint] = []
        for _ in range(_ROUNDS):
            # From the end: what goes out of a list must not move what is still to be changed.
            found = sorted(self.found(), key=lambda one: pointers.order(one.target), reverse=True)
            if not found:
                return
            changed: set[str] = set()
            for one in found:
                self.take(one, changed)
                changed.add(one.target)
        raise AssertionError("what does not fit was changed, and fits no better", found[:2])

    def found(self) -> Iterator[Complaint]:
        """Yield what is wrong now."""
        kinds = {node.pointer: node.kind for node in walk(self.shadow)}
        structure = _structure(self.document.version)
        if not structure.is_valid(self.shadow):
            yield from complaints(structure.iter_errors(self.shadow), "", kinds)
        for pointer, value in _schemas(self.document.version, self.shadow):
            if not _dialect().is_valid(value):
                yield from complaints(_dialect().iter_errors(value), pointer, kinds)

    def take(self, one: Complaint, changed: set[str]) -> None:
        """Take down one thing, and change what is read there, unless that has changed now."""
        if not one.target:
            # The document itself: nothing would be left of it.
            raise self.document.error(one.what, one.at, one.advice, "version")
        if not (one.lacking and one.at in self.gone):
            self.document.wrong(one.what, one.at, one.advice, one.rule)
        if one.target in changed:
            return
        self.gone.add(one.target)
        above = one.target.rpartition("/")[0]
        if one.value is not ABSENT:
            for root in (self.shadow, self.document.root):
                holder = pointers.find(root, above)
                key = pointers.split(one.target)[-1]
                holder[int(key) if isinstance(holder, list) else key] = copy.deepcopy(one.value)
            return
        pointers.remove(self.shadow, one.target)
        if not one.kept:
            self.document.remove(one.target)
