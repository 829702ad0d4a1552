"""The table of keywords, and what else has to agree with it: the runtime, the check of defaults."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from generator.read.load import load_document
from generator.read.position import DocumentError
from generator.understand.keywords import KEYWORDS, constraints, tightest, type_meant
from generator.understand.schema import Kind
from molam_overlays.schema import rules
from molam_overlays.schema.containers import Array, Map
from molam_overlays.schema.numbers import Float, Integer, Number
from molam_overlays.schema.texts import String

# What it says, and a value that it forbids.
BROKEN: dict[str, tuple[Any, Any]] = {
    "minLength": (3, "ab"),
    "maxLength": (1, "ab"),
    "pattern": ("^x", "ab"),
    "minimum": (3, 2),
    "maximum": (1, 2),
    "exclusiveMinimum": (2, 2),
    "exclusiveMaximum": (2, 2),
    "multipleOf": (2, 3),
    "minItems": (1, []),
    "maxItems": (1, [1, 2]),
    "uniqueItems": (True, [1, 1]),
    "minProperties": (1, {}),
    "maxProperties": (1, {"a": 1, "b": 2}),
}


def test_every_keyword_that_is_checked_has_a_value_that_breaks_it() -> None:
    assert BROKEN.keys() == {keyword.name for keyword in KEYWORDS.values() if keyword.argument}


@pytest.mark.parametrize("name", BROKEN)
def test_a_default_that_breaks_a_checked_keyword_is_refused(name: str, tmp_path: Path) -> None:
    said, value = BROKEN[name]
    schema = {name: said, "default": value}
    (tmp_path / "api.json").write_text(
        json.dumps(
            {
                "openapi": "3.1.0",
                "info": {"title": "Shop", "version": "1"},
                "components": {"schemas": {"A": schema}},
            }
        )
    )
    with pytest.raises(DocumentError, match="does not fit its own schema"):
        load_document(tmp_path / "api.json")


@pytest.mark.parametrize(
    ("kind", "runtime"),
    [
        ("string", String),
        ("integer", Integer),
        ("number", Number),
        ("number", Float),
        ("array", Array),
        ("map", Map),
    ],
)
def test_the_runtime_takes_every_argument_of_the_table(kind: Kind, runtime: type) -> None:
    taken = inspect.signature(runtime).parameters
    assert {keyword.argument for keyword in constraints(kind)} <= taken.keys()


def test_the_runtime_has_a_rule_for_every_constraint_of_an_object() -> None:
    assert all(callable(getattr(rules, keyword.argument)) for keyword in constraints("object"))


def test_of_two_ends_the_narrower_holds() -> None:
    one = {"minLength": 1, "maxLength": 9, "pattern": "a", "description": "one"}
    other = {"minLength": 3, "maxLength": 12, "pattern": "b", "description": "other"}
    assert tightest([one, other]) == {
        "minLength": 3,
        "maxLength": 9,
        "pattern": "b",
        "description": "other",
    }


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        (["required", "items"], "object"),
        (["minItems"], "array"),
        (["discriminator"], ""),
        (["minLength", "not"], ""),
    ],
)
def test_keywords_tell_the_type_that_a_schema_does_not_name(names: list[str], meant: str) -> None:
    assert type_meant(names) == meant
