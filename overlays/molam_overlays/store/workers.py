"""How events are handed to a handler: one at a time, or a batch, blocking and async."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from molam_overlays.drive import adrive, drive
from molam_overlays.errors import StoreError
from molam_overlays.store import batches, deliveries, fork, way
from molam_overlays.store.arguments import failure_text
from molam_overlays.store.awaiting import AsyncDatabase, AsyncTransaction
from molam_overlays.store.batches import Alone, Batch, Call, Within, carry_out
from molam_overlays.store.blocking import Database, Transaction
from molam_overlays.store.deliveries import Held
from molam_overlays.store.handling import (
    AsyncDelivery,
    AsyncHandler,
    Delivery,
    Handler,
    Rules,
    Stop,
    facts_of,
    log_failure,
)
from molam_overlays.store.statement import Ask


class Worker:
    """Takes events from an inbox and sees them through."""

    def __init__(self, database: Database, rules: Rules, random: Callable[[], float]) -> None:
        self._database = database
        self._rules = rules
        self._random = random

    def process(self, handler: Handler) -> bool:
        """Handle the next event that is due; False when there is none."""
        held = self._database.run(deliveries.taking, *self._rules)
        if held is None:
            return False
        self._alone(handler, held)
        return True

    def process_batch(self, handler: Handler, most: int, stop: Stop) -> int:
        """Handle up to `most` events that are due; return how many."""
        if self._database.ambient:  # the library would not know of a handler that is undone
            return int(self.process(handler))
        events = self._database.run(batches.taking, *self._rules, most)
        if len(events) < 2:
            for held in events:
                self._alone(handler, held)
            return len(events)
        transaction = self._database.transaction()
        batch = Batch(
            events, self._rules, self._random, transaction, lambda: stopwatch(self._database)
        )
        act = self._acting(handler, batch, transaction)
        try:
            try:
                return drive(batch.working(stop), act)
            finally:
                transaction.end()
        finally:
            transaction.end()

    def _acting(
        self, handler: Handler, batch: Batch, transaction: Transaction
    ) -> Callable[[Any], Any]:
        def call(held: Held) -> None:
            def begin() -> Any:
                drive(batch.asking(held), act)
                return transaction.connection

            with way.holding(self._database.location, lambda: drive(batch.yielding(), act)):
                handler(Delivery(begin=begin, **facts_of(held)))

        def act(step: Any) -> Any:
            if isinstance(step, Call):
                return call(step.held)
            if isinstance(step, Alone):
                return self._alone(handler, step.held)
            return carry_out(step, self._database, transaction)

        return act

    def _alone(self, handler: Handler, held: Held) -> None:
        generation = fork.generation()
        transaction = self._database.transaction()
        try:
            try:
                self._handle(handler, held, transaction)
            finally:
                transaction.end()
        except BaseException as error:
            if fork.generation() != generation:
                raise  # the event is the parent's still
            if isinstance(error, Exception):  # whatever a user's handler raises
                self._fail(held, error)
                return
            with contextlib.suppress(StoreError):  # then its lease brings the event back
                self._database.run(deliveries.returning, held)
            raise
        finally:
            transaction.end()

    def _handle(self, handler: Handler, held: Held, transaction: Transaction) -> None:
        def begin() -> Any:
            if transaction.session is None:
                transaction.begin()
                try:
                    transaction.run(deliveries.confirming, held)
                except StoreError:
                    transaction.end()
                    raise
            return transaction.connection

        if self._database.ambient:
            begin()
        handler(Delivery(begin=begin, **facts_of(held)))
        if transaction.session is not None:
            transaction.run(deliveries.finishing, held)
            transaction.commit()
        else:
            self._database.run(deliveries.finishing, held)

    def _fail(self, held: Held, error: Exception) -> None:
        state = self._database.run(
            deliveries.failing, held, failure_text(error) or "", self._rules[2], self._random()
        )
        log_failure(held, state, error)


def stopwatch(database: Database | AsyncDatabase) -> Callable[[], float]:
    """Return what tells the seconds since now, by this machine or by the inbox's clock."""
    steady, moment = time.monotonic(), database.moment()

    def seconds() -> float:
        now = database.moment()
        passed = 0.0 if now is None or moment is None else now - moment
        return max(time.monotonic() - steady, passed)

    return seconds


