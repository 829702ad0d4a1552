"""What merchants do: short stories, each with another part of the house in it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.simulation.merchant import GATEWAY, IBAN, Call, Shop, Worker
from tests.simulation.run import HOUR, Story

STORIES: dict[str, Story] = {}
BENEFICIARY = {"type": "bank_account", "account_number": "123456789", "bank_code": "SN001"}


def story(name: str, **facts: Any) -> Callable[[Callable[[Shop], None]], Callable[[Shop], None]]:
    def told(tell: Callable[[Shop], None]) -> Callable[[Shop], None]:
        STORIES[name] = Story(name, tell, (tell.__doc__ or "").strip(), **facts)
        return tell

    return told


# Calls that every merchant makes -------------------------------------------------------------------


def payout(
    worker: Worker,
    client: Any,
    order: str,
    key: str | None = None,
    origin: str = "seller",
    **facts: Any,
) -> Call:
    return worker.call(
        "POST payouts",
        lambda: client.create_payout(
            "shop", origin, 500, "XOF", BENEFICIARY, {"order": order}, key
        ),
        kind="payout",
        order=order,
        key=key,
        **facts,
    )


async def apayout(worker: Worker, client: Any, order: str, key: str | None = None) -> Call:
    return await worker.acall(
        "POST payouts",
        lambda: client.create_payout(
            "shop", "seller", 500, "XOF", BENEFICIARY, {"order": order}, key
        ),
        kind="payout",
        order=order,
        key=key,
    )


def charge(worker: Worker, client: Any, order: str, method: str = "pm_success") -> Call:
    """Take an order's money: an intent that captures, and its confirmation."""
    made = worker.call(
        "POST payment_intents",
        lambda: client.create_payment_intent(2500, "XOF", capture=True, metadata={"order": order}),
        order=order,
    )
    if made.told != "ok":
        return made
    return worker.call(
        "POST confirm",
        lambda: client.confirm_payment_intent(made.result.id, method),
        kind="charge",
        order=order,
    )


async def acharge(worker: Worker, client: Any, order: str, method: str = "pm_success") -> Call:
    made = await worker.acall(
        "POST payment_intents",
        lambda: client.create_payment_intent(2500, "XOF", capture=True, metadata={"order": order}),
        order=order,
    )
    if made.told != "ok":
        return made
    return await worker.acall(
        "POST confirm",
        lambda: client.confirm_payment_intent(made.result.id, method),
        kind="charge",
        order=order,
    )


def again_if_denied(call: Call, do: Callable[[], Call]) -> Call:
    """What was told to have done nothing is tried once more, with a new key."""
    return do() if call.told in ("not_sent", "rejected") else call


# Stories ------------------------------------------------------------------------------------------


@story("payout")
def _payout(shop: Shop) -> None:
    """A payout; told that nothing happened, the merchant pays anew with another key."""

    def till(worker: Worker) -> None:
        with worker.store() as store:
            client = worker.client(store)
            first = payout(worker, client, "p1")
            again_if_denied(first, lambda: payout(worker, client, "p1"))
            worker.recover(client)

    shop.worker("till", till)


@story("payout, async")
def _payout_async(shop: Shop) -> None:
    """The same with the async client."""

    async def till(worker: Worker) -> None:
        store = worker.async_store()
        client = worker.async_client(store)

        async def pay() -> None:
            first = await apayout(worker, client, "p1")
            if first.told in ("not_sent", "rejected"):
                await apayout(worker, client, "p1")

        await worker.beside(pay())
        await worker.beside(worker.arecover(client))
        await worker.beside(worker.atries(store.aclose))

    shop.async_worker("till", till)


@story("pay")
def _pay(shop: Shop) -> None:
    """A card payment: an intent and its confirmation."""

    def till(worker: Worker) -> None:
        client = worker.client(worker.store())
        charge(worker, client, "o1")

    shop.worker("till", till)


@story("pay, async")
def _pay_async(shop: Shop) -> None:
    """Two card payments at once in one event loop, over one store."""

    async def till(worker: Worker) -> None:
        client = worker.async_client(worker.async_store())
        await worker.beside(acharge(worker, client, "o1"), acharge(worker, client, "o2"))

    shop.async_worker("till", till)


@story("pay and refund")
def _refund(shop: Shop) -> None:
    """A charge, given back in two halves."""

    def till(worker: Worker) -> None:
        client = worker.client(worker.store())
        paid = charge(worker, client, "o1")
        if paid.told != "ok":
            return
        for half in ("o1/a", "o1/b"):
            again_if_denied(
                refund(worker, client, paid, half), partial(refund, worker, client, paid, half)
            )
        worker.recover(client)

    shop.worker("till", till)


@story("declined")
def _declined(shop: Shop) -> None:
    """The first card is declined, and the customer takes another one."""

    def till(worker: Worker) -> None:
        client = worker.client(worker.store())
        first = charge(worker, client, "o1", "pm_declined")
        if first.told == "rejected" and first.operation == "POST confirm":
            charge(worker, client, "o1")

    shop.worker("till", till)


