"""Scenarios: what a file may say, and what is played of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from molam_overlays.sandbox.scenario import Player, ScenarioError, load, named, read
from molam_overlays.sandbox.search import Query
from molam_sdk.sandbox import Sandbox

from .conftest import World

QUERY = Query()


def played(world: World, *steps: dict[str, Any]) -> list[str]:
    return list(Player(world.core).play(read({"name": "test", "steps": list(steps)})))


def create(**fields: Any) -> dict[str, Any]:
    return {"amount": 2500, "currency": "USD", **fields}


def test_three_scenarios_come_with_the_sandbox() -> None:
    assert named() == ["day", "outage", "payouts"]


def test_a_day_of_a_shop() -> None:
    with Sandbox() as sandbox:
        received: list[str] = []
        sandbox.subscribe(lambda _, body: received.append(json.loads(body)["id"]))
        lines = sandbox.play("day")
        assert lines[1].endswith("confirmPaymentIntent: 200")
        statuses = Counter(
            each.status for each in sandbox.client().list_payment_intents(limit=100).data
        )
        assert statuses == {"succeeded": 10, "canceled": 1, "requires_action": 1}
        refunds = sandbox.client().list_refunds().data
        assert [(each.reason, each.status) for each in refunds] == [
            ("fraudulent", "succeeded"),
            ("requested_by_customer", "succeeded"),
        ]
        twice = [id_ for id_, times in Counter(received).items() if times == 2]
        assert len(twice) == 1
        assert sandbox.client().list_payouts().data[0].status == "paid"


def test_an_outage_charges_nobody_twice() -> None:
    with Sandbox() as sandbox:
        lines = sandbox.play("outage")
        assert any(line.endswith("confirmPaymentIntent: 503, no answer, 200") for line in lines)
        payments = sandbox.client().list_payment_intents(limit=100).data
        by_order = Counter(each.description for each in payments)
        assert set(by_order.values()) == {1}
        assert by_order["Order 213"] == 1, "made, though nobody knows"
        assert Counter(each.status for each in payments)["succeeded"] == 6


def test_pay_day() -> None:
    with Sandbox() as sandbox:
        sandbox.play("payouts")
        statuses = Counter(each.status for each in sandbox.client().list_payouts(limit=100).data)
        assert statuses == {"paid": 4, "failed": 1, "reversed": 1, "canceled": 1}
        assert [each["type"] for each in sandbox.events].count("payout.reversed") == 1


def test_time_goes_as_the_file_says(world: World) -> None:
    start = world.clock.now_ms()
    lines = played(
        world,
        {"at": "1h30m", "call": "createPaymentIntent", "with": create()},
        {"at": "10m", "call": "createPaymentIntent", "with": create()},
        {"call": "createPaymentIntent", "with": create(), "every": "90s", "times": 3},
        {"at": "2d", "wait": ""},
    )
    assert world.clock.now_ms() - start == 2 * 86_400_000
    assert [line[11:19] for line in lines] == [
        *("12:10:00", "12:10:00", "12:11:30", "12:13:00"),
        *("13:30:00", "12:00:00"),
    ]


def test_what_was_returned_has_a_name(world: World) -> None:
    played(
        world,
        {
            "call": "createPaymentIntent",
            "with": create(description="Order $n"),
            "as": "order$n",
            "times": 2,
        },
        {"call": "confirmPaymentIntent", "with": {"payment_intent_id": "$order2.id"}},
        {"at": "1m", "customer": "pay", "of": "$order2.id"},
    )
    bodies = [each.body for each in world.core.search.objects("payment_intent", QUERY).rows]
    assert [(each["description"], each["status"]) for each in bodies] == [
        ("Order 2", "requires_capture"),
        ("Order 1", "requires_payment_method"),
    ]


def test_a_call_is_repeated_with_its_key_until_it_is_answered(world: World) -> None:
    lines = played(
        world,
        {
            "call": "createPaymentIntent",
            "with": create(),
            "key": "order-1",
            "attempts": 5,
            "failing": "reset=before, status=500 after, garbage=http, ok",
        },
    )
    assert lines[0].endswith("createPaymentIntent: no answer, 500, no answer, 201")
    assert len(world.core.search.objects("payment_intent", QUERY).rows) == 1


def test_accounts_are_those_of_keys(world: World) -> None:
    played(world, {"call": "createPaymentIntent", "with": create(), "account": "shop"})
    assert len(world.get("/v1/connect/payment_intents").body["data"]) == 1, "sk_test_shop"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "an object with `name`"),
        ({"steps": "x"}, "a list of `steps`"),
        ({"steps": [1]}, "Step 1 is no object"),
        ({"steps": [{"wait": "", "cal": "x"}]}, "unknown word 'cal'. Did you mean 'call'?"),
        ({"steps": [{"at": "1m"}]}, "must have one of"),
        ({"steps": [{"call": "x", "customer": "pay"}]}, "only one"),
        ({"steps": [{"at": 5, "wait": ""}]}, "digits with units"),
        ({"steps": [{"at": "5 minutes", "wait": ""}]}, "digits with units"),
        ({"steps": [{"wait": "", "times": 0}]}, "times must be"),
        ({"steps": [{"call": "makeMoney"}]}, "there is no operation 'makeMoney'"),
        ({"steps": [{"call": "retrieveRefund"}]}, "needs refund_id"),
        ({"steps": [{"customer": "pay", "of": "$order.id"}]}, "nothing is named 'order'"),
        ({"steps": [{"customer": "pay", "of": "pi_1"}]}, "There is no such payment"),
        ({"steps": [{"fault": "webhok=drop"}]}, "Unknown fault"),
        (
            {
                "steps": [
                    {"call": "createPaymentIntent", "with": {}, "as": "a"},
                    {"call": "createPaymentIntent", "with": {"description": "$a.id"}},
                ]
            },
            "$a.id is nothing",
        ),
    ],
)
def test_what_is_not_understood_is_said_with_its_step(world: World, data: Any, words: str) -> None:
    with pytest.raises(ScenarioError) as told:
        list(Player(world.core).play(read(data)))
    assert words in str(told.value)


def test_files_are_yaml_or_json(tmp_path: Path) -> None:
    steps = {"name": "n", "steps": [{"wait": "", "at": "1s"}]}
    (tmp_path / "a.json").write_text(json.dumps(steps))
    (tmp_path / "a.yaml").write_text("name: n\nsteps:\n- {wait: 2025-01-16T12:00:00Z, at: 1s}\n")
    assert load(tmp_path / "a.json").name == "n"
    assert load(tmp_path / "a.yaml").steps[0].told["wait"] == "2025-01-16T12:00:00Z", "no date"
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "b.yaml").write_text("{")
    for name, words in [("b.json", "no JSON"), ("b.yaml", "no YAML"), ("c.yaml", "one of day")]:
        with pytest.raises(ScenarioError, match=words):
            load(tmp_path / name)
