"""Stories of webhooks: sent until they are received, stored once, handled once."""

from __future__ import annotations

from typing import Any

from molam_overlays.webhook.receiver import receive
from tests.simulation.merchant import Shop, Worker
from tests.simulation.postman import Postman
from tests.simulation.run import HOUR
from tests.simulation.stories import charge, effect, payout, story


def keep(worker: Worker, inbox: Any, client: Any) -> Any:
    """Return what receives a webhook: verified, and stored before it is answered."""

    def handler(header: str, body: bytes) -> int:
        return receive(header, body, client.construct_event, inbox.receive_event).status

    return handler


async def aeffect(delivery: Any) -> None:
    connection = await delivery.connection()
    worker_thread = connection.execute  # a real handler would use a thread as well
    worker_thread(
        "INSERT INTO effects (event_id, resource) VALUES (?, ?)",
        (delivery.event_id, delivery.resource),
    )


def receiver(shop: Shop, postman: Postman, seconds: float = 60.0) -> None:
    """Let a process receive, for a while, and again if it is killed."""

    def serve(worker: Worker) -> None:
        postman.serve(worker, keep(worker, worker.inbox(), worker.client()), seconds)

    shop.worker("receiver", serve, again=True)


def drain(worker: Worker, **options: Any) -> None:
    """Handle what is left, in a calm world."""
    inbox = worker.inbox(**options)
    for _ in range(40):
        if not worker.tries(lambda: inbox.process(effect)):
            worker.rest(HOUR)
        if not set(inbox.counts()) & {"pending", "processing"}:
            return
    worker.shop.simulation.fail(f"events are never handled: {inbox.counts()}")


@story("webhook")
def _webhook(shop: Shop) -> None:
    """A payment's events are received, doubled, forged and replayed; each takes effect once."""
    postman = Postman(shop)

    def till(worker: Worker) -> None:
        charge(worker, worker.client(worker.store()), "o1")

    def handles(worker: Worker) -> None:
        inbox = worker.inbox(lease_seconds=60.0)
        for _ in range(3):
            while worker.tries(lambda: inbox.process(effect)):
                pass
            worker.rest(20.0)

    receiver(shop, postman)
    shop.worker("till", till, delay=1.0)
    shop.worker("handler", handles, again=True, delay=2.0)
    shop.finale.append(drain)


@story("webhook, async")
def _webhook_async(shop: Shop) -> None:
    """The same with an async inbox, whose tasks are cancelled, beside a blocking worker."""
    postman = Postman(shop)

    async def handles(worker: Worker) -> None:
        inbox = worker.async_inbox(lease_seconds=60.0)
        for _ in range(3):
            await worker.beside(
                worker.atries(lambda: inbox.process(aeffect)),
                worker.atries(lambda: inbox.process(aeffect)),
            )
            await worker.arest(20.0)
        # Whoever was cancelled must not be in the way of anybody.
        await worker.beside(worker.atries(inbox.counts))

    def other(worker: Worker) -> None:
        inbox = worker.inbox(lease_seconds=60.0)
        worker.tries(lambda: inbox.process(effect))

    def ahead(worker: Worker) -> None:
        inbox = worker.inbox()
        for number in range(3):
            event = shop.bank.core.trigger("payout.paid", {"id": f"po_{number}"})
            worker.tries(lambda event=event: inbox.receive_event(event))

    postman.off = True
    shop.worker("ahead", ahead)
    shop.async_worker("handler", handles, delay=1.0)
    shop.worker("other", other, delay=1.002)
    shop.finale.append(drain)


@story("in order")
def _in_order(shop: Shop) -> None:
    """Events of one payment are handled in their order, also when one fails, is parked and replayed."""
    facts = shop.books.facts

    def ahead(worker: Worker) -> None:
        inbox = worker.inbox()
        for moment in (20, 10, 30):
            worker.tries(
                lambda moment=moment: inbox.receive(
                    f"evt_{moment}", "payout.paid", b"{}", created=float(moment), resource="po_1"
                )
            )
        worker.tries(lambda: inbox.receive("evt_x", "payout.paid", b"{}", resource="po_2"))

    def handles(worker: Worker) -> None:
        inbox = worker.inbox(in_order=True, max_tries=2, lease_seconds=60.0)

        def poisoned(delivery: Any) -> None:
            effect(delivery)
            now = shop.simulation.now
            failed_at = facts.get("failed", {}).pop(delivery.tries, None)
            if delivery.tries > 2:
                shop.simulation.fail(f"an event is tried {delivery.tries} times, not 2")
            if delivery.event_id == "evt_10" and not facts.get("mended"):
                if failed_at is not None and now - failed_at < 2.4 and not shop.excuses:
                    shop.simulation.fail("an event that failed is tried again at once")
                facts["failed"] = {delivery.tries + 1: now}
                raise ValueError("a handler's own fault")

        for _ in range(4):
            worker.tries(lambda: inbox.process(poisoned))
            worker.rest(15.0)
        facts["mended"] = True
        worker.tries(lambda: inbox.replay_parked("payout.paid"))
        for _ in range(3):
            worker.tries(lambda: inbox.process(poisoned))

    def finish(worker: Worker) -> None:
        inbox = worker.inbox(in_order=True)
        inbox.replay_parked()
        drain(worker, in_order=True)
        order = [
            row[0] for row in shop.rows("SELECT event_id FROM effects WHERE resource = 'po_1'")
        ]
        if order != sorted(order, key=lambda name: int(name[4:])):
            shop.simulation.fail(f"events of one resource took effect in the order {order}")

    shop.worker("ahead", ahead)
    shop.worker("handler", handles, again=True, delay=1.0)
    shop.worker("second", handles, delay=1.002)
    shop.finale.append(finish)


