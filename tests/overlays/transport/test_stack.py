"""The order of connections and waiters, without a socket."""

from __future__ import annotations

import attrs

from molam_overlays.transport.stack import Stack, Waiter
from molam_overlays.transport.target import Origin

HERE: Origin = ("https", "api.molam.com", 443)
THERE: Origin = ("https", "other.test", 443)


@attrs.define(eq=False)
class Line:
    name: str
    origin: Origin = HERE
    idle_since: float = 0.0


class Queued(Waiter[Line]):
    woken = 0

    def wake(self) -> None:
        type(self).woken += 1


def opened(stack: Stack[Line], name: str, origin: Origin = HERE, now: float = 0) -> Line:
    granted, _ = stack.slot(now)
    assert granted
    return Line(name, origin)


def test_the_connection_used_last_is_used_next() -> None:
    stack: Stack[Line] = Stack(10, expiry=5)
    for line in [opened(stack, "a"), opened(stack, "b")]:
        stack.give_back(line, 0)
    first, second = stack.pop(HERE, 1), stack.pop(HERE, 1)
    assert first is not None
    assert second is not None
    assert (first.name, second.name) == ("b", "a")
    assert stack.pop(HERE, 1) is None


def test_those_at_the_bottom_grow_old_and_are_closed() -> None:
    stack: Stack[Line] = Stack(10, expiry=5)
    old, young = opened(stack, "old"), opened(stack, "young")
    stack.give_back(old, 0)
    stack.give_back(young, 4)
    taken = stack.pop(HERE, 6)
    assert taken is young
    assert stack.give_back(taken, 6) == [old]
    assert stack.slots == 1


def test_nobody_overtakes_those_who_wait() -> None:
    stack: Stack[Line] = Stack(1, expiry=5)
    line = opened(stack, "only")
    first, second = Queued(HERE), Queued(HERE)
    assert stack.slot(0) == (False, [])
    stack.wait(first)
    stack.wait(second)
    assert stack.give_back(line, 1) == []
    assert (first.granted, first.line, second.granted) == (True, line, False)
    assert stack.pop(HERE, 1) is None
    stack.give_back(None, 1)
    assert (second.granted, second.line) == (True, None)
    assert stack.slots == 1


def test_one_who_leaves_the_queue_takes_nothing_along() -> None:
    stack: Stack[Line] = Stack(1, expiry=5)
    opened(stack, "only")
    waiter = Queued(HERE)
    stack.wait(waiter)
    stack.leave(waiter)
    stack.give_back(None, 0)
    assert (waiter.granted, stack.slots) == (False, 0)


def test_a_waiter_for_another_origin_gets_the_slot_and_not_the_connection() -> None:
    stack: Stack[Line] = Stack(1, expiry=5)
    line = opened(stack, "here")
    waiter = Queued(THERE)
    stack.wait(waiter)
    assert stack.give_back(line, 0) == [line]
    assert (waiter.granted, waiter.line) == (True, None)


def test_an_idle_connection_makes_room_for_another_origin() -> None:
    stack: Stack[Line] = Stack(2, expiry=50)
    first, second = opened(stack, "first"), opened(stack, "second")
    stack.give_back(first, 1)
    stack.give_back(second, 2)
    assert stack.slot(3) == (True, [first])
    assert stack.slots == 2


def test_closing_wakes_all_and_takes_back_what_is_at_rest() -> None:
    stack: Stack[Line] = Stack(2, expiry=5)
    resting, busy = opened(stack, "resting"), opened(stack, "busy")
    stack.give_back(resting, 0)
    waiter = Queued(HERE)
    stack.wait(waiter)
    assert stack.close() == [resting]
    assert waiter.granted
    stack.give_back(None, 1)  # the waiter's
    assert stack.give_back(busy, 1) == [busy]
    assert stack.slots == 0
