"""A merchant: what was meant, what the workers were told, and the disk that outlives them."""

from __future__ import annotations

import asyncio
import atexit
import functools
import logging
import random
import shutil
import sqlite3
import tempfile
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import attrs

from molam_overlays.calls.world import World
from molam_overlays.errors import MolamError
from molam_overlays.store.inbox import AsyncInbox, Inbox
from molam_overlays.store.journal import Recovered
from molam_overlays.wire import Request
from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.idempotency import AsyncIdempotencyStore, IdempotencyStore
from tests.simulation import disk, invariants
from tests.simulation import loop as loops
from tests.simulation.bank import Bank, operation_of
from tests.simulation.kernel import (
    Fault,
    Killed,
    Process,
    Simulation,
    Struck,
    StruckHard,
    Task,
    here,
)
from tests.simulation.wire import (
    CALL,
    CLAIMED,
    RECOVERING,
    AwaitingAdapter,
    BlockingAdapter,
    Exchange,
    Wire,
)

ROOT = Path(__file__).resolve().parents[2]
API_KEYS = ("sk_test_simulated0000000001", "sk_test_simulated0000000002")
WEBHOOK_SECRET = "whsec_simulated00000000000000000001"
IBAN = "FR7630006000011234567890189"
GATEWAY = "gateway-token-77aa88bb99cc"
SECRETS = (*API_KEYS, WEBHOOK_SECRET, GATEWAY)
MAX_RETRIES = 2
TIMEOUT = 30.0

logger = logging.getLogger("molam_sdk")


@attrs.define(eq=False)
class Call:
    """One call that the merchant made, and what came of it."""

    operation: str
    """As the bank names it: ``POST payouts``."""
    kind: str
    """How the money moves, if it does: ``payout``, ``charge``, ``refund``; else empty."""
    order: str
    key: str | None
    began: float
    by: str
    fresh: bool
    """Whether its key is used for the first time."""
    resumed: bool = False
    journaled: bool = True
    deadline: float | None = None
    short_of_quota: bool = False
    """Whether its client may have no retries left."""
    alive: Callable[[], bool] = lambda: True
    """Whether the process that makes it still runs."""
    own: bool = False
    """Whether it goes through an httpx.Client of the merchant's, of which nobody knows what left."""
    most: int = MAX_RETRIES + 1
    """Attempts at most."""
    exchanges: list[Exchange] = attrs.field(factory=list)
    told: str = "nothing yet"
    """``ok``, a delivery, ``strange`` for an answer that names nothing, ``interrupted``."""
    result: Any = None
    error: BaseException | None = None
    ended: float | None = None


class Books:
    """What the merchant means and knows; it is on paper, and outlives every process."""

    def __init__(self) -> None:
        self.meant: Counter[tuple[str, str]] = Counter()
        self.calls: list[Call] = []
        self.recovered: list[tuple[float, Recovered]] = []
        self.keys: set[str] = set()
        self.given_up: dict[str, float] = {}
        """Keys of calls that were interrupted before a byte left, and when."""
        self.texts: list[str] = []
        """Whatever came out for people to read."""
        self.facts: dict[str, Any] = {}
        """A story's own notes."""

    def means(self, kind: str, order: str, times: int = 1) -> None:
        """Want money to move for an order so often, however often that is asked for."""
        self.meant[kind, order] = max(self.meant[kind, order], times)


class _Logs(logging.Handler):
    """Keeps what the product logs, to be searched for secrets."""

    def __init__(self, books: Books) -> None:
        super().__init__()
        self.books = books
        self.format_error = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        task = here()
        if task is not None and task.process.alive:
            self.books.texts.append(self.format_error.format(record))


@functools.cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        connection = sqlite3.connect(path)
        script = next((ROOT / "migrations" / "sqlite").glob("001_*.sql"))
        connection.executescript(script.read_text(encoding="utf-8"))
        connection.executescript(
            "CREATE TABLE effects (event_id TEXT, resource TEXT); CREATE TABLE answers (text TEXT);"
            "PRAGMA wal_checkpoint(TRUNCATE);"
        )
        connection.close()
        return path.read_bytes()


