"""The order of connections and waiters, without a socket."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from molam_overlays.transport import stack as module
from molam_overlays.transport.stack import Slot, Stack, Waiter
from molam_overlays.transport.target import Origin

HERE: Origin = ("https", "api.molam.com", 443)
THERE: Origin = ("https", "other.test", 443)
LATER = 30.0


@attrs.define(eq=False)
class Line:
    name: str
    origin: Origin = HERE
    idle_since: float = 0.0


class Queued(Waiter[Line]):
    woken = 0

    def __init__(self, due: float = LATER) -> None:
        super().__init__(due)

    def wake(self) -> None:
        type(self).woken += 1


def opened(stack: Stack[Line], name: str, origin: Origin = HERE, now: float = 0) -> Slot[Line]:
    slot = stack.take(origin, now, LATER)
    assert slot is not None
    slot.line = Line(name, origin)
    return slot


def taken(stack: Stack[Line], origin: Origin = HERE, now: float = 0) -> str | None:
    """Return the name of the connection that comes with the next slot."""
    slot = stack.take(origin, now, LATER)
    assert slot is not None
    held.append(slot)
    return None if slot.line is None else slot.line.name


held: list[Slot[Line]] = []
"""Slots that tests hold and do not look at."""


@pytest.fixture(autouse=True)
def _let_go() -> None:
    held.clear()


def test_the_connection_used_last_is_used_next() -> None:
    stack: Stack[Line] = Stack(10, expiry=5)
    for slot in [opened(stack, "a"), opened(stack, "b")]:
        stack.give_back(slot, 0)
    assert [taken(stack, now=1) for _ in range(3)] == ["b", "a", None]


def test_those_at_the_bottom_grow_old_and_are_closed() -> None:
    stack: Stack[Line] = Stack(10, expiry=5)
    old, young = opened(stack, "old"), opened(stack, "young")
    stack.give_back(old, 0)
    stack.give_back(young, 4)
    assert stack.take(HERE, 6, LATER) is young
    assert [line.name for line in stack.give_back(young, 6)] == ["old"]
    assert stack.held == 0
    assert [taken(stack, now=6) for _ in range(2)] == ["young", None]


def test_nobody_overtakes_those_who_wait() -> None:
    stack: Stack[Line] = Stack(1, expiry=5)
    slot = opened(stack, "only")
    first, second = Queued(), Queued()
    assert stack.take(HERE, 0, LATER) is None
    stack.wait(first, 0)
    stack.wait(second, 0)
    assert stack.give_back(slot, 1) == []
    assert (first.slot, second.slot) == (slot, None)
    assert stack.take(HERE, 1, LATER) is None
    stack.give_back(slot, 1)
    assert second.slot is slot
    assert stack.held == 1


def test_one_who_leaves_the_queue_takes_nothing_along() -> None:
    stack: Stack[Line] = Stack(1, expiry=5)
    slot = opened(stack, "only")
    waiter = Queued()
    stack.wait(waiter, 0)
    assert stack.leave(waiter)
    stack.give_back(slot, 0)
    assert (waiter.slot, stack.held) == (None, 0)
    stack.wait(waiter, 0)
    assert not stack.leave(waiter)  # served at once


def test_an_idle_connection_makes_room_for_another_origin() -> None:
    stack: Stack[Line] = Stack(2, expiry=50)
    first, second = opened(stack, "first"), opened(stack, "second")
    stack.give_back(first, 1)
    stack.give_back(second, 2)
    assert taken(stack, THERE, now=3) == "first"  # for whoever took it to close
    assert stack.held == 1


def test_closing_wakes_all_and_takes_back_what_is_at_rest() -> None:
    stack: Stack[Line] = Stack(2, expiry=5)
    resting, busy = opened(stack, "resting"), opened(stack, "busy")
    stack.give_back(resting, 0)
    held.append(busy)
    waiters = [Queued(), Queued()]
    stack._queue.extend(waiter.mark for waiter in waiters)
    Queued.woken = 0
    assert [line.name for line in stack.close()] == ["resting"]
    assert Queued.woken == 2
    assert [line.name for line in stack.give_back(busy, 1)] == ["busy"]


def test_a_slot_whose_call_is_gone_is_counted_no_more() -> None:
    stack: Stack[Line] = Stack(2, expiry=5)
    opened(stack, "lost")
    opened(stack, "lost too")
    assert [taken(stack) for _ in range(2)] == [None, None]
    assert stack.take(HERE, 0, LATER) is None


def test_a_slot_that_a_traceback_holds_is_counted_no_more_once_its_call_was_due() -> None:
    stack: Stack[Line] = Stack(1, expiry=5)
    late = opened(stack, "held")
    assert stack.take(HERE, LATER + 4, LATER) is None
    assert stack.take(HERE, LATER + 6, LATER) is not None
    # Should its call go on all the same, it brings back nothing.
    assert [line.name for line in stack.give_back(late, LATER + 6)] == ["held"]
    assert len(stack._slots) == 1


@pytest.mark.parametrize("gone", ["dead", "over"])
def test_one_who_waits_no_more_blocks_nobody(gone: str) -> None:
    stack: Stack[Line] = Stack(1, expiry=5)
    slot = opened(stack, "only")
    waiter, next_one = Queued(due=1), Queued()
    stack.wait(waiter, 0)
    stack.wait(next_one, 0)
    if gone == "dead":
        del waiter
    stack.give_back(slot, 2)
    assert next_one.slot is slot


def test_one_whose_slot_got_lost_on_the_way_looks_for_itself() -> None:
    stack: Stack[Line] = Stack(1, expiry=5)
    slot = opened(stack, "only")
    waiter = Queued()
    stack.wait(waiter, 0)
    stack._queue.clear()  # somebody took the waiter out, to serve it, and was struck down
    del slot
    stack.wait_on(waiter, 0)
    assert waiter.slot is not None


def test_a_child_of_a_fork_takes_nothing_back() -> None:
    stack: Stack[Line] = Stack(2, expiry=5)
    resting, busy = opened(stack, "resting"), opened(stack, "busy")
    stack.give_back(resting, 0)
    assert {line.name for line in stack.abandon()} == {"resting", "busy"}
    fresh: Stack[Line] = Stack(2, expiry=5)
    assert [line.name for line in fresh.give_back(busy, 0)] == ["busy"]
    assert fresh.held == 0


class Struck(Exception):
    pass


def strike_at(step: int, what: Callable[[], object]) -> bool:
    """Run something; raise before its n-th instruction in the stack's module. False if it ended."""
    left = step

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != module.__file__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise Struck
        return trace

    def work() -> bool:
        sys.settrace(trace)
        try:
            what()
        except Struck:
            return True
        finally:
            sys.settrace(None)
        return False

    # In a thread of its own, where nothing stays "the exception being handled".
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def lay_down(stack: Stack[Line], number: int) -> None:
    for slot in [opened(stack, "x") for _ in range(number)]:
        stack.give_back(slot, 0)


