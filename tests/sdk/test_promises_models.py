"""Every promise about what methods return."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

import molam_sdk.models
from molam_sdk import Config, MolamClient
from molam_sdk.models import PaymentIntent, PaymentIntentList, Payout, Refund

WIRE: dict[str, Any] = {
    "id": "po_1",
    "origin_module": "connect",
    "origin_entity_id": "mer_1",
    "amount": 500.5,
    "currency": "USD",
    "beneficiary": {"type": "iban", "iban": "FR76CANARY", "account_holder": "Awa"},
    "status": "quantum",
    "fee": None,
    "metadata": {"order": "7"},
    "created_at": "2025-01-16T12:00:00Z",
    "surprise": {"deep": [1, {"x": None}]},
}


def came(text: str) -> Payout:
    """Return a payout as a client reads it from the wire."""
    adapter = sys.modules["sdk_support"].Recorder((200, text, {}))  # of conftest.py
    return MolamClient(Config(api_key="sk_test_1"), adapter).retrieve_payout("po_1")


def test_models_has_them_all() -> None:
    for name in molam_sdk.models.__all__:
        assert getattr(molam_sdk.models, name) is not None
    assert {"PaymentIntent", "Refund", "Payout", "PaymentIntentList"} <= set(
        molam_sdk.models.__all__
    )


def test_attributes_are_typed_and_items_are_what_was_on_the_wire() -> None:
    payout = Payout.from_dict(WIRE)
    assert payout.created_at == datetime(2025, 1, 16, 12, tzinfo=timezone.utc)
    assert payout["created_at"] == "2025-01-16T12:00:00Z"
    assert payout.amount == Decimal("500.5")
    assert isinstance(payout.amount, Decimal)
    assert payout["amount"] == 500.5
    assert payout.beneficiary is not None
    assert payout.beneficiary.type == "iban"
    assert payout["beneficiary"]["iban"] == "FR76CANARY"
    assert payout["metadata"]["order"] == "7"
    assert isinstance(payout, Mapping)


def test_it_reads_like_a_dict() -> None:
    payout = Payout.from_dict(WIRE)
    assert payout == WIRE
    assert len(payout) == len(WIRE)
    assert payout.keys() == WIRE.keys()
    assert dict(payout.items()) == WIRE
    assert {**payout} == WIRE
    assert payout.get("nope", 1) == 1
    assert "id" in payout
    assert json.loads(json.dumps(payout)) == WIRE
    match payout:
        case {"id": str(identifier)}:
            assert identifier == "po_1"
        case _:
            pytest.fail("not a mapping to match")


def test_enum_values_print_as_strings_and_unknown_ones_are_kept() -> None:
    payment = PaymentIntent.from_dict({"id": "pi_1", "status": "succeeded"})
    assert str(payment["status"]) == "succeeded"
    assert f"{payment.status}" == "succeeded"
    assert Payout.from_dict(WIRE).status == "quantum"


def test_unknown_fields_are_kept_and_readable() -> None:
    payout = Payout.from_dict(WIRE)
    assert payout["surprise"]["deep"] == [1, {"x": None}]
    assert payout.surprise["deep"][0] == 1  # type: ignore[attr-defined]
    assert payout.to_dict()["surprise"] == WIRE["surprise"]


def test_two_fields_are_enough() -> None:
    payment = PaymentIntent.from_dict({"id": "pi_test", "status": "succeeded"})
    assert payment.id == "pi_test"
    assert payment.charge_id is None
    assert payment.last_error is None
    with pytest.raises(AttributeError, match=r"'amount'.*request id"):
        _ = payment.amount
    with pytest.raises(AttributeError, match="'created_at'"):
        _ = payment.created_at
    with pytest.raises(KeyError, match="amount"):
        payment["amount"]
    assert not hasattr(payment, "amount")
    assert getattr(payment, "amount", 5) == 5
    with pytest.raises(AttributeError, match="no attribute"):
        _ = payment.nonsense  # type: ignore[attr-defined]


ODD = [None, True, 0, -1, 1.5, "", "text", [], [1], {}, {"x": 1}, [[]]]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("name", list(WIRE))
def test_a_value_of_an_unexpected_type_is_handed_over_as_it_came(name: str, odd: Any) -> None:
    payout = Payout.from_dict({**WIRE, name: odd})
    seen = getattr(payout, name)
    assert payout[name] == odd
    assert seen == odd or (name == "amount" and isinstance(seen, Decimal)) or seen == Decimal(odd)
    repr(payout)
    payout.to_json()
    copy.deepcopy(payout)
    assert pickle.loads(pickle.dumps(payout)) == payout


@pytest.mark.parametrize("odd", ["FR76CANARY", ["FR76CANARY"], {"iban": "FR76CANARY"}], ids=repr)
def test_repr_masks_sensitive_values_also_where_they_were_not_expected(odd: Any) -> None:
    for fields in ({"beneficiary": odd}, {"beneficiary": {"type": "new", "x": odd}}, {"new": odd}):
        assert "CANARY" not in repr(Payout.from_dict({**WIRE, **fields}))
    assert "CANARY" not in repr(Payout.from_dict({**WIRE, "metadata": {"iban": "FR76CANARY"}}))


def test_to_dict_is_exactly_what_came_and_ones_own() -> None:
    payout = Payout.from_dict(WIRE)
    copied = payout.to_dict()
    assert copied == WIRE
    assert type(copied) is dict
    copied["surprise"]["deep"].append(2)
    copied["id"] = "changed"
    assert payout == WIRE


@pytest.mark.parametrize(
    "text",
    [
        '{"amount":500.00}',
        '{"amount":0.10000000000000000000000000001}',
        '{"amount":1E400,"n":-0.0}',
        '{"id":"\\ud800"}',
        '{"id":"\u00e9\u4e2d","n":12345678901234567890123}',
    ],
)
def test_to_json_is_exactly_what_came(text: str) -> None:
    assert came(text).to_json() == text


def test_digits_are_not_lost_on_the_way() -> None:
    payout = came('{"amount": 500.00, "fee": 0.30000000000000000001}')
    assert str(payout.amount) == "500.00"
    assert str(payout.fee) == "0.30000000000000000001"
    assert pickle.loads(pickle.dumps(payout)).fee == payout.fee


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        *(
            lambda p, protocol=protocol: pickle.loads(pickle.dumps(p, protocol))
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ),
        lambda p: type(p).from_dict(p.to_dict()),
        lambda p: type(p).from_dict(json.loads(p.to_json())),
    ],
)
def test_copies_and_pickles_are_whole_and_equal(duplicate: Any) -> None:
    payout = Payout.from_dict(WIRE)
    twin = duplicate(payout)
    assert twin == payout
    assert type(twin) is Payout
    assert twin.beneficiary.iban == "FR76CANARY"
    assert twin.response is not None


def test_equality_is_by_content() -> None:
    assert Payout.from_dict(WIRE) == Payout.from_dict(dict(WIRE))
    assert Payout.from_dict(WIRE) != Payout.from_dict({**WIRE, "id": "po_2"})


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.__setitem__("id", 1),
        lambda p: p.__delitem__("id"),
        lambda p: p.update(id=1),
        lambda p: p.pop("id"),
        lambda p: p.popitem(),
        lambda p: p.clear(),
        lambda p: p.setdefault("id", 1),
        lambda p: p.__ior__({"id": 1}),
        lambda p: setattr(p, "id", 1),
        lambda p: setattr(p, "brand_new", 1),
        lambda p: delattr(p, "id"),
    ],
)
def test_it_is_read_only(change: Any) -> None:
    payout = Payout.from_dict(WIRE)
    with pytest.raises((TypeError, AttributeError), match="read-only"):
        change(payout)
    assert payout == WIRE


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_from_dict_takes_a_mapping(data: Any) -> None:
    with pytest.raises(TypeError, match="takes a dict"):
        PaymentIntent.from_dict(data)


def test_response_is_never_none_and_not_part_of_equality() -> None:
    refund = Refund.from_dict({"id": "ref_1"})
    assert refund.response.request_id is None
    assert refund.response.attempts == ()
    assert refund.response.idempotency_key is None
    assert refund.response.headers.get("anything") is None


def test_a_page_made_by_hand_reads_like_one_that_came() -> None:
    page = PaymentIntentList.from_dict({"data": [{"id": "pi_1"}], "has_more": False, "extra": 1})
    assert [item.id for item in page] == ["pi_1"]
    assert page.next_page() is None
    assert page.get("data") == page["data"] == [{"id": "pi_1"}]
    assert "has_more" in page
    assert page.extra == 1  # type: ignore[attr-defined]
    assert set(page.keys()) == {"data", "has_more", "extra"}
    assert page.to_dict()["extra"] == 1
    assert isinstance(page, dict)
    assert pickle.loads(pickle.dumps(page)) == page == copy.deepcopy(page)


def test_models_name_the_package_users_import() -> None:
    assert Payout.__module__.startswith("molam_sdk.models")
    assert "molam_overlays" not in repr(Payout)
    assert type(Refund.from_dict({}).response).__module__ == "molam_sdk.models"
