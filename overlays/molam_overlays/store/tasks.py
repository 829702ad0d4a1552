"""Ways to await that a cancellation does not cut short in the wrong place."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import importlib
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Final, Generic, TypeVar, cast

from molam_overlays.errors import StoreError
from molam_overlays.store import fork
from molam_overlays.store.blocking import GivenUp

T = TypeVar("T")

_LOOK_SECONDS = 0.002

importlib.import_module("concurrent.futures.thread")  # or the first step does it, in a payment


class Turn:
    """Whose turn it is to use a connection that was given, or one of a few."""

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._holders: list[object] = []
        self._waiting: list[asyncio.Future[None]] = []

    async def take(self, step: object, seconds: float) -> bool:
        """Wait for the turn; False when it did not come."""
        loop = running_loop()
        until = loop.time() + seconds
        while len(self._holders) >= self._most:
            left = until - loop.time()
            if left <= 0:
                return False
            news = loop.create_future()
            self._waiting.append(news)
            try:
                await asyncio.wait((news,), timeout=left)
            finally:
                self._waiting.remove(news)
        self._holders.append(step)
        return True

    def give_back(self, step: object) -> None:
        """Let others have their turn, if this step has it."""
        if step in self._holders:
            self._holders.remove(step)
            for news in self._waiting:
                if not news.done():
                    with contextlib.suppress(RuntimeError):  # its event loop is closed
                        news.set_result(None)


class _Errand(Generic[T]):
    """Work for a thread, until it is called off."""

    def __init__(self, work: Callable[[Callable[[], bool]], T]) -> None:
        self._work = work
        self._whose: dict[str, str] = {}
        self._wanted = True
        self._over = False

    def __call__(self) -> T | None:
        if self._whose.setdefault("whose", "thread") != "thread":
            return None
        try:
            return self._work(lambda: self._wanted)
        except GivenUp:
            return None
        finally:
            self._over = True

    def call_off(self) -> bool:
        """Say that it is not wanted; True when no thread has begun, and none will."""
        self._wanted = False
        return self._whose.setdefault("whose", "caller") == "caller"

    async def until_over(self) -> None:
        """Wait until the thread is done with it."""
        while not self._over:  # noqa: ASYNC110 - the loop may be gone before the thread is done
            await asyncio.sleep(_LOOK_SECONDS)


_holders: Final[dict[int, Executor]] = {}


def holders() -> Executor:
    """Return threads for steps of what has a file's lock already; each process has its own.

    The event loop's are few, and all may be taken by steps that wait for that very lock.
    """
    mine = fork.generation()
    return _holders.get(mine) or _holders.setdefault(mine, ThreadPoolExecutor(4, "molam"))


async def in_thread(work: Callable[[Callable[[], bool]], T], threads: Executor | None = None) -> T:
    """Run work in a thread, of the event loop's or others.

    It is handed a function that tells whether it is still wanted.

    A caller that is cancelled waits until the thread has ended what it had open, which is soon.
    """
    errand = _Errand(work)
    context = contextvars.copy_context()
    future = running_loop().run_in_executor(threads, context.run, errand)
    try:
        return cast("T", await future)
    except asyncio.CancelledError:
        if not errand.call_off():
            await insist(errand.until_over())
        raise
    except GeneratorExit:  # nothing can be awaited, and the thread ends by itself
        errand.call_off()
        raise


async def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run work in a task of its own, which is cancelled once however often its caller is.

    psycopg ends the statement that is cancelled, and closes the connection when another
    cancellation disturbs it there. A connection that was handed in is not ours to lose.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.cancel()
        await insist(task)
        raise
    except GeneratorExit:  # the task will never run on either
        work.close()
        raise


async def insist(work: Coroutine[Any, Any, None] | asyncio.Task[Any]) -> None:
    """Await work to its end, whatever cancels the caller meanwhile, and be cancelled then."""
    task = asyncio.ensure_future(work)
    interruption: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            interruption = error
    failed = None if task.cancelled() else task.exception()
    if interruption is not None:
        raise interruption
    if failed is not None:
        raise failed


def running_loop() -> asyncio.AbstractEventLoop:
    """Return asyncio's running loop.

    Raises:
        StoreError: there is none; another library runs this task.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise StoreError(
            "The async stores run on asyncio alone. Under trio use IdempotencyStore or Inbox in "
            "trio.to_thread.run_sync."
        ) from None
