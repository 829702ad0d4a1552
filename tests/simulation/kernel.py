"""One scheduler owns every step: who runs, what time it is, and what goes wrong between two steps.

Blocking code cannot be suspended without a stack of its own, so each simulated thread has a real one.
They never run at once: there is one baton, and whoever holds it hands it on at a step (`step`,
`wait`), to whom the schedule says. Nothing waits for real time, and no lock is ever contended. A
coroutine library would do the same with less weight, but its stacks share one thread: the running
event loop, and whatever else goes by thread, would mix up.

A step has a place (``COMMIT``, ``send``, ``sleep``) and is the nth of its place in its process; that is
its address: ``till:COMMIT#2``. A schedule names addresses, or the number of a step in all.
"""

from __future__ import annotations

import contextvars
import sys
import threading
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any, ClassVar, NamedTuple, NoReturn

EPOCH = 1_800_000_000.0
"""Unix seconds at which every simulation begins."""
TICK = 0.001
"""Seconds that each step takes: time goes on, whatever is done."""
MOST_STEPS = 20_000


class Killed(BaseException):
    """The process is gone. It unwinds the stack, on which nothing can be done any more."""


class Struck(Exception):
    """A signal handler raised: a task queue's soft limit, which is a plain exception."""


class StruckHard(BaseException):
    """A signal handler raised something that no ``except Exception`` stops, as Ctrl-C does."""


class Broken(Exception):
    """An invariant does not hold. Ends the simulation."""


class Fault(NamedTuple):
    """One thing that goes wrong."""

    at: str | int
    """The address of a step, or its number, from 1 on."""
    kind: str
    arg: int = 0
    """Chooses where a kind leaves a choice: whom to switch to, which status, how late."""

    def __str__(self) -> str:
        return f"{self.at} {self.kind}" + (f" {self.arg}" if self.arg else "")


class Step(NamedTuple):
    """A step that was made, for the story and for whoever looks for places to go wrong."""

    number: int
    address: str
    place: str
    process: str
    now: float
    text: str
    fault: str = ""
    can: frozenset[str] = frozenset()
    """Which of the kernel's own faults can happen at it."""


class Process:
    """What dies together: threads, memory, connections. The disk stays."""

    def __init__(self, simulation: Simulation, name: str, pid: int) -> None:
        self.simulation = simulation
        self.name = name
        self.pid = pid
        self.started = str(simulation.spawned)
        self.alive = True
        self.tasks: list[Task] = []
        self.memory: dict[Any, Any] = {}
        """What the product's modules keep in globals: each process has its own."""
        self.connections: list[Any] = []
        self.loop: Any = None
        self.cancellable: list[Any] = []
        """Tasks of the event loop that a caller may cancel."""
        self.closable: list[Callable[[], object]] = []
        """What somebody else may close under a user's hands."""
        self.again: Callable[[], object] | None = None
        """Starts it anew after a kill, where a supervisor would."""
        self.struck = False
        """Whether an exception was thrown into it that it did not cause."""

    @property
    def runs(self) -> bool:
        return self.alive and any(not task.done for task in self.tasks)


class _Carrier:
    """A real thread, used again and again."""

    idle: ClassVar[list[_Carrier]] = []

    def __init__(self) -> None:
        self.baton = threading.Lock()
        self.baton.acquire()
        self.task: Task | None = None
        threading.Thread(target=self._run, name="simulated", daemon=True).start()

    def _run(self) -> None:
        while True:
            self.baton.acquire()
            task = self.task
            assert task is not None
            contextvars.Context().run(task.run)
            self.task = None
            # First back in the list, then the baton: nobody looks into it before.
            _Carrier.idle.append(self)
            task.simulation.hand_on_at_end()


class Task:
    """A simulated thread."""

    def __init__(
        self, simulation: Simulation, process: Process, name: str, work: Callable[[], object]
    ) -> None:
        self.simulation = simulation
        self.process = process
        self.name = name
        self.work = work
        self.done = False
        self.error: BaseException | None = None
        self.until: float | None = None
        self.wanted: Callable[[], bool] | None = None
        """What it waits for; None while it can run."""
        self.signalled = False
        """Whether signals reach it: the main thread of a blocking process."""
        self.carrier = _Carrier.idle.pop() if _Carrier.idle else _Carrier()
        self.carrier.task = self

    def can_run(self, now: float) -> bool:
        if self.done:
            return False
        if not self.process.alive:
            return True
        if self.wanted is None:
            return True
        return self.wanted() or (self.until is not None and self.until <= now)

    def run(self) -> None:
        _here.task = self
        try:
            if not self.process.alive:
                raise Killed
            if self.signalled and self.simulation.traced:
                sys.settrace(self.simulation.trace_calls)
            self.work()
        except Killed:
            pass
        except BaseException as error:
            if self.process.alive:
                self.error = error
        finally:
            sys.settrace(None)
            self.done = True
            _here.task = None


class _Here(threading.local):
    task: Task | None = None


_here = _Here()


def here() -> Task | None:
    """Return the simulated thread that runs; None outside of any."""
    return _here.task


