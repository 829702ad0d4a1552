"""What the SDK returns goes where merchants put it: encoders, dataclasses, pydantic, FastAPI."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import json
import pickle
from decimal import Decimal
from typing import Any

import jsonpickle
import msgspec
import orjson
import pydantic
import pytest
import yaml
from fastapi import FastAPI
from fastapi.responses import ORJSONResponse
from fastapi.testclient import TestClient

from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.models import (
    Beneficiary,
    IbanBeneficiary,
    Model,
    PaymentIntent,
    PaymentIntentList,
    Payout,
)

IBAN = "DE89370400440532013000"
TEXT = (
    '{"id":"po_1x","amount":500.10,"status":"newer","metadata":{"a":1.50},"beneficiary":'
    f'{{"type":"iban","iban":"{IBAN}"}}}}'
)
PLAIN = json.loads(TEXT)


class Answers:
    """An adapter that answers with one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def send(self, **_: Any) -> Any:
        return 200, self.text, {"X-Request-Id": "req_1"}


class AsyncAnswers(Answers):
    async def send(self, **_: Any) -> Any:
        return super().send()


CONFIG = Config(api_key="sk_test_x")


def payout_of(text: str) -> Payout:
    return MolamClient(CONFIG, Answers(text)).retrieve_payout("po_1x")


PAYOUT = payout_of(TEXT)
PAGE_TEXT = '{"data":[{"id":"pi_1x","amount":1.50}],"has_more":false}'
PAGES: list[Any] = [
    MolamClient(CONFIG, Answers(PAGE_TEXT)).list_payment_intents(),
    asyncio.run(MolamAsyncClient(CONFIG, AsyncAnswers(PAGE_TEXT)).list_payment_intents()),
]
ENCODERS: dict[str, Any] = {
    "json": lambda value: json.loads(json.dumps(value)),
    "json with indent": lambda value: json.loads(json.dumps(value, indent=1)),
    "orjson": lambda value: orjson.loads(orjson.dumps(value)),
    "msgspec": lambda value: msgspec.json.decode(msgspec.json.encode(value)),
    "msgpack": lambda value: msgspec.msgpack.decode(msgspec.msgpack.encode(value)),
    "jsonpickle": lambda value: jsonpickle.decode(jsonpickle.encode(value, keys=True), keys=True),
    "plain jsonpickle": lambda value: json.loads(
        jsonpickle.encode(value, unpicklable=False, keys=True)
    ),
    "cattrs": lambda value: pytest.importorskip("cattrs").unstructure(value),
    "yaml": lambda value: yaml.safe_load(yaml.safe_dump(value.to_dict())),
    "fastapi": lambda value: json.loads(ORJSONResponse(value).body),
    "dict": dict,
}


@pytest.mark.filterwarnings("ignore:ORJSONResponse")
@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("value", [PAYOUT, PAYOUT.beneficiary, *PAGES], ids=type)
def test_encoders_take_it(encoder: str, value: Any) -> None:
    assert ENCODERS[encoder](value) == value.to_dict()


def test_items_are_plain_and_the_digits_stay_beside_them() -> None:
    assert {type(value) for value in PAYOUT.values()} == {str, float, dict}
    assert PAYOUT["amount"] == 500.1
    assert str(PAYOUT.amount) == "500.10"
    for copied in (PAYOUT, copy.copy(PAYOUT), copy.deepcopy(PAYOUT), type(PAYOUT)(PAYOUT)):
        assert copied.to_json() == TEXT
    kept = pickle.loads(pickle.dumps(PAYOUT))
    assert kept.to_json() == TEXT
    assert kept.response.request_id == "req_1"
    assert b"molam" not in pickle.dumps(PAYOUT.to_dict())


@pytest.mark.parametrize(
    "digits", ["12345678901.1234567890123", "1e999", "-0.12345678901234567891"]
)
def test_what_no_float_prints_is_a_decimal(digits: str) -> None:
    text = f'{{"amount":{digits}}}'
    payout = payout_of(text)
    assert payout["amount"] == payout.amount == Decimal(digits)
    assert type(payout.to_dict()["amount"]) is Decimal
    for other in (payout, pickle.loads(pickle.dumps(payout)), copy.deepcopy(payout)):
        assert other.to_json() == text
    assert Payout.from_dict(payout.to_dict()) == payout


def test_a_decimal_of_the_users_own_is_read_like_one_that_came() -> None:
    payout = Payout.from_dict({"amount": Decimal("500.10"), "fee": Decimal(3)})
    assert payout.to_dict() == {"amount": 500.1, "fee": 3}
    assert [type(value) for value in payout.to_dict().values()] == [float, int]
    assert payout.to_json() == '{"amount":500.10,"fee":3}'


@dataclasses.dataclass
class Order:
    number: int
    payment: Payout
    more: Any = None


ORDER = Order(1, PAYOUT, [PAYOUT.beneficiary, *PAGES])


def test_dataclasses_hold_it() -> None:
    expected = {"number": 1, "payment": PLAIN, "more": [PLAIN["beneficiary"], *PAGES]}
    assert dataclasses.asdict(ORDER) == expected
    assert dataclasses.astuple(ORDER) == tuple(expected.values())
    assert orjson.loads(orjson.dumps(Order(1, PAYOUT))) == {**expected, "more": None}


