"""What the sandbox does, and where it looks for the key, comes from the document, not from names."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

if sys.version_info < (3, 11):
    pytest.skip("the generator needs Python 3.11", allow_module_level=True)

from generator.command import run
from molam_overlays.sandbox.behaviour import BEHAVIOURS
from molam_overlays.sandbox.document import Document

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "openapi" / "molam.yaml").read_text(encoding="utf-8")
SCHEME = re.compile(
    r"    bearerAuth:\n      type: http\n      scheme: bearer\n.*?(?=      desc)", re.DOTALL
)
SCHEMES = {
    "header": "type: apiKey\n      in: header\n      name: X-Shop-Key",
    "query": "type: apiKey\n      in: query\n      name: key",
    "cookie": "type: apiKey\n      in: cookie\n      name: key",
    "basic": "type: http\n      scheme: basic",
}


@pytest.fixture
def emitted(tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    made: list[str] = []

    def emitted(text: str) -> Any:
        name = f"renamed_{abs(hash(text))}"
        document = tmp_path / "renamed.yaml"
        document.write_text(text, encoding="utf-8")
        given = ["generate", "--document", str(document), "--output", str(tmp_path / name)]
        assert run(given) == 0
        made.append(name)
        importlib.invalidate_caches()
        importlib.import_module(f"{name}.sandbox")
        return importlib.import_module(name)

    sys.path.insert(0, str(tmp_path))
    yield emitted
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] in made]:
        del sys.modules[name]


def play(package: Any, suffix: str = "") -> None:
    """Play a whole order, webhooks included."""
    events: list[str] = []
    with package.sandbox.Sandbox(webhook_secret="whsec_1") as sandbox:
        client = sandbox.client()

        def call(name: str, *given: Any, **named: Any) -> Any:
            return getattr(client, name + suffix)(*given, **named)

        def receive(header: str, content: bytes) -> int:
            events.append(client.construct_event(header, content)["type"])
            return 200

        sandbox.subscribe(receive)
        intent = call("create_payment_intent", 2500, "USD", capture=False)
        assert call("confirm_payment_intent", intent.id, "pm_success").status == "requires_capture"
        paid = call("capture_payment_intent", intent.id)
        assert paid.status == "succeeded"
        assert call("retrieve_payment_intent", intent.id).charge_id == paid.charge_id
        assert [one.id for one in call("list_payment_intents")] == [intent.id]
        other = call("create_payment_intent", 100, "USD")
        assert call("cancel_payment_intent", other.id).status == "canceled"
        refund = call("create_refund", paid.charge_id, 500)
        sandbox.advance(2)
        assert call("retrieve_refund", refund.id).status == "succeeded"
        assert len(list(call("list_refunds"))) == 1
        wallet = {"type": "wallet", "wallet_id": "w_1"}
        payout = call("create_payout", "connect", "merchant_1", 5, "USD", wallet)
        assert call("cancel_payout", payout.id).status == "canceled"
        assert call("retrieve_payout", payout.id).status == "canceled"
        assert len(list(call("list_payouts"))) == 1
    assert events[0] == "payment_intent.created"
    assert {"payment_intent.succeeded", "refund.succeeded", "payout.canceled"} <= {*events}


def test_an_order_is_played_whatever_the_operations_are_called(
    emitted: Callable[[str], Any],
) -> None:
    renamed = re.sub(r"(operationId: \w+)", r"\1Anew", TEXT)
    assert renamed.count("Anew\n") >= len(BEHAVIOURS)
    package = emitted(renamed)
    play(package, "_anew")
    with package.sandbox.Sandbox(port=0) as sandbox:
        begin = httpx.get(f"{sandbox.url}/").text
        assert "/try/createPaymentIntentAnew" in begin
        client = sandbox.client()
        intent = client.create_payment_intent_anew(2500, "USD", capture=True)
        client.confirm_payment_intent_anew(intent.id, "pm_success")
        page = httpx.get(f"{sandbox.url}/_sandbox/page/payment_intent/{intent.id}").text
        assert "/try/createRefundAnew?" in page


@pytest.mark.parametrize("kind", SCHEMES)
def test_an_order_is_played_wherever_the_key_travels(
    emitted: Callable[[str], Any], kind: str
) -> None:
    text, count = SCHEME.subn(f"    shopKey:\n      {SCHEMES[kind]}\n", TEXT)
    assert count == 1
    package = emitted(text.replace("bearerAuth: []", "shopKey: []"))
    play(package)
    with package.sandbox.Sandbox() as sandbox:
        client = sandbox.client(api_key="other:x")
        with pytest.raises(package.exceptions.AuthenticationError, match="not valid"):
            client.list_refunds()


def test_nobody_is_asked_for_a_key_that_the_document_does_not_want(
    emitted: Callable[[str], Any],
) -> None:
    play(emitted(TEXT.replace("security:\n  - bearerAuth: []", "security: []", 1)))


def test_every_operation_of_ours_does_something_of_its_own(document: dict[str, Any]) -> None:
    named = {one.behaviour for one in Document(document).operations}
    assert named == set(BEHAVIOURS), (
        "Add a function to BEHAVIOURS in overlays/molam_overlays/sandbox/behaviour.py and name it "
        "in the operation's x-molam-behaviour (openapi/README.md)."
    )
