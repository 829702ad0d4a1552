"""Whatever is asked in whatever order, money is neither made nor lost."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.life import PAYMENT_INTENT
from molam_overlays.sandbox.values import VALUES

from .conftest import INTENTS, World

METHODS = [each.value for each in VALUES if each.field == "payment_method"]
FINAL = {"succeeded", "canceled", "failed"}


def machine(contract: Contract) -> type[RuleBasedStateMachine]:
    class Money(RuleBasedStateMachine):
        intents = Bundle("intents")

        def __init__(self) -> None:
            super().__init__()
            self.world = World(contract)
            self.known: dict[str, dict[str, Any]] = {}

        def teardown(self) -> None:
            self.world.state.close()

        @rule(target=intents, amount=st.integers(1, 500), capture=st.booleans())
        def create(self, amount: int, capture: bool) -> str:
            intent = self.world.intent(amount, capture=capture)
            self.known[intent["id"]] = intent
            return str(intent["id"])

        @rule(intent=intents, method=st.sampled_from([None, *METHODS]))
        def confirm(self, intent: str, method: str | None) -> None:
            assert self.world.confirm({"id": intent}, method).status in {200, 402, 409}

        @rule(intent=intents, amount=st.none() | st.integers(1, 600))
        def capture(self, intent: str, amount: int | None) -> None:
            body = {} if amount is None else {"amount_to_capture": amount}
            answer = self.world.post(f"{INTENTS}/{intent}/capture", body)
            assert answer.status in {200, 402, 409, 422}

        @rule(intent=intents, amount=st.none() | st.integers(1, 600))
        def refund(self, intent: str, amount: int | None) -> None:
            charge = self.world.get(f"{INTENTS}/{intent}").body["charge_id"] or "ch_none"
            body = {} if amount is None else {"amount": amount}
            answer = self.world.post(f"/v1/connect/charges/{charge}/refund", body)
            assert answer.status in {201, 404, 409, 422}

        @rule(intent=intents)
        def cancel(self, intent: str) -> None:
            assert self.world.post(f"{INTENTS}/{intent}/cancel").status in {200, 409}

        @rule(seconds=st.sampled_from([1, 30, 3600, 86_400, 8 * 86_400]))
        def wait(self, seconds: int) -> None:
            self.world.advance(seconds)

        @invariant()
        def nothing_exceeds_what_is_there(self) -> None:
            listed = self.world.get(f"{INTENTS}?limit=100").body["data"]
            for now in listed:
                before = self.known[now["id"]]
                assert 0 <= now["amount_captured"] <= now["amount"] == before["amount"]
                if now["status"] != "succeeded":
                    assert now["amount_captured"] == 0
                if before["status"] in FINAL:
                    assert now["status"] == before["status"]
                    assert now["amount_captured"] == before["amount_captured"]
                if now["charge_id"]:
                    path = f"/v1/connect/refunds?charge_id={now['charge_id']}&limit=100"
                    refunds = self.world.get(path).body["data"]
                    given = sum(r["amount"] for r in refunds if r["status"] != "failed")
                    assert given <= now["amount_captured"]
                self.known[now["id"]] = now

    return Money


def test_money_is_neither_made_nor_lost(contract: Contract) -> None:
    run_state_machine_as_test(
        machine(contract),
        settings=settings(max_examples=25, stateful_step_count=25, deadline=None, database=None),
    )


def test_final_states_of_the_table_lead_nowhere() -> None:
    assert not {status for status, _ in PAYMENT_INTENT} & FINAL
