"""Schemas: what a raw schema asks for, and whether a value keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs
from jsonschema import FormatChecker, ValidationError, validators
from openapi_schema_validator import OAS30Validator, OAS31Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .document import Node, Raw

Direction: TypeAlias = Literal["request", "response"]


_FORMATS = FormatChecker(["date", "date-time", "email", "ipv4", "ipv6", "uuid"])
"""Without ``time``, which has no offset there, against RFC 3339."""


def _required(direction: Direction) -> Any:
    hidden = "readOnly" if direction == "request" else "writeOnly"

    def required(validator: Any, names: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        if not isinstance(value, dict) or not isinstance(names, list):
            return
        properties = schema.get("properties", {})
        for name in names:
            if name in value:
                continue
            declared = properties.get(name)
            while isinstance(declared, Mapping) and "$ref" in declared and hidden not in declared:
                declared = validator._resolver.lookup(declared["$ref"]).contents
            if isinstance(declared, Mapping) and declared.get(hidden):
                continue
            yield ValidationError(f"{name!r} is a required property")

    return required


def _union(validator: Any, branches: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """Judge oneOf and anyOf as APIs mean them.

    A tag decides where there is one: kinds of objects are open, and fit each other's schemas.
    Without one a value may fit several branches of a oneOf, for the same reason.
    """
    rule = schema.get("discriminator")
    if isinstance(rule, Mapping) and isinstance(value, dict):
        tag = str(value.get(rule.get("propertyName")))
        named = str((rule.get("mapping") or {}).get(tag, tag)).rpartition("/")[2]
        tagged = [b for b in branches if str(b.get("$ref", "")).rpartition("/")[2] == named]
        if tagged:
            yield from validator.descend(value, tagged[0])
            return
    if branches is schema.get("oneOf") and all(set(branch) <= {"required"} for branch in branches):
        # Nothing but names: here exactly one is meant.
        met = sum(all(name in value for name in branch["required"]) for branch in branches)
        if met != 1:
            yield ValidationError(f"has {met} of the alternatives that exclude each other")
        return
    refused: list[ValidationError] = []
    for branch in branches:
        found = list(validator.descend(value, branch))
        if not found:
            return
        refused.extend(found)
    yield ValidationError("fits no branch of a union", context=refused)


class Rules:
    """Judges values by JSON Schema in the document's own dialect."""

    def __init__(self, document: Raw) -> None:
        self.document = document
        extend: Any = validators.extend
        base = OAS30Validator if document.three_zero else OAS31Validator
        self._classes = {
            direction: extend(
                base, {"required": _required(direction), "oneOf": _union, "anyOf": _union}
            )
            for direction in ("request", "response")
        }
        self._registry: Registry[Any] = Registry(retrieve=self._retrieve)  # type: ignore[call-arg]
        self._validators: dict[tuple[str, str], Any] = {}

    def _retrieve(self, uri: str) -> Any:
        for file, data in self.document.files.items():
            if file.as_uri() == uri:
                return DRAFT202012.create_resource(data)
        node = self.document.find(uri.removeprefix("file://"), self.document.path)
        return DRAFT202012.create_resource(node.value)

    def problems(self, node: Node, value: Any, direction: Direction) -> list[str]:
        """Return what is wrong with a value, empty when nothing is."""
        known = (node.uri, direction)
        if known not in self._validators:
            self._validators[known] = self._classes[direction](
                {"$ref": node.uri},
                registry=self._registry,
                format_checker=_FORMATS,
            )
        return [
            f"{error.json_path}: {error.message:.200}"
            for error in self._validators[known].iter_errors(value)
        ]


