"""How a generator that decides is carried out, blocking and awaiting.

The two drivers of calls have loops of their own: they tell apart what somebody else's code raised.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

S = TypeVar("S")
R = TypeVar("R")


def drive(flow: Generator[S, Any, R], act: Callable[[S], Any]) -> R:
    """Do each step and tell the flow what came of it; what `act` raises is raised inside of it."""
    try:
        step = next(flow)
        while True:
            try:
                heard = act(step)
            except BaseException as error:  # noqa: BLE001 - the flow decides, and raises it again
                step = flow.throw(error)
            else:
                step = flow.send(heard)
    except StopIteration as done:
        result: R = done.value
        return result


async def adrive(flow: Generator[S, Any, R], act: Callable[[S], Awaitable[Any]]) -> R:
    """Await each step; as `drive`."""
    try:
        step = next(flow)
        while True:
            try:
                heard = await act(step)
            except BaseException as error:  # noqa: BLE001 - the flow decides, and raises it again
                step = flow.throw(error)
            else:
                step = flow.send(heard)
    except StopIteration as done:
        result: R = done.value
        return result