@story("cron")
def _cron(shop: Shop) -> None:
    """A stable key, repeated on the next day by a cron job; an hour later somebody recovers."""

    def job(worker: Worker) -> None:
        facts, now = shop.books.facts, shop.simulation.time
        first = facts.setdefault("first", now())
        if 0 <= now() - first < 23.9 * HOUR:
            with worker.store() as store:
                payout(worker, worker.client(store), "p1", "salary-p1")

    def night(worker: Worker) -> None:
        with worker.store() as store:
            worker.recover(worker.client(store))

    shop.books.facts["time passed"] = True
    shop.worker("cron", job, again=True)
    shop.worker("cron again", job, delay=23.5 * HOUR)
    shop.worker("night", night, delay=24.5 * HOUR)


@story("recover beside")
def _beside(shop: Shop) -> None:
    """One process pays, while others recover, blocking and async."""

    def till(worker: Worker) -> None:
        client = worker.client(worker.store())
        payout(worker, client, "p1")
        payout(worker, client, "p2")

    def janitor(worker: Worker) -> None:
        client = worker.client(worker.store())
        for seconds in (0.0, 40.0, 400.0):
            worker.rest(seconds)
            worker.recover(client)

    async def second(worker: Worker) -> None:
        client = worker.async_client(worker.async_store())
        await worker.beside(worker.arecover(client))

    shop.worker("till", till)
    shop.worker("janitor", janitor)
    shop.async_worker("second", second, delay=0.02)


@story("after a crash")
def _crash(shop: Shop) -> None:
    """A worker finds what its predecessors left, recovers it twice at once, and pays on."""

    def till(worker: Worker) -> None:
        client = worker.client(worker.store())
        worker.recover(client)
        if not shop.books.facts.get("done"):
            call = payout(worker, client, "p1", "order-p1")
            shop.books.facts["done"] = call.told != "not_sent"

    async def other(worker: Worker) -> None:
        client = worker.async_client(worker.async_store())
        await worker.beside(worker.arecover(client))

    def leaves_one_open(worker: Worker) -> None:
        client = worker.client(worker.store(), max_retries=0)
        shop.bank.core.script("lost_response")
        payout(worker, client, "p0", most=1)

    shop.worker("predecessor", leaves_one_open)
    shop.worker("till", till, again=True, delay=60.0)
    shop.async_worker("other", other, delay=60.0)


@story("resume")
def _resume(shop: Shop) -> None:
    """A call that failed is gone on with, soon and much later."""

    def till(worker: Worker) -> None:
        client = worker.client(worker.store(), max_retries=0)
        shop.bank.core.script("lost_response")
        call = payout(worker, client, "p1", most=1)
        for seconds in (10.0, 12 * HOUR, 13 * HOUR):
            if call.told != "maybe_processed":
                return
            worker.rest(seconds)
            call = worker.resume(call)

    shop.books.facts["time passed"] = True
    shop.worker("till", till)


@story("resume without a store")
def _plain_resume(shop: Shop) -> None:
    """The same with a client that keeps no journal."""

    def till(worker: Worker) -> None:
        client = worker.client(max_retries=0)
        shop.bank.core.script("lost_response")
        call = payout(worker, client, "p1", most=1, journaled=False)
        for seconds in (10.0, 12 * HOUR, 13 * HOUR):
            if call.told != "maybe_processed":
                return
            worker.rest(seconds)
            call = worker.resume(call)

    shop.worker("till", till)


@story("encrypted", encrypts=True)
def _encrypted(shop: Shop) -> None:
    """A journal that encrypts: an account number, and a caller's own credential in a header."""

    def journal(store: Any) -> Any:
        return store.journal(encrypt=_mask, decrypt=_mask)

    def till(worker: Worker) -> None:
        client = worker.client(journal(worker.store()))
        worker.call(
            "POST payouts",
            lambda: client.create_payout(
                *("shop", "seller", 500, "XOF", {"type": "iban", "iban": IBAN}),
                {"order": "p1"},
                extra_headers={"X-Gateway-Token": GATEWAY},
            ),
            kind="payout",
            order="p1",
        )
        worker.recover(client)

    def successor(worker: Worker) -> None:
        worker.recover(worker.client(journal(worker.store())))

    shop.books.facts.update(journal=journal, ajournal=journal)
    shop.worker("till", till)
    shop.worker("successor", successor, delay=2.0)


@story("credential in a header")
def _header(shop: Shop) -> None:
    """Without encryption such a header is not kept: whoever recovers has to have it."""

    options = {"extra_headers": {"X-Gateway-Token": GATEWAY}}

    def till(worker: Worker) -> None:
        client = worker.client(worker.store()).with_options(**options)
        payout(worker, client, "p1")

    shop.books.facts["call options"] = options
    shop.worker("till", till)


