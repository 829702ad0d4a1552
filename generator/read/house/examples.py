"""Rules of examples: every body has one, and each fits its schema, formats included."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from generator.read.complaints import short
from generator.read.house.complaint import Complaint, Complaints, House, below


def examples(house: House) -> Complaints:
    """Every body has an example, and each example fits."""
    for node in house.nodes:
        if not isinstance(node.value, dict):
            continue
        if node.kind == "mediaType":
            if not node.value.get("examples"):
                what = (
                    f"There is no example of {node.pointer.rpartition('/')[2].replace('~1', '/')}"
                )
                yield Complaint(node.pointer, what, "Add examples, each with summary and value")
            for name, example in (node.value.get("examples") or {}).items():
                at = below(node.pointer, "examples", name, "value")
                value = house.follow(example, at).get("value")
                yield from _fits(house, below(node.pointer, "schema"), value, at)
        elif node.kind in ("parameter", "header") and "example" in node.value:
            at = below(node.pointer, "example")
            yield from _fits(house, below(node.pointer, "schema"), node.value["example"], at)
        elif node.kind == "schema":
            for index, value in enumerate(node.value.get("examples") or ()):
                yield from _fits(house, node.pointer, value, below(node.pointer, "examples", index))


def _fits(house: House, schema: str, value: Any, at: str) -> Complaints:
    for error in _validator(house, schema).iter_errors(value):
        where = at
        for part in error.instance_path:
            where = below(where, part)
        yield Complaint(where, f"The example does not fit: {_words(error)}",
                        "Correct the example or the schema")  # fmt: skip


def _words(error: jsonschema_rs.ValidationError) -> str:
    message = error.message
    return message if len(message) < 200 else f"{short(error.instance)} is not what is expected"


def _validator(house: House, schema: str) -> jsonschema_rs.Draft202012Validator:
    value = house.document.at(schema)
    # Many bodies are the same reference.
    key = value.get("$ref", schema) if set(value) == {"$ref"} else schema
    found = house.validators.get(key)
    if found is None:
        # References lead into the document, so its components come along.
        whole = {**value, "components": house.root.get("components", {})}
        found = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        house.validators[key] = found
    return found