def test_cattrs_structures_it() -> None:
    cattrs = pytest.importorskip("cattrs")  # wants more of attrs than we do
    structured = cattrs.structure(cattrs.unstructure(ORDER), Order)
    assert structured.payment == PAYOUT
    assert isinstance(structured.payment.beneficiary, IbanBeneficiary)


def test_a_model_is_made_as_a_dict_is() -> None:
    assert Payout(PAYOUT) == Payout(PAYOUT.items()) == Payout(PLAIN) == PAYOUT
    with pytest.raises(TypeError, match="not both"):
        Payout(PLAIN, amount=5)  # type: ignore[call-arg, misc]
    with pytest.raises(TypeError, match="a dict or pairs"):
        Payout(5)  # type: ignore[call-arg, misc]


def test_a_copy_with_other_values() -> None:
    changed = PAYOUT.__replace__(amount=Decimal("7.50"), metadata=None)  # type: ignore[attr-defined]
    assert changed.to_dict() == {
        **{name: value for name, value in PLAIN.items() if name != "metadata"},
        "amount": 7.5,
    }
    with pytest.raises(ValueError, match="amount"):
        PAYOUT.__replace__(amount="x")  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="'amonut'"):
        PAYOUT.__replace__(amonut=1)  # type: ignore[attr-defined]


class Holder(pydantic.BaseModel):
    payout: Payout
    others: list[Payout] = []
    beneficiary: Beneficiary | None = None


def test_pydantic_takes_objects_whole_and_makes_them_of_dicts() -> None:
    assert Holder(payout=PAYOUT).payout is PAYOUT
    read = Holder.model_validate({"payout": PLAIN, "beneficiary": PLAIN["beneficiary"]})
    assert read.payout == PAYOUT
    assert type(read.payout) is Payout
    assert type(read.beneficiary) is IbanBeneficiary
    assert read.model_dump() == {"payout": PLAIN, "others": [], "beneficiary": PLAIN["beneficiary"]}
    assert json.loads(read.model_dump_json()) == read.model_dump()
    again = Holder.model_validate_json(read.model_dump_json())
    assert again == read
    unknown = Holder.model_validate({"payout": {}, "beneficiary": {"type": "zebra", "n": 1}})
    assert type(unknown.beneficiary) is Model


@pytest.mark.parametrize(
    ("payout", "place"),
    [
        (5, ("payout",)),
        ({"id": 5}, ("payout", "id")),
        ({"amount": "x"}, ("payout", "amount")),
        ({"status": 5}, ("payout", "status")),
        ({"beneficiary": {"type": "iban", "iban": 5}}, ("payout", "beneficiary", "iban")),
    ],
)
def test_pydantic_says_what_is_wrong_and_where(payout: Any, place: tuple[Any, ...]) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Holder.model_validate({"payout": payout})
    assert [error["loc"] for error in caught.value.errors()] == [place]


def test_pydantic_shows_nothing_sensitive() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Holder.model_validate({"payout": {"beneficiary": {"type": "iban", "iban": f"{IBAN}" * 9}}})
    assert IBAN not in str(caught.value) + repr(caught.value.errors())


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_json_schema_is_the_documents(mode: Any) -> None:
    schema = Holder.model_json_schema(mode=mode)
    payout = schema["$defs"]["Payout"]
    assert schema["properties"]["payout"] == {"$ref": "#/$defs/Payout"}
    assert payout["type"] == "object"
    assert {"id", "amount", "status"} <= set(payout["required"])
    assert payout["properties"]["id"] == {
        "type": "string", "minLength": 4, "maxLength": 255, "pattern": "^po_"
    }  # fmt: skip
    assert payout["properties"]["amount"] == {
        "type": "number", "exclusiveMinimum": 0, "maximum": 10**12
    }  # fmt: skip
    assert payout["properties"]["created_at"] == {"type": "string", "format": "date-time"}
    assert {"type": "string"} in payout["properties"]["status"]["anyOf"]
    page = pydantic.TypeAdapter(PaymentIntentList).json_schema(mode=mode)
    assert page["properties"]["data"]["items"]["title"] == "PaymentIntent"


def test_fastapi_takes_it_as_body_and_as_answer() -> None:
    app = FastAPI()

    @app.post("/payouts")
    def echo(payout: Payout) -> Payout:
        assert isinstance(payout.beneficiary, IbanBeneficiary)
        return payout

    @app.get("/payments", response_model=list[PaymentIntent])
    def payments() -> Any:
        return [{"id": "pi_1x", "newer": 1}]

    @app.get("/page")
    def page() -> PaymentIntentList:
        page: PaymentIntentList = PAGES[0]
        return page

    client = TestClient(app)
    assert client.post("/payouts", json=PLAIN).json() == PLAIN
    refused = client.post("/payouts", json={"id": 5})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", "id"]
    assert client.get("/payments").json() == [{"id": "pi_1x", "newer": 1}]
    assert client.get("/page").json() == PAGES[0].to_dict()
    assert "Payout" in client.get("/openapi.json").json()["components"]["schemas"]


def test_a_page_is_true_and_counts_its_items() -> None:
    for page in PAGES:
        assert (len(page), bool(page), len(page.to_dict())) == (1, True, 2)
        assert page == page.to_dict() == dict(page) == {**page}
    empty = PaymentIntentList.from_dict({"data": [], "has_more": False})
    assert (len(empty), bool(empty)) == (0, True)
    assert json.loads(json.dumps(empty)) == {"data": [], "has_more": False}
