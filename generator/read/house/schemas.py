"""Rules of schemas: names, descriptions, amounts, open sets, open objects, extensions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from generator.read import pointer as pointers
from generator.read.anatomy import walk
from generator.read.extensions import RULES
from generator.read.house.complaint import Complaint, Complaints, House, below

_SCHEMA: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
_FIELD: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_AMOUNT: Final = re.compile(r"(?:.*_)?(?:amount|fee)(?:_.*)?")
_VALUE: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def _properties(house: House) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield name, pointer and schema of each property, references not followed."""
    for node in house.nodes:
        if node.kind != "schema" or not isinstance(node.value, dict):
            continue
        for name, value in (node.value.get("properties") or {}).items():
            if isinstance(value, dict):
                yield name, below(node.pointer, "properties", name), value


def names(house: House) -> Complaints:
    """Schemas are in Pascal case, fields and query parameters in snake case."""
    for name, at, _ in house.components("schemas"):
        if not _SCHEMA.fullmatch(name):
            what = f"The schema {name} is not in Pascal case"
            yield Complaint(at, what, "It is a class: name it like PaymentIntent")
    for name, at, _ in _properties(house):
        if not _FIELD.fullmatch(name):
            what = f"The field {name} is not in snake case"
            yield Complaint(at, what, "Name it like amount_captured")
    for node in house.nodes:
        if node.kind != "parameter" or node.value.get("in") not in ("path", "query"):
            continue
        if not _FIELD.fullmatch(node.value["name"]):
            what = f"The parameter {node.value['name']} is not in snake case"
            yield Complaint(below(node.pointer, "name"), what, "Name it like customer_id")


def texts(house: House) -> Complaints:
    """Everything that a reader meets is described."""
    for one in house.operations:
        for key in ("summary", "description"):
            if not str(one.value.get(key) or "").strip():
                what = f"{one.name} has no {key}"
                yield Complaint(one.at, what, f"Add a {key} for its docstring")
    for section in house.root.get("components", {}):
        for name, at, value in house.components(section):
            if not str(value.get("description") or "").strip():
                what = f"{name} in components/{section} has no description"
                yield Complaint(at, what, "Say what it is, with units and constraints")
    for name, at, value in _properties(house):
        if not str(value.get("description") or "").strip():
            what = f"The field {name} has no description"
            yield Complaint(at, what, "Give its unit and its constraints")
    for node in house.nodes:
        if node.kind != "parameter" or node.reference is not None:
            continue
        inline = "/components/parameters/" not in node.pointer
        if inline and not str(node.value.get("description") or "").strip():
            what = f"The parameter {node.value.get('name')} has no description"
            yield Complaint(node.pointer, what, "Say what it does, and its limits")


def amounts(house: House) -> Complaints:
    """Every amount is an integer of minor units or a decimal of major ones, and says which."""
    for name, at, value in _properties(house):
        if not _AMOUNT.fullmatch(name) or name.endswith("_id"):
            continue
        said = str(value.get("description") or "")
        whole = house.follow(value, at)
        kinds = whole.get("type")
        kind = set(kinds if isinstance(kinds, list) else [kinds]) - {"null"}
        minor = kind == {"integer"} and whole.get("format") == "int64"
        major = kind == {"number"} and whole.get("format") == "decimal"
        if not (minor or major):
            what = f"The amount {name} is neither minor nor major units"
            advice = (
                "Write type: integer, format: int64 (minor units), or for payouts type: number, "
                "format: decimal (major units)"
            )
            yield Complaint(at, what, advice)
        elif ("minor units" if minor else "major units") not in " ".join(
            f"{said} {whole.get('description') or ''}".split()
        ):
            unit = "minor units" if minor else "major units"
            what = f"The amount {name} does not say its unit"
            yield Complaint(at, what, f"Say `{unit}` in its description")


def values(house: House) -> Complaints:
    """Values of enums are in snake case; those of a closed one are each explained."""
    for node in house.nodes:
        if node.kind != "schema" or not isinstance(node.value, dict):
            continue
        said = str(node.value.get("description") or "")
        for index, value in enumerate(node.value.get("enum") or ()):
            at = below(node.pointer, "enum", index)
            if not isinstance(value, str) or not _VALUE.fullmatch(value):
                yield Complaint(at, f"The value {value} is not in snake case", "Name it like paid")
            elif f"`{value}`" not in said and not _open(house, node.pointer):
                what = f"The value {value} is not explained"
                advice = f"Add `{value}` to the list in the schema's description"
                yield Complaint(at, what, advice)


def open_sets(house: House) -> Complaints:
    """What callers send from a list stays open: servers learn values before programs do."""
    sent = _reached(house, [
        pointers.join(one.at, "requestBody") for one in house.operations
        if "requestBody" in one.value
    ])  # fmt: skip
    for node in house.nodes:
        if node.pointer not in sent or node.kind != "schema" or not isinstance(node.value, dict):
            continue
        if "enum" in node.value and not _open(house, node.pointer):
            what = "An enum that is sent takes its own values alone"
            advice = "Write anyOf of the enum and of type: string, as RefundReason does"
            yield Complaint(below(node.pointer, "enum"), what, advice)
        field = pointers.split(node.pointer)[-2:-1] == ["properties"]
        if field and "null" in (node.value.get("type") or ()):
            what = "A field that is sent is nullable"
            advice = "Leave null out: what is left out says nothing"
            yield Complaint(below(node.pointer, "type"), what, advice)


def _open(house: House, at: str) -> bool:
    whole, _, index = at.rpartition("/")
    if not whole.endswith("/anyOf"):
        return False
    others = [one for n, one in enumerate(house.document.at(whole)) if str(n) != index]
    return any(one.get("type") == "string" and "enum" not in one for one in others)


def _reached(house: House, starts: list[str]) -> set[str]:
    """Return the pointers of schemas that bodies at these places are made of."""
    found: set[str] = set()
    todo = list(starts)
    while todo:
        start = todo.pop()
        for node in walk(house.document.at(start), _kind(start), start):
            if node.pointer in found:
                continue
            found.add(node.pointer)
            if node.kind == "schema" and node.reference is not None:
                todo.append(house.document.resolve(node.reference, node.pointer))
    return found


def _kind(at: str) -> str:
    return "requestBody" if at.endswith("/requestBody") else "schema"


def open_objects(house: House) -> Complaints:
    """No object is closed: servers add fields without notice."""
    for node in house.nodes:
        if node.kind != "schema" or not isinstance(node.value, dict):
            continue
        if node.value.get("additionalProperties") is False:
            at = below(node.pointer, "additionalProperties")
            yield Complaint(at, "An object is closed for more fields", "Remove it")


def extensions(house: House) -> Complaints:
    """There are no other extensions than ours."""
    for node in house.nodes:
        if not isinstance(node.value, dict) or node.kind.endswith("*"):
            continue
        for key in node.value:
            if key.startswith("x-") and key not in RULES and node.kind not in ("example",):
                what = f"The extension {key} is none of ours"
                advice = f"Known are {', '.join(RULES)}; correct or remove it"
                yield Complaint(below(node.pointer, key), what, advice)
