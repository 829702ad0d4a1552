"""Models: one declaration, read and built."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molam_overlays.errors import ValidationError
from molam_overlays.outcome import NO_RESPONSE, ResponseInfo
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.containers import Array, Map, Nullable
from molam_overlays.schema.digits import Origin
from molam_overlays.schema.display import sensitive_values
from molam_overlays.schema.fields import field
from molam_overlays.schema.formats import DateTime
from molam_overlays.schema.lazy import Lazy
from molam_overlays.schema.model import Model, adopt, type_of
from molam_overlays.schema.numbers import Integer, Number
from molam_overlays.schema.texts import Boolean, Const, Enum, String
from molam_overlays.schema.types import UNSET
from molam_overlays.schema.unions import Tagged, Union
from molam_overlays.wire import Headers


class Account(Model):
    kind: str = field(Const("account"), default="account")
    number: str = field(String(min_length=3), sensitive=True)
    class_: str | None = field(String(), name="class", default=None)


class Node(Model):
    value: int = field(Integer())
    child: Node | None = field(Lazy(__name__, "Node"), default=None)


class Payment(Model):
    """One of everything."""

    id: str = field(String(), init=False)
    amount: int = field(Integer(minimum=1))
    note: str | None = field(Nullable(String()))
    capture: bool = field(Boolean(), default=False, required=False)
    status: str | None = field(Enum("open", "done"), default=None)
    account: Account | None = field(Account, default=None)
    accounts: list[Account] | None = field(Array(Account), default=None)
    parties: Any = field(Tagged("kind", {"account": Account}), default=None)
    made_at: Any = field(DateTime(), default=None)
    price: Any = field(Number(), default=None)
    extra_data: Mapping[str, Any] | None = field(Map(AnyValue()), default=None)


class Closed(Model, extra=None):
    a: int | None = field(Integer(), default=None)


class Typed(Model, extra=Integer()):
    a: str | None = field(String(), default=None)


class Heir(Account):
    bank: str = field(String())


# Building -----------------------------------------------------------------------------------------


def test_the_constructor_checks_encodes_and_fills_defaults() -> None:
    payment = Payment(amount=5, note=None, account=Account(number="123"), price="x" and 1)
    assert payment == {
        "amount": 5,
        "note": None,
        "capture": False,
        "account": {"kind": "account", "number": "123"},
        "price": 1,
    }
    assert payment.response is NO_RESPONSE


def test_the_constructor_tells_all_problems_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        Payment(amount=0, status="lost", account={"number": "1"}, accounts=[{}, {"number": "123"}])
    assert set(caught.value.errors) == {
        "amount",
        "note",
        "status",
        "account.number",
        "accounts[0].number",
    }


@pytest.mark.parametrize("name", ["id", "unknown", "class", "extra"])
def test_the_constructor_knows_its_names(name: str) -> None:
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
        Payment(amount=1, note=None, **{name: "x"})


def test_wire_names_and_attributes_may_differ() -> None:
    account = Account(number="123", class_="gold")
    assert account["class"] == account.class_ == "gold"


def test_unset_and_none_stand_for_left_out_unless_null_is_a_value() -> None:
    assert Payment(amount=1, note=None, status=None, capture=UNSET) == {
        "amount": 1, "note": None, "capture": False
    }  # fmt: skip
    with pytest.raises(ValidationError) as caught:
        Payment(amount=UNSET, note=UNSET)
    assert set(caught.value.errors) == {"amount", "note"}


def test_what_may_not_be_there_is_refused() -> None:
    assert Closed(a=1) == {"a": 1}
    assert type_of(Closed).encode({"b": 1}, "x", problems := {}) is not None
    assert problems == {"x.b": "is not a property of Closed"}
    type_of(Typed).encode({"b": "text"}, "x", problems := {})
    assert set(problems) == {"x.b"}
    type_of(Account).encode({"number": "123", 5: 1}, "x", problems := {})
    assert set(problems) == {"x"}
    type_of(Account).encode({"number": "123", "\ud800": 1}, "x", problems := {})
    assert len(problems) == 1


def test_read_only_properties_are_not_sent_back() -> None:
    payment = Payment.from_dict({"id": "p", "amount": 1, "note": None, "new": 1})
    assert type_of(Payment).encode(payment, "", {}) == {"amount": 1, "note": None, "new": 1}


def test_heirs_have_all_properties() -> None:
    heir = Heir(number="123", bank="b")
    assert (heir.number, heir.bank, heir.kind) == ("123", "b", "account")
    assert "bank" not in Account.__fields__


def test_recursive_models() -> None:
    node = Node(value=1, child={"value": 2, "child": {"value": 3}})
    assert node.child is not None
    assert node.child.child is not None
    assert node.child.child.value == 3
    with pytest.raises(ValidationError) as caught:
        Node(value=1, child={"value": 2, "child": {}})
    assert set(caught.value.errors) == {"child.child.value"}


# Reading ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [Payment, Account, Node, Closed, Typed, Heir])
@given(
    data=st.dictionaries(
        st.sampled_from(["id", "amount", "note", "account", "accounts", "parties", "made_at", "x"])
        | st.text(max_size=5),
        st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.just({"kind": "y"}),
        max_size=8,
    )
)
def test_reading_anything_never_raises_but_for_what_is_missing(cls: Any, data: Any) -> None:
    model = cls.from_dict(data)
    assert model == data
    for spec in cls.__fields__.values():
        if spec.required and spec.name not in data:
            with pytest.raises(AttributeError, match=spec.attribute):
                getattr(model, spec.attribute)
        else:
            getattr(model, spec.attribute)
    repr(model)
    assert model.to_dict() == data
    assert pickle.loads(pickle.dumps(model)) == copy.deepcopy(model) == model


def test_attributes_of_nested_objects_share_the_response() -> None:
    info = ResponseInfo(status=200, request_id="r")
    payment = adopt(
        Payment, {"account": {"number": "1"}, "accounts": [{"number": "2"}]}, Origin(info, {})
    )
    assert payment.account is not None
    assert payment.account.response is info
    assert payment.accounts is not None
    assert payment.accounts[0].response is info


def test_a_missing_required_field_names_itself_and_the_request() -> None:
    payment = adopt(Payment, {}, Origin(ResponseInfo(request_id="req_7"), {}))
    with pytest.raises(AttributeError, match=r"'amount', which Payment should have .*req_7"):
        _ = payment.amount


def test_items_that_did_not_come_are_key_errors() -> None:
    with pytest.raises(KeyError) as caught:
        Payment.from_dict({})["amount"]
    assert str(caught.value) == "'amount'"


def test_a_field_named_like_a_method_is_still_an_item() -> None:
    model = Payment.from_dict({"items": 1, "keys": 2, "response": 3})
    assert model["items"] == 1
    assert callable(model.items)
    assert model.response is NO_RESPONSE


# Showing ------------------------------------------------------------------------------------------

SECRET = "4111 canary"


@pytest.mark.parametrize(
    "data",
    [
        {"account": {"kind": "account", "number": SECRET}},
        {"account": SECRET},
        {"account": [SECRET]},
        {"accounts": [{"number": SECRET}, SECRET]},
        {"accounts": {"number": SECRET}},
        {"parties": {"kind": "account", "number": SECRET}},
        {"parties": {"kind": "brand_new", "number": SECRET, "other": SECRET}},
        {"parties": SECRET},
        {"extra_data": {"number": SECRET}},
        {"extra_data": {"deep": [{"number": SECRET}]}},
        {"brand_new": SECRET},
        {"note": "sk_live_canary"},
    ],
    ids=repr,
)
def test_repr_shows_nothing_sensitive_wherever_it_is(data: Any) -> None:
    model = Payment.from_dict(data)
    assert "canary" not in repr(model)
    assert "canary" not in str(model)
    assert "canary" not in f"{[model]}"
    assert "***" in repr(model)


def test_repr_shows_the_rest() -> None:
    shown = repr(Payment.from_dict({"amount": 5, "note": None, "extra_data": {"k": [1]}}))
    assert shown == "Payment(amount=5, note=None, extra_data={'k': [1]})"


def values(declared: Any, data: Any) -> list[str]:
    return list(sensitive_values(type_of(declared), data))


@pytest.mark.parametrize(
    ("declared", "data", "found"),
    [
        (Account, {"number": "123"}, ["123"]),
        (Payment, {"account": {"number": "123"}, "accounts": [{"number": "45"}]}, ["123", "45"]),
        (Payment, {"parties": {"kind": "new", "a": ["x", 5, None, True]}}, ["5", "new", "x"]),
        (Payment, {"extra_data": {"number": "7"}}, ["7"]),
        (Union(Closed, Account), {"number": "9"}, ["9"]),
        (AnyValue(), {"deep": [{"number": 12}]}, ["12"]),
        (Node, {"value": 1, "child": {"value": 2}}, []),
        (Payment, {"note": "free"}, []),
    ],
)
def test_sensitive_values_are_found_wherever_they_are(
    declared: Any, data: Any, found: list[str]
) -> None:
    assert sorted(set(values(declared, data))) == found


# Pickles ------------------------------------------------------------------------------------------


def test_response_info_pickles_without_secret_headers() -> None:
    headers = Headers(
        [("Set-Cookie", "canary"), ("X-Request-Id", "r"), ("authorization", "canary")]
    )
    info = ResponseInfo(status=200, request_id="r", headers=headers, idempotency_key="k")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps(info, protocol)
        assert b"canary" not in data
        twin = pickle.loads(data)
        assert dict(twin.headers) == {"x-request-id": "r"}
        assert (twin.status, twin.request_id, twin.idempotency_key) == (200, "r", "k")
    assert info.headers["set-cookie"] == "canary"