@story("threads")
def _threads(shop: Shop) -> None:
    """One client and one store serve two threads."""

    def till(worker: Worker) -> None:
        client = worker.client(worker.store())
        worker.threads(lambda: payout(worker, client, "p1"), lambda: charge(worker, client, "o1"))

    shop.worker("till", till)


@story("pages")
def _pages(shop: Shop) -> None:
    """Everything is listed, page by page, while the network fails."""

    def till(worker: Worker) -> None:
        client = worker.client(worker.store())
        for number in range(3):
            payout(worker, client, f"p{number}")
        listed = worker.call(
            "GET payouts", lambda: list(client.list_payouts(limit=2)), journaled=False, most=99
        )
        made = shop.bank.objects("payout")
        if isinstance(listed.result, list):
            ids = [each.id for each in listed.result]
            strange = any(each.truth == "page" for each in listed.exchanges)
            strange = strange or any(call.told == "interrupted" for call in shop.books.calls)
            if sorted(ids) != sorted(made) and not strange:
                shop.simulation.fail(f"{len(ids)} payouts were listed, and there are {len(made)}")
        one = next(iter(made), None)
        if one is not None:
            got = worker.call("GET payout", lambda: client.retrieve_payout(one), journaled=False)
            if got.told == "ok" and got.result.id != one:
                shop.simulation.fail("another payout was retrieved")

    shop.worker("till", till)


@story("purge")
def _purge(shop: Shop) -> None:
    """A scheduler removes what is old, beside calls and what they left open."""

    def till(worker: Worker) -> None:
        client = worker.client(worker.store(), max_retries=0)
        payout(worker, client, "p1", "salary-p1", most=1)
        shop.bank.core.script("lost_response")
        payout(worker, client, "p2", "salary-p2", most=1)
        worker.rest(23 * HOUR)
        worker.recover(client)
        worker.rest(1.5 * HOUR)
        worker.recover(client)

    def scheduler(worker: Worker) -> None:
        store = worker.store()
        for seconds in (1.0, 1.0, 23.2 * HOUR, HOUR):
            worker.rest(seconds)
            worker.tries(lambda: store.journal().purge(0))
            worker.tries(lambda: store.purge(0))

    shop.books.facts["time passed"] = True
    shop.worker("till", till)
    shop.worker("scheduler", scheduler, delay=0.5)


@story("dismissed")
def _dismissed(shop: Shop) -> None:
    """A person looks the payment up and closes the entry; nobody sends it afterwards."""

    def till(worker: Worker) -> None:
        store = worker.store()
        client = worker.client(store, max_retries=0)
        shop.bank.core.script("reset=before")
        call = payout(worker, client, "p1", most=1)
        for entry in worker.tries(store.journal().unsettled) or ():
            if worker.tries(lambda entry=entry: store.journal().dismiss(entry.id, "looked up")):
                shop.books.given_up[call.key or ""] = shop.simulation.now
        worker.recover(client)

    shop.worker("till", till)


@story("deadline")
def _deadline(shop: Shop) -> None:
    """A call that may take six seconds in all."""

    def till(worker: Worker) -> None:
        client = worker.client(worker.store(), timeout=4.0)
        worker.call(
            "POST payouts",
            lambda: client.create_payout(
                *("shop", "seller", 500, "XOF", BENEFICIARY, {"order": "p1"}), deadline=6.0
            ),
            kind="payout",
            order="p1",
            deadline=6.0,
        )
        worker.recover(client)

    shop.worker("till", till)


@story("storm", long=True)
def _storm(shop: Shop) -> None:
    """The bank fails for everybody: retries end with the quota, 500 tokens at 5 each."""

    def till(worker: Worker) -> None:
        client = worker.client()
        for _ in range(4):
            shop.bank.core.script(",".join(["status=503"] * 100))
        for number in range(70):
            payout(worker, client, f"p{number}", journaled=False, short_of_quota=True)
        calls = [call for call in shop.books.calls if call.by == worker.process.name]
        repeated = sum(max(len(call.exchanges) - 1, 0) for call in calls)
        if repeated > 100 or (repeated < 100 and not shop.simulation.met):
            shop.simulation.fail(f"{repeated} attempts were repeated, and the quota is for 100")

    shop.worker("till", till)


def refund(worker: Worker, client: Any, paid: Call, order: str) -> Call:
    return worker.call(
        "POST refund",
        lambda: client.create_refund(paid.result.charge_id, 1000, metadata={"order": order}),
        kind="refund",
        order=order,
    )


def effect(delivery: Any) -> None:
    """Write something of one's own, in the inbox's transaction."""
    connection = delivery.connection()
    connection.execute(
        "INSERT INTO effects (event_id, resource) VALUES (?, ?)",
        (delivery.event_id, delivery.resource),
    )


def _mask(content: bytes) -> bytes:
    """Encrypt, and decrypt: enough for whoever looks for words."""
    return bytes(each ^ 0x5A for each in content)


__all__ = ["BENEFICIARY", "STORIES", "apayout", "charge", "effect", "payout", "refund", "story"]