@functools.cache
def _folder() -> Path:
    memory, usual = Path("/dev/shm"), Path(tempfile.gettempdir())
    # Within `make test` the usual folder lies in memory, too, and is removed whatever happens.
    there = memory if memory.is_dir() and not usual.is_relative_to(memory) else usual
    made = tempfile.mkdtemp(prefix="simulation-", dir=there)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


class Shop:
    """The merchant's machines, the network and the bank of one simulation."""

    def __init__(self, simulation: Simulation, seed: int) -> None:
        self.simulation = simulation
        self.seed = seed
        self.dice = random.Random(seed)
        self.books = Books()
        self.bank = Bank(simulation, seed)
        self.wire = Wire(self)
        self.api_key = API_KEYS[0]
        self.path = _folder() / "shop.db"
        self._renew_disk()
        self.disk = sqlite3.connect(
            self.path, isolation_level=None, timeout=0, check_same_thread=False
        )
        """To look with; no process's."""
        self.finale: list[Callable[[Worker], object]] = []
        """What remains to be done when nothing goes wrong any more, by story."""
        self.excuses: set[str] = set()
        self.problems: list[str] = []
        self.pids: Counter[str] = Counter()
        self.elsewhere_process = simulation.process("the network", 1)
        self.left_at: dict[str, float] = {}
        """Keys that left, and whose entry must be found; and when they first did."""
        self.set_back_at = -1.0
        self.postman: Any = None
        self.told = 0
        self.commits_seen = 0
        self.seen: object = None
        self.sending_with = ""
        self.who = ""
        simulation.actions.update(
            hour=lambda task, fault: self.pass_time(3600.0),
            day=lambda task, fault: self.pass_time(25 * 3600.0),
            back=self._step_back,
            rotate=self._rotate,
            close=self._close,
        )
        self.logs = _Logs(self.books)
        logger.addHandler(self.logs)
        self._propagates = logger.propagate
        logger.propagate = False

    def _renew_disk(self) -> None:
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)
        self.path.write_bytes(_template())
        self.path.chmod(0o600)

    def close(self) -> None:
        logger.removeHandler(self.logs)
        logger.propagate = self._propagates
        self.disk.close()

    # What goes wrong with the world

    def pass_time(self, seconds: float) -> None:
        self.simulation.now += seconds
        self.books.facts["time passed"] = True

    def _step_back(self, task: Task, fault: Fault) -> None:
        self.simulation.skew -= (5 if fault.arg % 2 == 0 else 29) * 3600.0
        self.set_back_at = self.simulation.now
        self.excuses.add("clock")

    def _rotate(self, task: Task, fault: Fault) -> bool:
        if self.api_key == API_KEYS[1]:
            return False
        self.bank.revoked.add(self.api_key)
        self.api_key = API_KEYS[1]
        self.excuses.add("rotation")
        return True

    def _close(self, task: Task, fault: Fault) -> bool:
        process = task.process
        if not process.closable:
            return False
        chosen = process.closable[fault.arg % len(process.closable)]
        self.simulation.spawn(process, f"{process.name}, closing", chosen)
        return True

    def elsewhere(self, delay: float, acting: Callable[[], Any], what: str) -> None:
        """Let a request arrive on its own, whoever waits for it."""
        simulation = self.simulation

        def arrive() -> None:
            simulation.wait(simulation.now + delay)
            simulation.step("arrives", what)
            for seconds in acting():
                simulation.wait(simulation.now + seconds)

        simulation.spawn(self.elsewhere_process, "the network", arrive)

    # What is on disk

    def rows(self, sql: str, *values: Any) -> list[Any]:
        return self.disk.execute(sql, values).fetchall()

    def leaves(self, request: Request, process: Process) -> None:
        """Look, as a request leaves, whether its intent is on disk."""
        key = request.headers.get("Idempotency-Key")
        call = CALL.get()
        if key is None or (call is not None and not call.journaled):
            return
        operation = operation_of(request.method, request.url)
        self.left_at.setdefault(key, self.simulation.now)
        found = self.rows(
            "SELECT count(*) FROM call_journal WHERE idempotency_key = ? AND settled_at IS NULL",
            key,
        )
        if not found[0][0]:
            self.simulation.fail(
                f"{operation} leaves with the key {key}, and no open entry of the journal says so"
            )
        self.who = process.name
        self.sending_with = request.headers["Authorization"].removeprefix("Bearer ")
        if RECOVERING.get() or (call is not None and call.resumed):
            invariants.what_may_be_sent_again(self, key, operation)

    def set_back_since_it_looked(self) -> bool:
        """Tell whether the clock was set back after the running process last decided by it."""
        task = here()
        assert task is not None
        looked: float = task.process.memory.get("looked", 0.0)
        call = CALL.get()
        if call is not None:
            looked = call.began
        return self.set_back_at >= looked

    def disk_failed(self) -> bool:
        """Tell whether something kept the journal from being written as it should."""
        return any(fault.kind in invariants.DISK_FAULTS for fault in self.simulation.met)

    def journal(self) -> list[dict[str, Any]]:
        cursor = self.disk.execute("SELECT * FROM call_journal ORDER BY id")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    # Who works

    def worker(
        self,
        name: str,
        work: Callable[[Worker], object],
        *,
        again: bool = False,
        delay: float = 0.0,
    ) -> None:
        """Start a blocking process; `again`: a supervisor starts it anew when it was killed."""
        self._start(name, lambda worker: work(worker), again, delay, main_is_signalled=True)

    def async_worker(
        self,
        name: str,
        work: Callable[[Worker], Coroutine[Any, Any, None]],
        *,
        again: bool = False,
        delay: float = 0.0,
    ) -> None:
        """Start a process with an event loop."""

        def main(worker: Worker) -> None:
            loops.run(self.simulation, worker.process, lambda: work(worker))

        self._start(name, main, again, delay, main_is_signalled=False)

    def _start(
        self,
        name: str,
        work: Callable[[Worker], object],
        again: bool,
        delay: float,
        *,
        main_is_signalled: bool,
    ) -> None:
        # In containers the process id is the same each time.
        pid = 100 + list(self.pids).index(name) if name in self.pids else 100 + len(self.pids)
        self.pids[name] += 1
        process = self.simulation.process(name, pid)
        if again and self.pids[name] < 4:
            process.again = lambda: self._start(
                name, work, True, 5.0, main_is_signalled=main_is_signalled
            )

        def body() -> None:
            if delay:
                self.simulation.wait(self.simulation.now + delay)
            worker = Worker(self, process)
            try:
                self.simulation.step("starts")
                work(worker)
            except BaseException as error:
                worker.sort(error)
            worker.end()

        task = self.simulation.spawn(process, name, body)
        task.signalled = main_is_signalled