@story("a handler pays")
def _handler_pays(shop: Shop) -> None:
    """A handler makes a payout with the event's own key: tried again, it is made once all the same."""

    def ahead(worker: Worker) -> None:
        worker.tries(lambda: worker.inbox().receive("evt_1", "payout.paid", b"{}"))

    def handles(worker: Worker) -> None:
        inbox = worker.inbox(lease_seconds=120.0)
        client = worker.client(worker.store())

        def pays(delivery: Any) -> None:
            call = payout(worker, client, "p1", delivery.idempotency_key)
            if call.error is not None:
                raise call.error
            effect(delivery)

        for _ in range(3):
            worker.tries(lambda: inbox.process(pays))
            worker.rest(10.0)

    shop.worker("ahead", ahead)
    shop.worker("handler", handles, again=True, delay=1.0)
    shop.worker("second", handles, delay=2.0)
    shop.finale.append(drain)


@story("a person skips")
def _skips(shop: Shop) -> None:
    """Parked events are skipped or replayed by a person, beside workers; retention empties the rest."""

    def ahead(worker: Worker) -> None:
        inbox = worker.inbox()
        for number in range(2):
            worker.tries(lambda number=number: inbox.receive(f"evt_{number}", "payout.paid", b"{}"))

    def handles(worker: Worker) -> None:
        inbox = worker.inbox(max_tries=1)

        def poisoned(delivery: Any) -> None:
            effect(delivery)
            if delivery.event_id == "evt_0":
                raise ValueError("a handler's own fault")

        for _ in range(3):
            worker.tries(lambda: inbox.process(poisoned))

    def person(worker: Worker) -> None:
        inbox = worker.inbox()
        if worker.tries(lambda: inbox.skip("evt_0")):
            shop.books.facts["skipped"] = True
        worker.tries(lambda: inbox.purge(0.0, 1e9))
        for event in worker.tries(inbox.events) or ():
            if (
                event.state in ("pending", "parked")
                and worker.tries(lambda event=event: inbox.payload(event.event_id)) is None
                and not worker.process.struck
                and not shop.disk_failed()
            ):
                shop.simulation.fail(f"{event.event_id} is unfinished, and its payload is gone")

    shop.worker("ahead", ahead)
    shop.worker("handler", handles, delay=1.0)
    shop.worker("person", person, delay=2.0)
    shop.finale.append(drain)


class _Until:
    """Stops a worker once it has rested so often."""

    def __init__(self, rests: int) -> None:
        self.left = rests

    def is_set(self) -> bool:
        return self.left <= 0


@story("batches")
def _batches(shop: Shop) -> None:
    """Two workers take batches; a handler fails once, another pays before it writes."""
    facts = shop.books.facts

    def ahead(worker: Worker) -> None:
        inbox = worker.inbox()
        for number in range(6):
            worker.tries(
                lambda number=number: (
                    inbox.receive(
                        f"evt_{number}",
                        "payout.paid",
                        b"{}",
                        created=float(number),
                        resource="po_1",
                    )
                    if number > 4
                    else inbox.receive(f"evt_{number}", "payout.paid", b"{}")
                )
            )

    def handles(worker: Worker) -> None:
        inbox = worker.inbox(lease_seconds=60.0, in_order=True)
        client = worker.client(worker.store())

        def mixed(delivery: Any) -> None:
            if delivery.event_id == "evt_1":
                call = payout(worker, client, "p1", delivery.idempotency_key)
                if call.error is not None:
                    raise call.error
            effect(delivery)
            if delivery.event_id == "evt_2" and not facts.get("failed"):
                facts["failed"] = True
                raise ValueError("a handler's own fault")

        stop = _Until(3)

        def rest(seconds: float) -> None:
            stop.left -= 1
            worker.rest(10.0)

        worker.tries(lambda: inbox.run_worker(mixed, stop, batch=4, sleep=rest))

    shop.worker("ahead", ahead)
    shop.worker("handler", handles, again=True, delay=1.0)
    shop.worker("second", handles, delay=1.01)
    shop.finale.append(drain)


@story("batches, async")
def _batches_async(shop: Shop) -> None:
    """An async worker's batch is cancelled at any moment, beside a blocking worker's."""

    def ahead(worker: Worker) -> None:
        inbox = worker.inbox()
        for number in range(4):
            worker.tries(lambda number=number: inbox.receive(f"evt_{number}", "t", b"{}"))

    async def handles(worker: Worker) -> None:
        inbox = worker.async_inbox(lease_seconds=60.0)
        stop = _Until(2)

        async def rest(seconds: float) -> None:
            stop.left -= 1
            await worker.arest(10.0)

        await worker.beside(
            worker.atries(lambda: inbox.run_worker(aeffect, stop, batch=3, sleep=rest))
        )

    def other(worker: Worker) -> None:
        inbox, stop = worker.inbox(lease_seconds=60.0), _Until(1)

        def rest(seconds: float) -> None:
            stop.left -= 1

        worker.tries(lambda: inbox.run_worker(effect, stop, batch=3, sleep=rest))

    shop.worker("ahead", ahead)
    shop.async_worker("handler", handles, delay=1.0)
    shop.worker("other", other, delay=1.002)
    shop.finale.append(drain)
