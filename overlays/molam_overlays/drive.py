"""How a generator that decides is carried out, blocking and awaiting: the only such loops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

S = TypeVar("S")
R = TypeVar("R")


def drive(flow: Generator[S, Any, R], act: Callable[[S], Any]) -> R:
    """Do each step and tell the flow what came of it.

    What is raised meanwhile, by `act` or by a signal handler between two steps, is raised inside
    of the flow, which decides, and raises it again.
    """
    steps: Any = flow
    go_on: Any = steps.send
    told: Any = None
    try:
        while True:
            try:
                while True:
                    step = go_on(told)
                    go_on, told = steps.send, None
                    told = act(step)
            except BaseException as error:
                if steps.gi_frame is None:  # the flow's own end
                    told = None
                    raise
                go_on, told = steps.throw, error
    except StopIteration as done:
        result: R = done.value
        return result


async def adrive(flow: Generator[S, Any, R], act: Callable[[S], Awaitable[Any]]) -> R:
    """Await each step; as `drive`."""
    steps: Any = flow
    go_on: Any = steps.send
    told: Any = None
    try:
        while True:
            try:
                while True:
                    step = go_on(told)
                    go_on, told = steps.send, None
                    told = await act(step)
            except BaseException as error:
                if steps.gi_frame is None:  # the flow's own end
                    told = None
                    raise
                go_on, told = steps.throw, error
    except StopIteration as done:
        result: R = done.value
        return result
