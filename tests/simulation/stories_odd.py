"""Stories in which what lies on disk, comes from the bank, or is the merchant's own, is odd."""

from __future__ import annotations

import json
from typing import Any

import httpx

from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.webhook.signature import generate_signature
from tests.simulation.merchant import MAX_RETRIES, TIMEOUT, WEBHOOK_SECRET, Shop, Worker
from tests.simulation.own_client import HookError, OwnTransport
from tests.simulation.stories import apayout, effect, payout, story
from tests.simulation.stories_webhooks import drain, keep


@story("poisoned journal")
def _poisoned(shop: Shop) -> None:
    """Damaged entries, and one from the future, lie before sound ones: those are settled all the same."""
    facts = shop.books.facts

    def leaves_open(worker: Worker) -> None:
        client = worker.client(worker.store(), max_retries=0)
        for number in range(5):
            shop.bank.core.script("reset=before")
            payout(worker, client, f"p{number}", most=1)
        # The one from the future is the oldest: what was written before it would be withheld, too.
        damage = (
            "UPDATE call_journal SET created_at = created_at + 1728000 WHERE id = 1",
            "UPDATE call_journal SET headers = '[1' WHERE id = 2",
            "UPDATE call_journal SET body = CAST(X'FF00' AS BLOB) WHERE id = 3",
            "UPDATE call_journal SET account = 'elsewhere ffff' WHERE id = 4",
        )
        for number, sql in enumerate(damage, 1):
            rows = shop.rows("SELECT idempotency_key FROM call_journal WHERE id = ?", number)
            if rows:
                facts.setdefault("unsendable", {})[rows[0][0]] = number
                shop.disk.execute(sql)

    def janitor(worker: Worker) -> None:
        client = worker.client(worker.store())
        rows = worker.recover(client)
        open_keys = {row["idempotency_key"] for row in shop.journal() if not row["settled_at"]}
        listed = {row.key for row in rows}
        if rows and not open_keys <= listed and not shop.disk_failed():
            shop.simulation.fail("an open entry is not listed")

    async def ajanitor(worker: Worker) -> None:
        client = worker.async_client(worker.async_store())
        await worker.beside(worker.arecover(client))

    facts["stays open"] = True
    shop.worker("till", leaves_open)
    shop.worker("janitor", janitor, delay=60.0)
    shop.async_worker("second", ajanitor, delay=120.0)


def _event(number: int, created: str, amount: str) -> bytes:
    return (
        f'{{"id":"evt_{number}","type":"payout.paid","created":{created},"livemode":false,'
        f'"data":{{"id":"po_{number}","amount":{amount}}}}}'
    ).encode()


@story("odd events")
def _odd_events(shop: Shop) -> None:
    """Verified events with numbers that no double holds, and times in other units, are stored."""

    def receiver(worker: Worker) -> None:
        handler = keep(worker, worker.inbox(), worker.client())
        odd = (
            _event(1, "1800000000", "1e400"),
            _event(2, "1800000000000", "12345678901234567890.123"),
            _event(3, "1800000000000000", "1"),
            _event(4, "1800000000000000000", "0.1"),
            _event(5, "1e300", "-0.0"),
        )
        for number, body in enumerate(odd, 1):
            moment = int(shop.simulation.time() * 1000)
            header = generate_signature(body, WEBHOOK_SECRET, moment, "1")
            status = worker.tries(lambda body=body, header=header: handler(header, body))
            stored = shop.rows(
                "SELECT payload FROM received_webhooks WHERE event_id = ?", f"evt_{number}"
            )
            if status == 200 and not stored:
                shop.simulation.fail(f"evt_{number} was accepted, and it is not in the inbox")
            calm = not worker.process.struck and not shop.disk_failed() and not shop.excuses
            if status != 200 and calm:
                shop.simulation.fail(f"evt_{number} is Molam's, and was answered {status}")

    def handles(worker: Worker) -> None:
        inbox = worker.inbox()
        for _ in range(6):
            worker.tries(lambda: inbox.process(effect))

    shop.worker("receiver", receiver)
    shop.worker("handler", handles, delay=1.0)
    shop.finale.append(drain)