class Worker:
    """One process of the merchant's."""

    def __init__(self, shop: Shop, process: Process) -> None:
        self.shop = shop
        self.process = process
        self.simulation = shop.simulation
        self.books = shop.books
        self.stores: list[Any] = []
        self.borrowed: list[Any] = []
        """Connections that the worker itself opened and handed in."""
        self.world = World(
            monotonic=self.simulation.monotonic,
            now=lambda: datetime.fromtimestamp(self.simulation.time(), timezone.utc),
            random=shop.dice.random,
        )

    @property
    def url(self) -> str:
        return f"sqlite:///{self.shop.path}"

    def config(self, **options: Any) -> Config:
        return Config(
            api_key=self.shop.api_key,
            api_base="http://localhost",
            webhook_secret=WEBHOOK_SECRET,
            **{"max_retries": MAX_RETRIES, "timeout": TIMEOUT, **options},
        )

    def _keep(self, store: Any, *, asynchronous: bool = False) -> Any:
        self.stores.append(store)
        if asynchronous:
            self.process.closable.append(lambda: loops.soon(self.process, store.aclose))
        else:
            self.process.closable.append(store.close)
        return store

    def store(self, target: Any = None) -> IdempotencyStore:
        made: IdempotencyStore = self._keep(IdempotencyStore(target or self.url))
        return made

    def async_store(self, target: Any = None) -> AsyncIdempotencyStore:
        made: AsyncIdempotencyStore = self._keep(
            AsyncIdempotencyStore(target or self.url), asynchronous=True
        )
        return made

    def inbox(self, target: Any = None, **options: Any) -> Inbox:
        made: Inbox = self._keep(Inbox(target or self.url, random=self.shop.dice.random, **options))
        return made

    def async_inbox(self, **options: Any) -> AsyncInbox:
        made: AsyncInbox = self._keep(
            AsyncInbox(self.url, random=self.shop.dice.random, **options), asynchronous=True
        )
        return made

    def client(self, journal: Any = None, **options: Any) -> MolamClient:
        return MolamClient(
            self.config(**options),
            BlockingAdapter(self.shop.wire),
            idempotency_store=journal,
            world=self.world,
            sleep=self.simulation.sleep,
        )

    def async_client(self, journal: Any = None, **options: Any) -> MolamAsyncClient:
        return MolamAsyncClient(
            self.config(**options),
            AwaitingAdapter(self.shop.wire),
            idempotency_store=journal,
            world=self.world,
        )

    def rest(self, seconds: float = 0.0) -> None:
        """Do something else for a while."""
        self.simulation.sleep(seconds, "rests")

    # Calls

    def _begin(self, operation: str, kind: str, order: str, key: str | None, **facts: Any) -> Call:
        fresh = key is None or key not in self.books.keys
        if key is not None:
            self.books.keys.add(key)
            self.books.given_up.pop(key, None)
        if kind:
            self.books.means(kind, order)
        call = Call(
            operation, kind, order, key, self.simulation.now, self.process.name, fresh, **facts
        )
        call.alive = lambda: self.process.alive
        self.books.calls.append(call)
        return call

    def call(
        self,
        operation: str,
        do: Callable[[], Any],
        *,
        kind: str = "",
        order: str = "",
        key: str | None = None,
        **facts: Any,
    ) -> Call:
        """Make a call, and note what it came to. Never raises but what ends the process."""
        call = self._begin(operation, kind, order, key, **facts)
        token = CALL.set(call)
        try:
            call.result = do()
            call.told = "ok"
        except BaseException as error:
            self._hear(call, error)
        finally:
            CALL.reset(token)
            self._note(call)
        return call

    async def acall(
        self,
        operation: str,
        do: Callable[[], Awaitable[Any]],
        *,
        kind: str = "",
        order: str = "",
        key: str | None = None,
        **facts: Any,
    ) -> Call:
        """As `call`."""
        call = self._begin(operation, kind, order, key, **facts)
        token = CALL.set(call)
        try:
            call.result = await do()
            call.told = "ok"
        except BaseException as error:
            self._hear(call, error)
        finally:
            CALL.reset(token)
            self._note(call)
        return call

    def resume(self, call: Call) -> Call:
        """Go on with a failed call, if it says that it can be."""
        error = call.error
        assert isinstance(error, MolamError)
        return self.call(
            call.operation,
            error.resume,
            kind=call.kind,
            order=call.order,
            key=error.idempotency_key,
            resumed=True,
            journaled=call.journaled,
            most=call.most,
        )

    def _hear(self, call: Call, error: BaseException) -> None:
        if isinstance(error, (Killed, GeneratorExit)) or not self.process.alive:
            raise Killed
        call.error = error
        if type(error).__name__ == "HookError":
            call.told = "hooked"
        elif isinstance(error, MolamError):
            call.told = error.delivery
            call.key = call.key or error.idempotency_key
        elif self.may_raise(error):
            call.told = "interrupted"
        else:
            self.foreign(error)

    def _note(self, call: Call) -> None:
        if not self.process.alive:
            return
        call.ended = self.simulation.now
        if call.key is None:
            keys = [each.key for each in call.exchanges if each.key is not None]
            call.key = keys[0] if keys else None
        if call.told == "ok" and not getattr(call.result, "id", None):
            call.told = "strange"
        left = any(each.left for each in call.exchanges)
        first = call.fresh and not call.resumed and not call.own
        if call.told == "interrupted" and not left and first and call.key is not None:
            self.books.given_up[call.key] = self.simulation.now
        if call.error is not None:
            self.books.texts.append(
                "".join(traceback.format_exception(call.error)) + repr(call.error)
            )
        if call.result is not None:
            self.books.texts.append(repr(call.result))
        self.simulation._watch()
        invariants.after_call(self.shop, call)

    def may_raise(self, error: BaseException) -> bool:
        """Tell whether an exception is one that was thrown in from outside."""
        thrown_in = isinstance(error, (Struck, StruckHard, asyncio.CancelledError))
        return thrown_in and self.process.struck

    def foreign(self, error: BaseException) -> None:
        """Say that something came out that is not ours."""
        text = "".join(traceback.format_exception(error)[-6:])
        self.simulation.fail(
            f"{type(error).__name__} came out, which is none of our errors: {text}"
        )

    def tries(self, do: Callable[[], Any]) -> Any:
        """Do something with a store; our own errors and interruptions are None."""
        try:
            return do()
        except BaseException as error:
            self.sort(error)
            return None

    async def atries(self, do: Callable[[], Awaitable[Any]]) -> Any:
        """As `tries`."""
        try:
            return await do()
        except BaseException as error:
            self.sort(error)
            return None

    def sort(self, error: BaseException) -> None:
        """Take our own errors and interruptions; anything else is a fault."""
        if isinstance(error, (Killed, GeneratorExit)) or not self.process.alive:
            raise Killed
        if isinstance(error, MolamError):
            self.books.texts.append("".join(traceback.format_exception(error)))
        elif not self.may_raise(error):
            self.foreign(error)

    def recover(self, client: MolamClient) -> list[Recovered]:
        """Recover, and note what was told."""
        token = RECOVERING.set(True)
        try:
            rows: list[Recovered] = self.tries(client.recover) or []
        finally:
            RECOVERING.reset(token)
        self._note_recovered(rows)
        return rows

    async def arecover(self, client: MolamAsyncClient) -> list[Recovered]:
        """As `recover`."""
        token = RECOVERING.set(True)
        try:
            rows: list[Recovered] = await self.atries(client.recover) or []
        finally:
            RECOVERING.reset(token)
        self._note_recovered(rows)
        return rows

    def _note_recovered(self, rows: list[Recovered]) -> None:
        self.books.recovered.extend((self.simulation.now, row) for row in rows)
        self.books.texts.extend(repr(row) for row in rows)
        self.simulation._watch()

    def work_under(self, work: Callable[[], Any]) -> Callable[[], Any]:
        """Note, for `store.run`, since when its claim can have been granted."""
        asked = self.simulation.now

        def noted() -> Any:
            token = CLAIMED.set(asked)
            try:
                return work()
            finally:
                CLAIMED.reset(token)

        return noted

    def awork_under(self, work: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        """As `work_under`."""
        asked = self.simulation.now

        async def noted() -> Any:
            token = CLAIMED.set(asked)
            try:
                return await work()
            finally:
                CLAIMED.reset(token)

        return noted

    def threads(self, *works: Callable[[], object]) -> None:
        """Do several things at once, each in a thread of this process."""

        def guarded(work: Callable[[], object]) -> Callable[[], None]:
            def run() -> None:
                self.tries(work)

            return run

        tasks = [
            self.simulation.spawn(self.process, f"{self.process.name}, a thread", guarded(work))
            for work in works
        ]
        while not all(task.done for task in tasks):
            try:
                self.simulation.wait(None, lambda: all(task.done for task in tasks))
            except (Struck, StruckHard) as error:
                self.sort(error)

    def file(self) -> Any:
        """Open the shop's file, as a caller does who hands a connection in."""
        try:
            return disk.connect(self.simulation, self.shop.path, isolation_level=None)
        except sqlite3.Error:
            return None

    async def afile(self) -> Any:
        return self.file()

    async def arest(self, seconds: float) -> None:
        """As `rest`."""
        self.simulation.step("rests", f"for {seconds:g} s")
        await asyncio.sleep(seconds)

    def own(self, connection: Any, write: Callable[[], None]) -> None:
        """Do something in a transaction of the merchant's own, and roll it back if it fails."""
        try:
            write()
        except BaseException as error:
            if self.process.alive and connection.in_transaction:
                connection.execute("ROLLBACK")
            if not isinstance(error, sqlite3.Error):
                self.sort(error)

    async def beside(self, *works: Coroutine[Any, Any, Any]) -> None:
        """Do several things at once, each in a task that may be cancelled."""
        tasks = [asyncio.ensure_future(work) for work in works]
        self.process.cancellable.extend(tasks)
        for task in tasks:
            try:
                await task
            except BaseException as error:
                self.sort(error)

    def end(self) -> None:
        """Look, as the process is about to end well, whether it holds anything."""
        invariants.nothing_is_held(self)
        for connection in list(self.process.connections):
            connection.vanish()
        self.process.connections.clear()


def each_key(prefix: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"{prefix}-{number}"
