"""The sandbox in tests: in this process or on a port, through the real clients."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from molam_sdk import MolamAsyncClient, MolamClient
from molam_sdk import exceptions as errors
from molam_sdk.sandbox import Sandbox


@pytest.fixture(params=[None, 0], ids=["in process", "on a port"])
def sandbox(request: pytest.FixtureRequest) -> Any:
    with Sandbox(port=request.param) as made:
        yield made


def test_a_client_of_the_sandbox_is_a_real_client(sandbox: Sandbox) -> None:
    client = sandbox.client()
    assert isinstance(client, MolamClient)
    payment = client.create_payment_intent(2500, "USD", capture=True, idempotency_key="a")
    with pytest.raises(errors.PaymentDeclinedError) as caught:
        client.confirm_payment_intent(payment.id, "pm_declined", idempotency_key="b")
    assert caught.value.code == "card_declined"
    paid = client.confirm_payment_intent(payment.id, "pm_success", idempotency_key="c")
    assert paid.status == "succeeded"
    assert paid.charge_id is not None
    refund = client.create_refund(paid.charge_id, 500, idempotency_key="d")
    sandbox.advance(2)
    assert client.retrieve_refund(refund.id).status == "succeeded"


async def test_an_async_client_works_the_same(sandbox: Sandbox) -> None:
    async with sandbox.async_client() as client:
        assert isinstance(client, MolamAsyncClient)
        payment = await client.create_payment_intent(2500, "USD", idempotency_key="a")
        held = await client.confirm_payment_intent(payment.id, "pm_success", idempotency_key="b")
        assert held.status == "requires_capture"
        page = await client.list_payment_intents()
        assert [each.id async for each in page] == [payment.id]


def test_a_lost_response_is_recovered_by_the_client_with_one_charge(sandbox: Sandbox) -> None:
    client = sandbox.client()
    sandbox.fault("lost_response", operation="createPaymentIntent")
    payment = client.create_payment_intent(2500, "USD", idempotency_key="a")
    assert len(payment.response.attempts) == 2
    assert len(list(client.list_payment_intents())) == 1
    assert payment.response.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("fault", "error", "done"),
    [
        ("reset=before", errors.NetworkError, 0),
        ("lost_response", errors.NetworkError, 1),
        ("close=after", errors.NetworkError, 1),
        ("truncate", errors.NetworkError, 1),
        ("garbage=http", errors.NetworkError, 1),
        ("garbage", errors.NetworkError, 1),
        ("status=503", errors.ServerError, 0),
        ("status=500 after", errors.ServerError, 1),
        ("status=429 retry_after=0", errors.RateLimitError, 0),
        ("latency=0.6", errors.TimeoutError, 1),
        ("drip=0.9", errors.TimeoutError, 1),
    ],
)
def test_faults_reach_the_client_alike_with_and_without_a_socket(
    sandbox: Sandbox, fault: str, error: type[Exception], done: int
) -> None:
    waits = fault.startswith(("latency", "drip"))
    client = sandbox.client(max_retries=0, timeout=0.5 if waits else 20)
    with pytest.raises(error):
        client.create_payment_intent(
            2500, "USD", idempotency_key="a", extra_headers={"Molam-Sandbox-Fault": fault}
        )
    if fault.startswith("latency"):
        # On a port the work is still to come when the client gives up; the key says so.
        sandbox.client(timeout=20).create_payment_intent(2500, "USD", idempotency_key="a")
    assert len(sandbox.client(timeout=20).list_payment_intents().data) == done


def test_webhooks_are_delivered_to_a_function_before_the_call_returns() -> None:
    with Sandbox() as sandbox:
        client = sandbox.client()
        seen: list[Any] = []
        sandbox.subscribe(lambda header, body: seen.append(client.construct_event(header, body)))
        payment = client.create_payment_intent(2500, "USD", idempotency_key="a")
        assert [each.type for each in seen] == ["payment_intent.created"]
        assert seen[0].data.id == payment.id


def test_a_function_that_raises_gets_the_event_again() -> None:
    with Sandbox() as sandbox:
        tries: list[bytes] = []

        def receive(_: str, body: bytes) -> None:
            tries.append(body)
            if len(tries) < 3:
                raise RuntimeError("not yet")

        sandbox.subscribe(receive)
        sandbox.trigger("payout.paid", {"id": "po_mine"})
        assert len(tries) == 1
        sandbox.advance(5)
        sandbox.advance(30)
        sandbox.advance(days=3)
        assert len(tries) == 3
        assert len(set(tries)) == 1


def test_a_receiver_may_call_the_sandbox() -> None:
    with Sandbox() as sandbox:
        client = sandbox.client()

        def capture(header: str, body: bytes) -> None:
            event = client.construct_event(header, body)
            if event.type == "payment_intent.requires_capture":
                client.capture_payment_intent(event["data"]["id"], idempotency_key="capture")

        sandbox.subscribe(capture)
        payment = client.create_payment_intent(2500, "USD", idempotency_key="a")
        client.confirm_payment_intent(payment.id, "pm_success", idempotency_key="b")
        assert client.retrieve_payment_intent(payment.id).status == "succeeded"
        assert [each["type"] for each in sandbox.events][-1] == "payment_intent.succeeded"


@pytest.mark.parametrize(
    ("act", "status"), [("pay", "succeeded"), ("decline", "failed"), ("cancel", "canceled")]
)
def test_a_test_can_be_the_customer(act: str, status: str) -> None:
    with Sandbox() as sandbox:
        client = sandbox.client()
        payment = client.create_payment_intent(2500, "USD", capture=True, idempotency_key="a")
        waiting = client.confirm_payment_intent(payment.id, idempotency_key="b")
        assert waiting.redirect_url is not None
        getattr(sandbox, act)(payment.id)
        assert client.retrieve_payment_intent(payment.id).status == status
        with pytest.raises(LookupError, match=status):
            getattr(sandbox, act)(payment.id)


def test_time_stands_still_unless_told_otherwise() -> None:
    with Sandbox() as still, Sandbox(frozen=False) as running:
        assert still.core.clock.frozen
        assert not running.core.clock.frozen


def test_requests_can_be_looked_at() -> None:
    with Sandbox() as sandbox:
        sandbox.client().create_payment_intent(2500, "USD", idempotency_key="order-1")
        (request,) = sandbox.requests
        assert (request["idempotency_key"], request["status"]) == ("order-1", 201)
        assert request["body"]["capture"] is False
        sandbox.reset()
        assert sandbox.requests == []


def test_state_may_be_kept_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with Sandbox(state=path) as sandbox:
        payment = sandbox.client().create_payment_intent(2500, "USD", idempotency_key="a")
    with Sandbox(state=path) as sandbox:
        assert sandbox.client().retrieve_payment_intent(payment.id).id == payment.id


def test_a_script_that_is_not_understood_is_refused() -> None:
    with Sandbox() as sandbox, pytest.raises(ValueError, match="explode"):
        sandbox.fault("explode")


# The pytest plugin


def run_python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def test_the_plugin_gives_each_test_a_fresh_sandbox(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(
        textwrap.dedent(
            """
            import asyncio
            import pytest

            @pytest.mark.parametrize("n", range(3))
            def test_pays(molam_client, molam_sandbox, n):
                assert list(molam_client.list_payment_intents()) == []
                payment = molam_client.create_payment_intent(2500, "USD", idempotency_key="k")
                molam_client.confirm_payment_intent(payment.id, "pm_success", idempotency_key="k")
                assert len(molam_sandbox.events) == 2

            def test_pays_async(molam_async_client):
                async def pay():
                    return await molam_async_client.create_payment_intent(5, idempotency_key="k")
                assert asyncio.run(pay()).currency == "USD"
            """
        )
    )
    # Installed, pytest finds the plugin by its entry point.
    ran = run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "4 passed" in ran.stdout, ran.stdout + ran.stderr


def test_the_plugin_imports_nothing_heavy_before_a_fixture_is_used(tmp_path: Path) -> None:
    heavy = {"httpx", "starlette", "uvicorn", "jsonschema", "jinja2", "typer", "rich"}
    code = (
        "import sys, molam_sdk.pytest_plugin; "
        f"print(sorted({{m.partition('.')[0] for m in sys.modules}} & {heavy!r}))"
    )
    assert run_python("-c", code, cwd=tmp_path).stdout.strip() == "[]"


def test_without_the_extra_the_import_names_it(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['jsonschema'] = None\n"
        "try:\n    from molam_sdk.sandbox import Sandbox\n"
        "except ImportError as error: print(error)"
    )
    shown = run_python("-c", code, cwd=tmp_path).stdout
    assert 'pip install "molam-sdk-python[sandbox]"' in shown