class AsyncWorker:
    """The async twin of `Worker`."""

    def __init__(self, database: AsyncDatabase, rules: Rules, random: Callable[[], float]) -> None:
        self._database = database
        self._rules = rules
        self._random = random

    async def process(self, handler: AsyncHandler) -> bool:
        """See `Worker.process`."""
        held = await self._database.run(deliveries.taking, *self._rules)
        if held is None:
            return False
        await self._alone(handler, held)
        return True

    async def process_batch(self, handler: AsyncHandler, most: int, stop: Stop) -> int:
        """See `Worker.process_batch`."""
        if self._database.ambient:
            return int(await self.process(handler))
        events = await self._database.run(batches.taking, *self._rules, most)
        if len(events) < 2:
            for held in events:
                await self._alone(handler, held)
            return len(events)
        async with self._database.transaction() as transaction:
            batch = Batch(
                events, self._rules, self._random, transaction, lambda: stopwatch(self._database)
            )
            return await adrive(batch.working(stop), self._acting(handler, batch, transaction))

    def _acting(
        self, handler: AsyncHandler, batch: Batch, transaction: AsyncTransaction
    ) -> Callable[[Any], Any]:
        def make_way() -> None:
            threaded = self._database.threaded
            assert threaded is not None, "a file is SQLite's"
            transaction.now(
                lambda own: drive(batch.yielding(), lambda step: carry_out(step, threaded, own))
            )

        async def call(held: Held) -> None:
            async def begin() -> Any:
                await adrive(batch.asking(held), act)
                return transaction.connection

            with way.holding(self._database.location, make_way):
                await handler(AsyncDelivery(begin=begin, **facts_of(held)))

        async def act(step: Any) -> Any:
            if isinstance(step, Call):
                return await call(step.held)
            if isinstance(step, Alone):
                return await self._alone(handler, step.held)
            if isinstance(step, Ask):
                return await self._database.run(step.decide, *step.arguments)
            if isinstance(step, Within):
                return await transaction.run(step.decide, *step.arguments)
            if step.verb == "begin":
                return await transaction.begin()
            if step.verb == "commit":
                return await transaction.commit()
            return await transaction.end(interrupted=step.verb == "abandon")

        return act

    async def _alone(self, handler: AsyncHandler, held: Held) -> None:
        generation = fork.generation()
        try:
            async with self._database.transaction() as transaction:
                await self._handle(handler, held, transaction)
        except GeneratorExit:  # nothing can be awaited: its lease brings the event back
            raise
        except BaseException as error:
            if fork.generation() != generation:
                raise  # the event is the parent's still
            if isinstance(error, Exception):  # whatever a user's handler raises
                await self._fail(held, error)
                return
            with contextlib.suppress(StoreError):  # then its lease brings the event back
                await self._database.run(deliveries.returning, held)
            raise

    async def _handle(
        self, handler: AsyncHandler, held: Held, transaction: AsyncTransaction
    ) -> None:
        async def begin() -> Any:
            if not transaction.begun:
                await transaction.begin()
                try:
                    await transaction.run(deliveries.confirming, held)
                except StoreError:
                    await transaction.end()
                    raise
            return transaction.connection

        if self._database.ambient:
            await begin()
        await handler(AsyncDelivery(begin=begin, **facts_of(held)))
        if transaction.begun:
            await transaction.run(deliveries.finishing, held)
            await transaction.commit()
        else:
            await self._database.run(deliveries.finishing, held)

    async def _fail(self, held: Held, error: Exception) -> None:
        state = await self._database.run(
            deliveries.failing, held, failure_text(error) or "", self._rules[2], self._random()
        )
        log_failure(held, state, error)
