"""Stories of the idempotency store: who may work under a key, and what the others hear."""

from __future__ import annotations

from typing import Any

from molam_overlays.errors import IdempotencyKeyReusedError, MolamError
from molam_overlays.store.claims import Claim, InFlight, Replay
from tests.simulation.merchant import Call, Shop, Worker
from tests.simulation.run import HOUR
from tests.simulation.stories import apayout, effect, payout, refund, story
from tests.simulation.wire import CLAIMED

ROUTE = "POST /salaries"


def must(call: Call) -> Any:
    """Return what a call gave, or raise what it raised, as work under a claim does."""
    if call.error is not None:
        raise call.error
    return {"id": call.result.id} if call.told == "ok" else {"id": None}


def heard(shop: Shop, who: str, answer: Any) -> None:
    """Every caller of `run` gets the answer of the one that worked."""
    first = shop.books.facts.setdefault("answer", answer)
    if answer != first:
        shop.simulation.fail(f"{who} was answered {answer}, and another caller {first}")
    made = shop.bank.objects("payout")
    if answer["id"] is not None and answer["id"] not in made:
        shop.simulation.fail(f"{who} was answered {answer}, and the bank knows no such payout")


@story("run")
def _run(shop: Shop) -> None:
    """Two processes do the same work under one key at once, and a third one later."""

    def clerk(worker: Worker) -> None:
        store = worker.store()
        client = worker.client(store)

        def work() -> Any:
            return must(payout(worker, client, "p1", "salary-p1"))

        answer = worker.tries(
            lambda: store.run(
                "salary-p1", ROUTE, worker.work_under(work), sleep=shop.simulation.sleep
            )
        )
        if answer is not None:
            heard(shop, worker.process.name, answer)

    async def aclerk(worker: Worker) -> None:
        store = worker.async_store()
        client = worker.async_client(store)

        async def work() -> Any:
            return must(await apayout(worker, client, "p1", "salary-p1"))

        async def main() -> None:
            answer = await worker.atries(
                lambda: store.run("salary-p1", ROUTE, worker.awork_under(work))
            )
            if answer is not None:
                heard(shop, worker.process.name, answer)

        await worker.beside(main())

    shop.finale.append(clerk)
    shop.worker("one", clerk, again=True)
    shop.async_worker("two", aclerk)
    shop.worker("three", clerk, delay=400.0)


@story("two calls, one key")
def _two_calls(shop: Shop) -> None:
    """Work pays, then is refused a refund under the same key; a day later it is asked for again."""

    def clerk(worker: Worker) -> None:
        store = worker.store()
        client = worker.client(store)

        def work() -> Any:
            paid = must(payout(worker, client, "p1", "salary-p1"))
            must(
                worker.call(
                    "POST refund",
                    lambda: client.create_refund("ch_unknown", 10, idempotency_key="salary-p1"),
                    key="salary-p1",
                )
            )
            return paid

        worker.tries(
            lambda: store.run(
                "salary-p1", ROUTE, worker.work_under(work), sleep=shop.simulation.sleep
            )
        )

    shop.books.facts["time passed"] = True
    shop.worker("today", clerk)
    shop.worker("tomorrow", clerk, delay=25 * HOUR)


@story("work without a journal")
def _unjournaled(shop: Shop) -> None:
    """`run` alone keeps a payout from being made twice, whoever dies or comes a day later."""

    def clerk(worker: Worker) -> None:
        store = worker.store()
        client = worker.client()

        def work() -> Any:
            return must(payout(worker, client, "p1", "salary-p1", journaled=False))

        answer = worker.tries(
            lambda: store.run(
                "salary-p1", ROUTE, worker.work_under(work), sleep=shop.simulation.sleep
            )
        )
        if answer is not None:
            heard(shop, worker.process.name, answer)

    shop.books.facts["time passed"] = True
    shop.worker("today", clerk, again=True)
    shop.worker("soon", clerk, delay=20 * HOUR)
    shop.worker("tomorrow", clerk, delay=45 * HOUR)


@story("a remembered answer")
def _remembered(shop: Shop) -> None:
    """An answer is kept for a day at least, whatever a scheduler purges; work is not done again."""
    facts = shop.books.facts

    def clerk(worker: Worker) -> None:
        store = worker.store()
        client = worker.client(store)

        def work() -> Any:
            if facts.get("answered") and not shop.excuses:
                shop.simulation.fail("work is done again although its answer is stored")
            return must(payout(worker, client, "p1", "salary-p1"))

        asked = shop.simulation.now
        first = facts.setdefault("first", shop.simulation.time())
        if not 0 <= shop.simulation.time() - first < 23.9 * HOUR:
            return
        answer = worker.tries(
            lambda: store.run(
                "salary-p1", ROUTE, worker.work_under(work), sleep=shop.simulation.sleep
            )
        )
        if answer is not None:
            heard(shop, worker.process.name, answer)
            facts["answered"] = facts.get("answered") or asked
        found = worker.tries(lambda: store.get_cached_response("salary-p1", ROUTE))
        sound = not worker.process.struck and not shop.disk_failed()
        if answer is not None and found is None and sound:
            shop.simulation.fail("an answer that was given is not stored")

    def scheduler(worker: Worker) -> None:
        store = worker.store()
        worker.tries(lambda: store.purge(0))
        worker.tries(lambda: store.journal().purge(0))

    facts["time passed"] = True
    shop.worker("clerk", clerk)
    shop.worker("scheduler", scheduler, delay=22 * HOUR)
    shop.worker("again", clerk, delay=23 * HOUR)