def doomed() -> bool:
    """Tell whether whoever asks is a process that is gone."""
    return _here.task is not None and not _here.task.process.alive


class Simulation:
    """One run of a story under one schedule."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self.now = 0.0
        self.skew = 0.0
        """How far the merchant's clocks are off, in seconds."""
        self.steps: list[Step] = []
        self.processes: list[Process] = []
        self.tasks: list[Task] = []
        self.spawned = 0
        self.current: Task | None = None
        self.counts: Counter[str] = Counter()
        self.lines: Counter[str] = Counter()
        """Lines of the product that each process went through, where that is counted."""
        self.deaf = False
        """True while the bank works, on a thread of the merchant's."""
        self.faults: dict[str | int, list[Fault]] = {}
        for fault in faults:
            self.faults.setdefault(fault.at, []).append(fault)
        self.traced = any("line#" in str(fault.at) for fault in faults)
        self.commits = 0
        """How often something was written to disk."""
        self.calm = False
        """True once nothing goes wrong any more."""
        self.met: list[Fault] = []
        """The faults that happened, by address."""
        self.actions: dict[str, Callable[[Task, Fault], object]] = {}
        """What the world does about kinds that are not the kernel's own."""
        self.before_switch: Callable[[Process], object] = lambda process: None
        self.watches: list[Callable[[], object]] = []
        """Called after every step; they raise `Broken`."""
        self.broken: BaseException | None = None
        self._over = threading.Lock()
        self._over.acquire()

    # Time

    def time(self) -> float:
        """Return unix seconds, as the merchant's machine has them."""
        return EPOCH + self.now + self.skew

    def monotonic(self) -> float:
        return 1000.0 + self.now

    # Processes

    def process(self, name: str, pid: int) -> Process:
        self.spawned += 1
        made = Process(self, name, pid)
        self.processes.append(made)
        return made

    def spawn(self, process: Process, name: str, work: Callable[[], object]) -> Task:
        task = Task(self, process, name, work)
        process.tasks.append(task)
        self.tasks.append(task)
        return task

    def kill(self, process: Process) -> None:
        """End a process between two of its instructions."""
        process.alive = False
        for connection in process.connections:
            connection.vanish()
        process.connections.clear()
        if process.again is not None and not self.calm:
            process.again()

    # Running

    def run(self) -> None:
        """Run until everybody has ended.

        Raises:
            Broken: an invariant does not hold.
        """
        first = self._choose(None)
        if first is not None:
            self._hand_to(first)
            self._over.acquire()
        self.tasks = [task for task in self.tasks if not task.done]
        if self.broken is not None:
            raise self.broken

    def hand_on_at_end(self) -> None:
        """Give the baton of a thread that has ended to the next one."""
        ended, self.current = self.current, None
        self._check(ended)
        following = self._choose(None)
        if following is None:
            self._over.release()
        else:
            self._hand_to(following)

    def _check(self, ended: Task | None) -> None:
        if ended is not None and ended.error is not None and self.broken is None:
            self._end(ended.error)

    def _end(self, why: BaseException) -> None:
        """Let everybody unwind: the simulation is over."""
        if self.broken is None:
            self.broken = why
        self.calm = True
        for process in self.processes:
            if process.alive:
                process.again = None
                self.kill(process)

    def fail(self, why: str) -> NoReturn:
        """Say that an invariant does not hold, and end the simulation at once."""
        task = _here.task
        if task is None:
            raise Broken(why)
        if not task.process.alive:  # what a dead process believes to have seen is no matter
            raise Killed
        self._end(Broken(why))
        raise Killed

    def _hand_to(self, task: Task) -> None:
        self.before_switch(task.process)
        self.current = task
        task.carrier.baton.release()

    def _choose(self, after: Task | None) -> Task | None:
        """Choose who goes on: in turn, those behind `after` first; time passes if nobody can."""
        waiting = [task for task in self.tasks if not task.done]
        if not waiting:
            return None
        if after in waiting:
            place = waiting.index(after) + 1
            waiting = waiting[place:] + waiting[:place]
        for task in waiting:
            if task.can_run(self.now):
                return task
        times = [task.until for task in waiting if task.until is not None]
        if not times:
            names = ", ".join(task.name for task in waiting)
            self._end(Broken(f"nobody can go on: {names} wait for what never comes"))
            return waiting[0]
        self.now = max(self.now, min(times))
        return next(task for task in waiting if task.can_run(self.now))

    def _switch(self, task: Task, to: Task) -> None:
        if to is not task:
            self._hand_to(to)
            task.carrier.baton.acquire()
        if not task.process.alive:
            raise Killed

    # Steps

    def step(
        self, place: str, text: str = "", *, own: frozenset[str] = frozenset()
    ) -> Fault | None:
        """Make a step; return the fault that its own place has to deal with.

        `own` are the kinds that the caller deals with.
        """
        task = _here.task
        assert task is not None
        if not task.process.alive:
            raise Killed
        self.now += TICK
        if self.calm:
            self._watch()
            if len(self.steps) >= MOST_STEPS:
                self._end(Broken("it never ends"))
                raise Killed
            self._note(task, place, text, "", len(self.steps) + 1, "")
            return None
        number = len(self.steps) + 1
        name = f"{task.process.name}:{place}"
        self.counts[name] += 1
        address = f"{name}#{self.counts[name]}"
        faults = [*self.faults.get(number, ()), *self.faults.get(address, ())]
        told = ", ".join(f"{fault.kind} {fault.arg}".removesuffix(" 0") for fault in faults)
        self._note(task, place, text, told, number, address)
        self._watch()
        if number > MOST_STEPS:
            self._end(Broken("it never ends"))
            raise Killed
        left: Fault | None = None
        for fault in faults:
            at = fault._replace(at=address)
            if fault.kind in own:
                left = fault
                self.met.append(at)
            elif self._strike(task, fault):
                self.met.append(at)
        return left

    def _note(
        self, task: Task, place: str, text: str, told: str, number: int, address: str
    ) -> None:
        name = task.process.name
        can = self._can(task) if address else frozenset()
        self.steps.append(
            Step(number, address, place, name, self.now, text or task.name, told, can)
        )

    def _can(self, task: Task) -> frozenset[str]:
        can = {"kill"}
        if task.signalled:
            can |= {"signal", "signal after"}
        if any(not each.done() for each in task.process.cancellable):
            can.add("cancel")
        if task.process.closable:
            can.add("close")
        others = sum(other is not task and other.can_run(self.now) for other in self.tasks)
        return frozenset(can | {f"switch {other}" for other in range(others)})

    def _watch(self) -> None:
        try:
            for watch in self.watches:
                watch()
        except Killed:
            raise
        except BaseException as error:
            self._end(error)
            raise Killed from None

    def _strike(self, task: Task, fault: Fault) -> bool:
        """Do a fault of the kernel's own, or of the world's; tell whether it could happen."""
        if fault.kind == "switch":
            others = [
                other for other in self.tasks if other is not task and other.can_run(self.now)
            ]
            if not others:
                return False
            self._switch(task, others[fault.arg % len(others)])
        elif fault.kind == "kill":
            self.kill(task.process)
            raise Killed
        elif fault.kind == "signal":
            if not task.signalled:
                return False
            task.process.struck = True
            self.met.append(fault)
            raise (StruckHard if fault.arg % 2 else Struck)
        elif fault.kind == "signal after":
            if not task.signalled:
                return False
            task.process.struck = True
            task.process.memory["strike"] = StruckHard if fault.arg % 2 else Struck
        elif fault.kind == "cancel":
            return self._cancel(task, fault)
        elif fault.kind in self.actions:
            return self.actions[fault.kind](task, fault) is not False
        else:
            return False
        return True

    def _cancel(self, task: Task, fault: Fault) -> bool:
        process = task.process
        under_way = [each for each in process.cancellable if not each.done()]
        if not under_way:
            return False
        process.struck = True
        chosen = under_way[fault.arg % len(under_way)]
        process.loop.call_soon_threadsafe(chosen.cancel)
        loop_thread = process.tasks[0]
        if task is not loop_thread and loop_thread.can_run(self.now):
            self._switch(task, loop_thread)
        return True

    def after(self) -> None:
        """Raise what a signal handler raised while a function in C ran."""
        task = _here.task
        if task is not None and task.signalled:
            strike = task.process.memory.pop("strike", None)
            if strike is not None:
                raise strike

    def wait(self, until: float | None, wanted: Callable[[], bool] | None = None) -> None:
        """Let others run until a moment (of `now`), or until something is so."""
        task = _here.task
        assert task is not None
        if not task.process.alive:
            raise Killed
        task.until, task.wanted = until, wanted or _never
        try:
            following = self._choose(task)
            assert following is not None
            self._switch(task, following)
        finally:
            task.until = task.wanted = None

    def sleep(self, seconds: float, place: str = "sleep") -> None:
        """Let time pass."""
        self.step(place, f"for {seconds:g} s")
        self.wait(self.now + max(seconds, 0.0))

    # Between any two lines

    def trace_calls(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Count lines of the product's own code, and raise at the one that the schedule names."""
        name = frame.f_code.co_filename
        if "/molam_overlays/" not in name or "/sandbox/" in name:
            return None
        return self._trace_lines

    def _trace_lines(self, frame: FrameType, event: str, arg: Any) -> Any:
        task = _here.task
        if event != "line" or task is None or self.calm or not task.process.alive:
            return self._trace_lines
        if self.deaf:
            return self._trace_lines
        self.lines[task.process.name] += 1
        address = f"{task.process.name}:line#{self.lines[task.process.name]}"
        for fault in self.faults.get(address, ()):
            where = f"{frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno}"
            self.met.append(fault)
            self._note(task, "line", where, fault.kind, len(self.steps) + 1, address)
            task.process.struck = True
            raise (StruckHard if fault.arg % 2 else Struck)
        return self._trace_lines


def _never() -> bool:
    return False
