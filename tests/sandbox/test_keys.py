"""Idempotency keys: replayed, in flight, reused, forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from molam_overlays.sandbox.answer import Asked, Pause
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.state import State, StateError
from molam_overlays.wire import Headers

from .conftest import INTENTS, KEY, World

BODY: dict[str, Any] = {"amount": 2500, "currency": "USD"}


def test_a_replay_returns_the_first_response_and_moves_nothing(world: World) -> None:
    first = world.post(INTENTS, BODY, key="k")
    again = world.post(INTENTS, BODY, key="k")
    assert (again.status, again.body) == (201, first.body)
    assert "Idempotency-Replayed" in again.headers
    assert "Idempotency-Replayed" not in first.headers
    assert len(world.get(INTENTS).body["data"]) == 1
    assert world.event_types() == ["payment_intent.created"]


def test_the_same_body_may_be_written_otherwise(world: World) -> None:
    first = world.post(INTENTS, content=b'{"amount":2500,"currency":"USD"}', key="k")
    again = world.post(INTENTS, content=b'{ "currency": "USD", "amount": 2500.0 }', key="k")
    assert again.body == first.body


def test_another_body_is_refused(world: World) -> None:
    world.post(INTENTS, BODY, key="k")
    answer = world.post(INTENTS, {**BODY, "amount": 2501}, key="k")
    assert (answer.status, answer.error["code"]) == (422, "idempotency_key_reused")
    assert answer.error["type"] == "idempotency_error"


def test_a_key_belongs_to_one_account_and_path(world: World) -> None:
    intent = world.post(INTENTS, BODY, key="k").body
    other = world.post(INTENTS, BODY, key="k", api_key="sk_test_other")
    assert other.body["id"] != intent["id"]
    confirmed = world.post(f"{INTENTS}/{intent['id']}/confirm", {"payment_method": "pm_1"}, key="k")
    assert confirmed.body["status"] == "requires_capture"


def test_a_refusal_is_remembered_like_any_answer(world: World) -> None:
    intent = world.intent()
    path = f"{INTENTS}/{intent['id']}/confirm"
    first = world.post(path, {"payment_method": "pm_declined"}, key="k")
    again = world.post(path, {"payment_method": "pm_declined"}, key="k")
    assert (first.status, again.status) == (402, 402)
    assert "Idempotency-Replayed" in again.headers


def test_an_invalid_request_does_not_use_its_key_up(world: World) -> None:
    assert world.post(INTENTS, {"amount": 0, "currency": "USD"}, key="k").status == 422
    assert world.post(INTENTS, BODY, key="k").status == 201


def test_a_key_is_forgotten_after_a_day(world: World) -> None:
    first = world.post(INTENTS, BODY, key="k").body
    world.advance(86_399)
    assert world.post(INTENTS, BODY, key="k").body["id"] == first["id"]
    world.advance(1)
    assert world.post(INTENTS, BODY, key="k").body["id"] != first["id"]


def test_a_key_whose_first_call_is_running_is_in_flight(world: World) -> None:
    slow = Asked(
        "POST",
        INTENTS,
        "",
        Headers(
            {
                "Authorization": f"Bearer {KEY}",
                "Idempotency-Key": "k",
                "Molam-Sandbox-Fault": "latency=5",
            }
        ),
        b'{"amount":2500,"currency":"USD"}',
    )
    running = world.core.serve(slow)
    assert next(running) == Pause(5.0)
    meanwhile = world.post(INTENTS, BODY, key="k")
    assert (meanwhile.status, meanwhile.error["code"]) == (409, "idempotency_in_flight")
    assert meanwhile.error["type"] == "idempotency_error"
    (reply,) = list(running)
    assert world.post(INTENTS, BODY, key="k").reply.content == reply.content  # type: ignore[union-attr]


def test_a_call_that_dies_while_it_waits_frees_its_key(world: World) -> None:
    headers = {
        "Authorization": f"Bearer {KEY}",
        "Idempotency-Key": "k",
        "Molam-Sandbox-Fault": "latency=5",
    }
    running = world.core.serve(
        Asked("POST", INTENTS, "", Headers(headers), b'{"amount":1,"currency":"USD"}')
    )
    next(running)
    running.close()
    assert world.post(INTENTS, BODY, key="k").status == 201


def test_state_and_keys_survive_in_a_file(tmp_path: Path, contract: Contract) -> None:
    path = tmp_path / "sandbox.db"
    before = World(contract, path)
    intent = before.post(INTENTS, BODY, key="k").body
    before.confirm(intent)
    before.state.close()
    after = World(contract, path)
    assert after.post(INTENTS, BODY, key="k").body["id"] == intent["id"]
    assert after.get(f"{INTENTS}/{intent['id']}").body["status"] == "requires_capture"
    assert after.event_types()[-1] == "payment_intent.requires_capture"
    after.state.close()


def test_a_process_that_died_in_flight_frees_its_keys(tmp_path: Path, contract: Contract) -> None:
    path = tmp_path / "sandbox.db"
    before = World(contract, path)
    before.post(INTENTS, BODY, key="k")
    # What a process leaves that ends between claiming a key and committing its work.
    before.state.run("UPDATE keys SET status = NULL, body = NULL")
    assert before.post(INTENTS, BODY, key="k").status == 409
    before.state.close()
    after = World(contract, path)
    assert after.post(INTENTS, BODY, key="k").status == 201
    after.state.close()


def test_two_sandboxes_do_not_share_a_file(tmp_path: Path) -> None:
    first = State(tmp_path / "sandbox.db")
    with pytest.raises(StateError, match="another sandbox uses it"):
        State(tmp_path / "sandbox.db")
    first.close()


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, and longer than a header of one hundred bytes " * 3)
    with pytest.raises(StateError, match="not a database"):
        State(path)
    assert path.read_text().startswith("not a database")


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as shop:
        shop.execute("CREATE TABLE orders (id)")
    shop.close()
    with pytest.raises(StateError, match="something else"):
        State(path)