@attrs.frozen(eq=False)
class Facts:
    """All that holds of a value at once: a schema with what it refers to and its allOf."""

    nodes: tuple[Node, ...]

    @classmethod
    def of(cls, *given: Node) -> Facts:
        found: dict[str, Node] = {}
        for node in given:
            _flatten(node, found)
        return cls(tuple(found.values()))

    def all(self, key: str) -> list[Any]:
        """Return every value that a keyword has."""
        return [
            node.value[key]
            for node in self.nodes
            if isinstance(node.value, Mapping) and key in node.value
        ]

    def first(self, key: str, default: Any = None) -> Any:
        return next(iter(self.all(key)), default)

    def any(self, key: str) -> bool:
        return any(value is True for value in self.all(key))

    @property
    def forbids(self) -> bool:
        return any(node.value is False for node in self.nodes)

    @property
    def types(self) -> tuple[str, ...]:
        """Return the JSON types that are allowed, guessed from keywords when none is named."""
        allowed: list[str] | None = None
        for node in self.nodes:
            named = node.fact("type")
            if named is None:
                continue
            here = [named] if isinstance(named, str) else list(named)
            if node.fact("nullable") is True:
                here.append("null")
            if allowed is None:
                allowed = here
            else:
                allowed = [
                    kind
                    for kind in allowed
                    if kind in here or (kind == "integer" and "number" in here)
                ] or [kind for kind in here if kind == "integer" and "number" in allowed]
        if allowed is not None:
            return tuple(allowed)
        guesses = {
            "object": ("properties", "additionalProperties", "patternProperties", "required"),
            "array": ("items", "minItems", "prefixItems"),
            "string": ("pattern", "minLength", "maxLength"),
            "number": ("minimum", "maximum", "multipleOf"),
        }
        return tuple(kind for kind, keys in guesses.items() if any(self.all(key) for key in keys))

    @property
    def properties(self) -> dict[str, tuple[Node, ...]]:
        found: dict[str, tuple[Node, ...]] = {}
        for node in self.nodes:
            for name, part in node.members("properties"):
                found[name] = (*found.get(name, ()), part)
        return found

    @property
    def items(self) -> list[Node]:
        """Return the schemas that every item keeps."""
        return [found for node in self.nodes if (found := node.get("items")) is not None]

    @property
    def required(self) -> list[str]:
        return list(dict.fromkeys(name for names in self.all("required") for name in names))

    def choices(self) -> list[tuple[Node, list[Node]]]:
        """Return each oneOf or anyOf: the schema that has it, and its branches."""
        return [
            (node, node.items(key))
            for node in self.nodes
            for key in ("oneOf", "anyOf")
            if isinstance(node.value, Mapping) and node.value.get(key)
        ]

    @property
    def extra(self) -> Node | bool | None:
        """Return the schema of properties that are not named; False when they are forbidden."""
        for node in self.nodes:
            found = node.get("additionalProperties")
            if found is not None:
                return found if isinstance(found.value, Mapping) else bool(found.value)
        return None

    def patterns(self) -> list[tuple[str, Node]]:
        return [pair for node in self.nodes for pair in node.members("patternProperties")]

    @property
    def enum(self) -> list[Any] | None:
        lists = [list(values) for values in self.all("enum")]
        lists += [[value] for value in self.all("const")]
        if not lists:
            return None
        first, *rest = lists
        return [value for value in first if all(value in other for other in rest)]


def _flatten(node: Node, found: dict[str, Node]) -> None:
    if node.uri in found:
        return
    target = node.target()
    if target is not None:
        _flatten(target, found)
        if node.document.three_zero or set(node.value) == {"$ref"}:
            return
    found[node.uri] = node
    for part in node.items("allOf"):
        _flatten(part, found)


def mapping_of(owner: Node) -> dict[str, Node]:
    """Return the schema for each value of a discriminator's tag that the document names."""
    rule = owner.fact("discriminator") or {}
    found: dict[str, Node] = {}
    for value, ref in (rule.get("mapping") or {}).items():
        found[str(value)] = resolve_mapping(owner, str(ref))
    return found


def resolve_mapping(owner: Node, ref: str) -> Node:
    """Return what an entry of a mapping means: a reference, or the bare name of a component."""
    if "/" not in ref and "#" not in ref and "." not in ref:
        return owner.document.schema(ref)
    return owner.document.find(ref, owner.file)


def tags_of(owner: Node, branches: Sequence[Node]) -> dict[str, Node]:
    """Return branch by tag: the mapping first, then the names of the components referred to."""
    found = mapping_of(owner)
    mapped = {node.solved().uri for node in found.values()}
    for branch in branches:
        target = branch.target()
        if target is not None and target.solved().uri not in mapped:
            found.setdefault(target.name, target)
    return found


def children_of(base: Node) -> dict[str, Node]:
    """Return the components that extend a base by allOf, by the value of its discriminator."""
    found = mapping_of(base)
    mapped = {node.uri for node in found.values()}
    for name, node in base.document.schemas():
        if node.uri in mapped or node.uri == base.uri:
            continue
        if any(part.uri == base.uri for part in Facts.of(node).nodes):
            found.setdefault(name, node)
    return {tag: node for tag, node in found.items() if node.uri != base.uri}