@story("a late worker")
def _late(shop: Shop) -> None:
    """A claim's lease ends during the work; a successor takes over, and the late one may not finish."""
    facts = shop.books.facts

    def clerk(worker: Worker) -> None:
        store = worker.store()
        client = worker.client(store)
        name = worker.process.name
        CLAIMED.set(shop.simulation.now)
        asked = shop.simulation.time()
        claim = worker.tries(lambda: store.claim("salary-p1", ROUTE, None, 60.0))
        if isinstance(claim, Replay):
            heard(shop, name, claim.response)
        if not isinstance(claim, Claim):
            return
        held = facts.setdefault("held", {})
        for other, (token, until) in held.items():
            at_once = claim.token <= token or until > shop.simulation.time()
            if other != name and at_once and "clock" not in shop.excuses:
                shop.simulation.fail(f"{name} and {other} hold one claim at once")
        held[name] = (claim.token, asked + 60.0)
        answer = None
        try:
            answer = must(payout(worker, client, "p1", "salary-p1"))
        except MolamError:
            held.pop(name, None)
            worker.tries(lambda: store.fail(claim))
        worker.rest(90.0 if name == "slow" else 1.0)
        if answer is None:
            held.pop(name, None)
            return
        done = worker.tries(lambda: store.complete(claim, {**answer, "by": name}) or True)
        held.pop(name, None)
        if done:
            facts.setdefault("completed", []).append(claim.token)
            if claim.token < max(facts["completed"]):
                shop.simulation.fail(f"{name} completed what a successor had completed")
            heard(shop, name, {**answer, "by": name})

    def waiting(worker: Worker) -> None:
        store = worker.store()
        found = worker.tries(lambda: store.claim("salary-p1", ROUTE, None, 60.0))
        if isinstance(found, Claim):
            worker.tries(lambda: store.release(found))
        waits = found.retry_after if isinstance(found, InFlight) else 1.0
        if not 0 < waits <= 60.0 and "clock" not in shop.excuses:
            shop.simulation.fail(f"in flight for {waits} s")

    shop.worker("slow", clerk)
    shop.worker("looking", waiting, delay=30.0)
    shop.worker("quick", clerk, delay=70.0)
    shop.worker("third", clerk, delay=200.0)


@story("another body")
def _another_body(shop: Shop) -> None:
    """One key with two bodies: the second is refused, and nothing is done for it."""

    def clerk(worker: Worker) -> None:
        store = worker.store()
        client = worker.client(store)

        def pay(order: str) -> Any:
            @store.idempotent(route=ROUTE, key=lambda order: "salary", wait_seconds=0.0)
            def paying(order: str) -> Any:
                return must(payout(worker, client, order, "salary"))

            try:
                return paying(order)
            except IdempotencyKeyReusedError:
                shop.books.facts["refused"] = order
                raise

        first = worker.tries(lambda: pay("p1"))
        worker.tries(lambda: pay("p2"))
        calls = [call for call in shop.books.calls if call.order == "p2"]
        if first is not None and calls:
            shop.simulation.fail("the second body was worked on")

    shop.worker("clerk", clerk)


@story("own transaction")
def _own_transaction(shop: Shop) -> None:
    """An answer is stored in the transaction of the merchant's own row: both, or neither."""

    def clerk(worker: Worker) -> None:
        store = worker.store()
        client = worker.client(store)
        CLAIMED.set(shop.simulation.now)
        claim = worker.tries(lambda: store.claim("salary-p1", ROUTE))
        if not isinstance(claim, Claim):
            return
        paid = payout(worker, client, "p1", "salary-p1")
        if paid.told != "ok":
            worker.tries(lambda: store.fail(claim, paid.error))
            return
        connection = worker.file()
        if connection is None:
            worker.tries(lambda: store.fail(claim))
            return
        worker.borrowed.append(connection)

        def write() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO answers (text) VALUES (?)", (paid.result.id,))
            store.complete(claim, {"id": paid.result.id}, connection=connection)
            connection.execute("COMMIT")

        worker.own(connection, write)

    def both_or_neither(worker: Worker) -> None:
        answers = shop.rows("SELECT count(*) FROM answers")[0][0]
        sql = "SELECT count(*) FROM server_idempotency WHERE response IS NOT NULL"
        stored = shop.rows(sql)[0][0]
        if answers != stored:
            shop.simulation.fail(f"{answers} rows of the merchant's, and {stored} stored answers")

    shop.finale.append(both_or_neither)
    shop.worker("clerk", clerk)


@story("one connection")
def _one_connection(shop: Shop) -> None:
    """A connection that the caller opened serves a store, an inbox and two threads in turn."""

    def till(worker: Worker) -> None:
        connection = worker.tries(worker.file)
        if connection is None:
            return
        store, inbox = worker.store(connection), worker.inbox(connection)
        client = worker.client(store)

        def receive() -> None:
            inbox.receive("evt_1", "payout.paid", b"{}", resource="po_1")
            inbox.process(effect)

        worker.threads(lambda: payout(worker, client, "p1"), lambda: worker.tries(receive))
        if connection.in_transaction:
            shop.simulation.fail("the caller's connection is left in a transaction")
        payout(worker, client, "p2")

    shop.worker("till", till)


@story("one connection, async")
def _one_connection_async(shop: Shop) -> None:
    """The same in an event loop, whose steps run in threads."""

    async def till(worker: Worker) -> None:
        connection = await worker.atries(worker.afile)
        if connection is None:
            return
        store = worker.async_store(connection)
        client = worker.async_client(store)
        await worker.beside(apayout(worker, client, "p1"), apayout(worker, client, "p2"))
        if connection.in_transaction:
            shop.simulation.fail("the caller's connection is left in a transaction")
        await worker.beside(worker.atries(lambda: store.get_cached_response("k", "r")))

    shop.async_worker("till", till)


__all__ = ["refund"]
