"""An event loop in simulated time: asyncio's own, but for where it waits and who its threads are."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from tests.simulation.kernel import Killed, Process, Simulation


class _Selector:
    """Waits for nothing but time and other threads."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        loop = self._loop
        simulation = loop.simulation
        if timeout is None or timeout > 0:
            until = None if timeout is None else simulation.now + timeout
            simulation.wait(until, lambda: bool(loop._ready))  # type: ignore[attr-defined]
        elif not loop.process.alive:
            raise Killed
        return []


class Loop(asyncio.BaseEventLoop):
    """Asyncio's event loop; its sockets are nobody's, and its executor is the scheduler."""

    def __init__(self, simulation: Simulation, process: Process) -> None:
        super().__init__()
        self.simulation = simulation
        self.process = process
        self._selector = _Selector(self)
        self.set_exception_handler(lambda loop, context: None)

    def time(self) -> float:
        return self.simulation.monotonic()

    def _process_events(self, events: Any) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        promise: concurrent.futures.Future[Any] = concurrent.futures.Future()

        def work() -> None:
            if not promise.set_running_or_notify_cancel():
                return
            try:
                result = func(*args)
            except Killed:
                raise
            except BaseException as error:
                promise.set_exception(error)
            else:
                promise.set_result(result)

        self.simulation.spawn(self.process, f"{self.process.name}, a thread", work)
        return asyncio.wrap_future(promise, loop=self)


def soon(process: Process, do: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Let a process's loop do something of its own, if it still runs."""
    if process.loop is not None and not process.loop.is_closed():
        process.loop.call_soon_threadsafe(lambda: process.loop.create_task(do()))


def run(
    simulation: Simulation, process: Process, main: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Run a process's main coroutine to its end."""
    loop = process.loop = Loop(simulation, process)
    try:
        loop.run_until_complete(main())
        left = [task for task in asyncio.all_tasks(loop) if not task.done()]
        if left:
            loop.run_until_complete(asyncio.wait(left))
    finally:
        if not process.alive:
            _bury(loop)
        with contextlib.suppress(Killed):
            loop.close()


def _bury(loop: Loop) -> None:
    """End what a dead process's loop has left, which can do nothing any more."""
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        with contextlib.suppress(BaseException):
            coroutine: Any = task.get_coro()
            coroutine.close()
