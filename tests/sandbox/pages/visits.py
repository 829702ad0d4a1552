"""A sandbox on a port, and what a visitor sees of it."""

from __future__ import annotations

import http.client
import threading
from html.parser import HTMLParser
from itertools import count
from urllib.parse import urlencode

from molam_overlays.sandbox.clock import Clock
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.ledger import Thing
from molam_overlays.sandbox.server import Server, address_of, listen
from molam_overlays.sandbox.state import State
from tests.sandbox.conftest import INTENTS, World

EVIL = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">{{7*7}}"
)
PAGE = "/_sandbox/page"


class Site(World):
    """A world on a port, with its pages."""

    def __init__(self, contract: Contract) -> None:
        self.state = State()
        self.clock = Clock(frozen=True)
        listening = listen("127.0.0.1", 0)
        self.port = listening.getsockname()[1]
        numbers = count(1)
        self.core = Core(
            contract,
            self.state,
            self.clock,
            base_url=address_of(listening),
            # The same each time, and nothing in them that a test looks for.
            ids=lambda prefix: f"{prefix}n{next(numbers)}x",
        )
        self.checked = contract
        self.server = Server(self.core, listening, post=lambda *_: 204, version="9.9.9")
        self.server.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def visit(
        self, path: str, form: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            if form is None:
                connection.request("GET", path)
            else:
                kind = {"Content-Type": "application/x-www-form-urlencoded"}
                connection.request("POST", path, urlencode(form), kind)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def deliver(self) -> None:
        """Wait until the server has delivered, by itself, all that is due."""
        while True:
            due = self.core.outbox.next_due_ms()
            if due is None or due > self.clock.now_ms():
                return
            threading.Event().wait(0.01)

    def end(self) -> None:
        self.server.stop()
        self.state.close()

    def a_day(self) -> dict[str, str]:
        """Let a bit of everything happen; return the paths of all kinds of pages."""
        self.core.outbox.subscribe("http://localhost:8000/webhooks", "whsec_1")
        intent = self.intent(
            2500,
            capture=True,
            description="Order 1042",
            metadata={"order": "1042-a"},
            customer_id="cus_8841",
        )
        confirm = f"{INTENTS}/{intent['id']}/confirm"
        self.post(confirm, {"payment_method": "pm_declined"}, key="order-1042-card-1")
        for _ in range(3):
            self.post(
                confirm,
                {"payment_method": "pm_success"},
                key="order-1042-card-2",
                fault="status=503, lost_response, ok",
            )
            self.advance(1)
        charge = self.get(f"{INTENTS}/{intent['id']}").body["charge_id"]
        refund = self.post(
            f"/v1/connect/charges/{charge}/refund", {"amount": 500, "resaon": "x"}, key="refund-1"
        ).body
        self.advance(3)
        held = self.intent(9900, description="Order 1043")
        self.confirm(held)
        waiting = self.post(
            INTENTS,
            {"amount": 15000, "currency": "XOF", "description": "Commande 887", "locale": "fr-SN"},
            api_key="sk_test_second",
        ).body
        self.post(f"{INTENTS}/{waiting['id']}/confirm", {}, api_key="sk_test_second")
        payout = self.payout(
            beneficiary={"type": "bank_account", "account_number": "999999999"}
        ).body
        self.advance(67)
        event = self.core.search.events_of(intent["id"])[-1]["event"]
        wrong = self.core.search.requests_about(self.of(refund["id"]))[0]
        return {
            "home": "/",
            "payments": f"{PAGE}/payment_intent",
            "refunds": f"{PAGE}/refund",
            "payouts": f"{PAGE}/payout",
            "payment": f"{PAGE}/payment_intent/{intent['id']}",
            "held": f"{PAGE}/payment_intent/{held['id']}",
            "refund": f"{PAGE}/refund/{refund['id']}",
            "payout": f"{PAGE}/payout/{payout['id']}",
            "requests": f"{PAGE}/requests",
            "key": f"{PAGE}/requests?key=order-1042-card-2",
            "request": f"{PAGE}/requests/{wrong['id']}",
            "events": f"{PAGE}/events",
            "event": f"{PAGE}/events/{event['id']}",
            "try": f"{PAGE}/try",
            "form": f"{PAGE}/try/createPayout",
            "faults": f"{PAGE}/faults",
            "values": f"{PAGE}/values",
            "controls": f"{PAGE}/controls",
            "checkout": f"/pay/{waiting['id']}",
            "bank": f"/pay/{waiting['id']}?step=bank",
            "over": f"/pay/{intent['id']}",
            "missing": "/pay/pi_nowhere",
        }

    def of(self, id_: str) -> Thing:
        found = self.core.search.thing(id_)
        assert found is not None
        return found


class Tags(HTMLParser):
    """The elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str, attribute: str) -> list[str]:
        return [
            value for name, attrs in self.tags if name == tag and (value := attrs.get(attribute))
        ]
