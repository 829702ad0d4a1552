"""One story under one schedule, from its beginning to what a calm world makes of its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import attrs

from tests.simulation import invariants
from tests.simulation.bank import sandbox_core
from tests.simulation.disguise import disguised
from tests.simulation.kernel import Broken, Fault, Simulation, Step
from tests.simulation.merchant import Shop, Worker

HOUR = 3600.0


@attrs.frozen
class Story:
    """What a merchant does, and what is special about it."""

    name: str
    tell: Callable[[Shop], None] = attrs.field(repr=False)
    about: str
    encrypts: bool = False
    long: bool = False
    """Too long for every single fault at every step."""


@attrs.frozen
class Outcome:
    """What came of one run."""

    story: str
    faults: tuple[Fault, ...]
    broken: str | None
    """Which invariant broke, in words; None if all held."""
    steps: tuple[Step, ...] = attrs.field(repr=False)
    met: tuple[Fault, ...]
    """The faults that happened, each at the address of its step."""
    disk: tuple[str, ...] = attrs.field(default=(), repr=False)
    """What was on disk in the end."""
    lines: dict[str, int] = attrs.field(factory=dict, repr=False)
    """How many lines of the product each process went through; counted where a schedule names one."""
    end: Any = None
    """What the merchant, the bank and the journal know in the end, without ids and times."""


def play(story: Story, faults: tuple[Fault, ...] = (), seed: int = 1) -> Outcome:
    """Run a story under a schedule."""
    simulation = Simulation(faults)
    with disguised(simulation, seed) as disguise:
        shop = Shop(simulation, seed)
        disguise._exchange(sandbox_core, "account_of", shop.bank.account_of)
        broken: str | None = None
        try:
            simulation.watches.append(lambda: invariants.after_step(shop))
            story.tell(shop)
            simulation.run()
            _check_calmly(shop, story)
        except Broken as error:
            broken = str(error)
        except BaseException as error:
            import traceback

            broken = "".join(traceback.format_exception(error))
        finally:
            disk = tuple(_on_disk(shop)) if broken is not None else ()
            end = _end_of(shop)
            shop.close()
    return Outcome(
        story.name,
        faults,
        broken,
        tuple(simulation.steps),
        tuple(simulation.met),
        disk,
        dict(simulation.lines),
        end,
    )


def _check_calmly(shop: Shop, story: Story) -> None:
    """Let nothing go wrong any more: what is open is settled, and nothing else changes."""
    simulation = shop.simulation
    simulation.calm = True
    shop.bank.core.forget_faults()
    invariants.the_file_is_free(shop)
    simulation.now += HOUR
    for work in shop.finale:
        shop.worker("afterwards", work)
    if shop.finale:
        simulation.run()
    shop.worker("auditor", lambda worker: _audit(worker))
    simulation.run()
    invariants.no_entry_is_lost(shop)
    invariants.what_was_accepted_is_in_the_inbox(shop)
    invariants.what_was_handled_took_effect(shop)
    invariants.what_happened_is_known(shop)
    simulation.now += 25 * HOUR
    if any(row["settled_at"] is None for row in shop.journal()):
        shop.async_worker("late auditor", _audit_late)
        simulation.run()
    invariants.after_step(shop)
    invariants.no_secret_came_out(shop)
    if story.encrypts:
        invariants.no_secret_is_on_disk(shop)
    invariants.the_file_is_free(shop)


def _audit(worker: Worker) -> None:
    shop = worker.shop
    with_key = shop.books.facts.get("journal", lambda store: store)
    store = worker.store()
    client = worker.client(with_key(store), **shop.books.facts.get("options", {}))
    client = client.with_options(**shop.books.facts.get("call options", {}))
    what_is_open_is_listed(shop, store.journal().unsettled())
    rows = worker.recover(client)
    for row in rows:
        every_open_entry_is_settled(shop, row)
    before = _state(shop)
    worker.recover(client)
    after = _state(shop)
    if before != after:
        shop.simulation.fail(f"a second recovery changed {before} into {after}")
    store.close()


async def _audit_late(worker: Worker) -> None:
    shop = worker.shop
    with_key = shop.books.facts.get("ajournal", lambda store: store)
    store = worker.async_store()
    client = worker.async_client(with_key(store))

    async def main() -> None:
        await worker.arecover(client)
        await store.aclose()

    await worker.beside(main())


def what_is_open_is_listed(shop: Shop, listed: list[Any]) -> None:
    """The journal lists what is open, each as old as its key."""
    open_keys = [row["idempotency_key"] for row in shop.journal() if row["settled_at"] is None]
    if sorted(each.key for each in listed) != sorted(open_keys):
        shop.simulation.fail(f"{len(listed)} entries are listed, and {len(open_keys)} are open")
    for each in listed:
        left = shop.left_at.get(each.key)
        if left is None or "clock" in shop.excuses or "unsendable" in shop.books.facts:
            continue
        if each.age < shop.simulation.now - left - 1.0:
            shop.simulation.fail(f"{each.key} is told to be younger than it is")


def every_open_entry_is_settled(shop: Shop, row: Any) -> None:
    """Once the network is sound, a recovery settles what it may send, and lists all else."""
    if row.outcome in ("settled", "rejected"):
        return
    if row.outcome == "unknown" and row.status is not None and 400 <= row.status <= 499:
        return
    unsendable = shop.books.facts.get("unsendable", {})
    if row.key in unsendable or (not row.key and unsendable):
        return
    excuses = {"too_old": "time passed" in shop.books.facts, "unreadable": False}
    excuses["withheld"] = "clock" in shop.excuses
    excuses["other_account"] = "rotation" in shop.excuses
    if not excuses.get(row.outcome, False):
        shop.simulation.fail(f"in a calm world {row.key} stays {row.outcome}: {row.detail}")


def _state(shop: Shop) -> Any:
    rows = [(row["id"], row["settled_at"], row["outcome"]) for row in shop.journal()]
    return rows, dict(shop.bank.effects)


def _on_disk(shop: Shop) -> list[str]:
    lines = []
    for table in ("call_journal", "server_idempotency", "received_webhooks", "effects"):
        cursor = shop.disk.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            shown = {
                name: value
                for name, value in zip(names, row, strict=True)
                if value is not None and name not in ("headers", "body", "payload", "fingerprint")
            }
            lines.append(f"{table}: {shown}")
    lines.extend(f"ledger: {kind} {order}: {n}" for (kind, order), n in shop.bank.effects.items())
    return lines


def _end_of(shop: Shop) -> Any:
    told = [(call.operation, call.order, call.told) for call in shop.books.calls]
    tried = [[each.truth for each in call.exchanges] for call in shop.books.calls]
    entries = [(row["path"].rpartition("/")[2], row["outcome"]) for row in shop.journal()]
    return told, tried, entries, sorted(shop.bank.effects.items())


__all__ = ["Outcome", "Story", "asyncio", "play"]