@story("signatures")
def _signatures(shop: Shop) -> None:
    """What is not signed by Molam, or not now, is refused: 401, whatever its form; what is, is taken."""

    def receiver(worker: Worker) -> None:
        inbox = worker.inbox()
        handler = keep(worker, inbox, worker.client())
        body = _event(1, "1800000000", "1")
        now = int(shop.simulation.time() * 1000)
        good = generate_signature(body, WEBHOOK_SECRET, now, "1")
        wrong = generate_signature(body, "whsec_" + "0" * 28, now, "1")
        old = generate_signature(body, WEBHOOK_SECRET, now - 301_000, "1")
        early = generate_signature(body, WEBHOOK_SECRET, now + 301_000, "1")
        rest = good.partition(",")[2]
        cases = (
            *((wrong, 401), (old, 401), (early, 401), (None, 401), ("", 401), ("t=1", 401)),
            *((f"t=1,{rest}", 401), ("," * 5000, 401), (f"{good},v1=00", 200), (good, 200)),
        )
        looked = shop.simulation.skew
        for header, expected in cases:
            status = worker.tries(lambda header=header: handler(header, body))
            broken = status in (None, 500) or shop.simulation.skew != looked
            if "time passed" in shop.books.facts or broken:
                continue
            if status != expected:
                shop.simulation.fail(f"{str(header)[:60]} was answered {status}, not {expected}")
        stored = shop.rows("SELECT count(*) FROM received_webhooks")[0][0]
        if stored > 1:
            shop.simulation.fail(f"one event was stored {stored} times")

    shop.worker("receiver", receiver)
    shop.finale.append(drain)


@story("own client")
def _own_client(shop: Shop) -> None:
    """An httpx.Client of the merchant's own, with hooks that read the answer."""

    def till(worker: Worker) -> None:
        seen: list[int] = []

        def look(answer: httpx.Response) -> None:
            answer.read()
            seen.append(answer.status_code)

        hooks = {"request": [lambda request: request.content], "response": [look]}
        own = httpx.Client(transport=OwnTransport(shop), event_hooks=hooks)
        client = _with_own(worker, own)
        payout(worker, client, "p1", own=True)
        payout(worker, client, "p2", origin="empty_treasury", own=True)

    shop.worker("till", till)


@story("own client that raises")
def _own_client_raises(shop: Shop) -> None:
    """Such a client whose hook raises for a refusal: the merchant gets that error, and one request left."""

    def till(worker: Worker) -> None:
        def strict(answer: httpx.Response) -> None:
            if answer.status_code >= 400:
                raise HookError(answer.status_code)

        own = httpx.Client(transport=OwnTransport(shop), event_hooks={"response": [strict]})
        client = _with_own(worker, own)
        call = payout(worker, client, "p1", origin="empty_treasury", own=True)
        calm = not shop.simulation.met
        if calm and (not isinstance(call.error, HookError) or len(call.exchanges) != 1):
            shop.simulation.fail(f"the hook's own error became {call.error!r}")
        again = payout(worker, client, "p2", own=True)
        if not shop.simulation.met and again.told != "ok":
            shop.simulation.fail(f"the next call was told {again.told}")

    shop.worker("till", till)


def _with_own(worker: Worker, own: httpx.Client) -> Any:
    from molam_sdk import MolamClient

    return MolamClient(
        worker.config(max_retries=MAX_RETRIES, timeout=TIMEOUT),
        HttpxAdapter(client=own),
        idempotency_store=worker.store(),
        world=worker.world,
        sleep=worker.simulation.sleep,
    )


__all__ = ["apayout", "json"]
