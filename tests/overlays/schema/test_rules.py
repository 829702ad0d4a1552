"""Rules over an object as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from molam_overlays.errors import ValidationError
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.rules import (
    any_of_required,
    dependent_required,
    max_properties,
    min_properties,
    names_match,
    one_of_required,
)
from molam_overlays.schema.texts import String


@pytest.mark.parametrize(
    ("rule", "fine", "refused"),
    [
        (min_properties(1), {"a": 1}, {}),
        (max_properties(1), {"a": 1}, {"a": 1, "b": 2}),
        (dependent_required("a", ("b", "c")), {"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1}),
        (dependent_required("a", ("b",)), {"c": 1}, {"a": 1}),
        (any_of_required(("a",), ("b", "c")), {"a": 1, "b": 1}, {"b": 1}),
        (one_of_required(("a",), ("b", "c")), {"b": 1, "c": 1}, {"a": 1, "b": 1, "c": 1}),
        (one_of_required(("a",), ("b",)), {"a": 1}, {}),
        (names_match(("^x-",), ("a",)), {"a": 1, "x-b": 2}, {"b": 1}),
    ],
)
def test_rules(rule: Any, fine: Any, refused: Any) -> None:
    assert rule(fine) is None
    assert rule(refused).startswith("must ")


def test_a_rule_of_a_nested_model_is_named_by_its_path() -> None:
    class Contact(Model):
        email: str | None = field(String(), default=None)
        phone: str | None = field(String(), default=None)
        __rules__ = (any_of_required(("email",), ("phone",)),)

    class Order(Model):
        contact: Contact = field(Contact)

    assert Order(contact={"email": "x"})["contact"] == {"email": "x"}
    with pytest.raises(ValidationError) as caught:
        Order(contact={})
    assert caught.value.errors == {"contact": "must have one of email, phone"}
    with pytest.raises(ValidationError, match="must have one of email, phone"):
        Contact()