def acquired(stack: Stack[Line], now: float) -> Slot[Line] | None:
    slot = stack.take(HERE, now, 300)
    if slot is None:
        waiter = Queued(300)
        stack.wait(waiter, now)
        slot = waiter.slot
    return slot


def _use(stack: Stack[Line]) -> None:
    slot = stack.take(HERE, 1, LATER)
    assert slot is not None
    slot.line = slot.line or Line("x")
    stack.give_back(slot, 1)


def _use_another_origin(stack: Stack[Line]) -> None:
    slot = stack.take(THERE, 1, LATER)
    assert slot is not None
    slot.line = Line("y", THERE)
    stack.give_back(slot, 1)


def _use_up(stack: Stack[Line]) -> None:
    slots = [opened(stack, "a", now=1), opened(stack, "b", now=1)]
    waiter = Queued()
    stack.wait(waiter, 1)
    for slot in slots:
        stack.give_back(slot, 1)
    assert waiter.slot is not None
    stack.give_back(waiter.slot, 1)


def _let_expire(stack: Stack[Line]) -> None:
    slot = stack.take(HERE, 1, LATER)
    assert slot is not None
    stack.give_back(slot, 100)
    slot = stack.take(HERE, 200, LATER)
    assert slot is not None
    stack.give_back(slot, 200)


@pytest.mark.parametrize("use", [_use, _use_another_origin, _use_up, _let_expire])
@pytest.mark.parametrize("rested", [0, 2])
def test_an_exception_before_any_instruction_takes_no_slot_along(
    use: Callable[[Stack[Line]], None], rested: int
) -> None:
    for step in range(10_000):
        stack: Stack[Line] = Stack(2, expiry=5)
        lay_down(stack, rested)
        if not strike_at(step, lambda stack=stack: use(stack)):  # type: ignore[misc]
            break
        slots = [acquired(stack, 201 + number) for number in range(3)]
        assert [slot is not None for slot in slots] == [True, True, False], step
    assert step > 50


def test_threads_never_hold_more_slots_than_there_are() -> None:
    stack: Stack[Line] = Stack(3, expiry=1e9)
    most, count = 0, [0]

    def work() -> None:
        nonlocal most
        for number in range(3000):
            slot = stack.take((HERE, THERE)[number % 2], 0, LATER)
            if slot is not None:
                count.append(0)
                most = max(most, len(count) - 1)
                slot.line = Line("x", (HERE, THERE)[number % 2])
                count.pop()
                stack.give_back(slot, 0)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert 1 <= most <= 3
    assert stack.held == 0
    assert len([slot for slot in (stack.take(HERE, 0, 1) for _ in range(9)) if slot]) == 3
