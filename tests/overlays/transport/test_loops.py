"""Homes: one for each event loop, closed when that loop ends."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio
import uvloop

from molam_overlays.transport.loops import Home, Homes


class Kept:
    closed = False

    async def close(self) -> None:
        await anyio.lowlevel.checkpoint()
        self.closed = True


def homes() -> Homes[Kept]:
    return Homes(Kept, lambda kept: kept.close())


def uvloop_run(function: Any) -> Any:
    return uvloop.run(function())


RUNS = [
    pytest.param(lambda function: asyncio.run(function()), id="asyncio"),
    pytest.param(uvloop_run, id="uvloop"),
    pytest.param(trio.run, id="trio"),
]


@pytest.mark.parametrize("run", RUNS)
def test_each_loop_has_a_home_of_its_own_and_closes_it(run: Any) -> None:
    all_homes, seen = homes(), []

    async def call() -> None:
        home = await all_homes.here()
        assert await all_homes.here() is home
        assert not home.kept.closed
        seen.append(home)

    for number in range(1, 4):
        run(call)
        assert [each.kept.closed for each in seen] == [True] * number
        assert seen[-1].ended
        assert len(all_homes.each()) == 1  # those before are forgotten
    assert len({id(each.kept) for each in seen}) == 3


def test_loops_at_the_same_time_do_not_meet() -> None:
    all_homes, meeting = homes(), threading.Barrier(3)
    seen: list[Home[Kept]] = []

    async def call() -> None:
        seen.append(await all_homes.here())
        meeting.wait()
        assert not seen[-1].kept.closed
        meeting.wait()

    threads = [threading.Thread(target=lambda: asyncio.run(call())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.kept.closed for each in seen] == [True] * 3
    assert len({id(each.kept) for each in seen}) == 3


@pytest.mark.parametrize("run", RUNS)
def test_closing_reaches_the_other_loops(run: Any) -> None:
    all_homes, opened, over = homes(), threading.Event(), threading.Event()
    seen: list[Home[Kept]] = []

    async def elsewhere() -> None:
        seen.append(await all_homes.here())
        opened.set()
        while not seen[0].kept.closed:  # noqa: ASYNC110 - closed by a task of this loop
            await anyio.sleep(0.001)
        over.set()

    other = threading.Thread(target=run, args=(elsewhere,))
    other.start()
    opened.wait()

    async def close() -> None:
        seen.append(await all_homes.here())
        await all_homes.aclose()
        assert seen[1].kept.closed
        await all_homes.aclose()

    run(close)
    assert over.wait(10)
    other.join()
    assert [each.kept.closed for each in seen] == [True] * 2


@pytest.mark.parametrize("run", RUNS)
def test_a_loop_at_its_end_takes_no_more_tasks(run: Any) -> None:
    all_homes = homes()

    async def call() -> None:
        home = await all_homes.here()
        close = home.kept.close

        async def closed_while_told() -> None:
            all_homes._tell(home)  # as a thread does whose loop closes all
            await close()

        home.kept.close = closed_while_told  # type: ignore[method-assign]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(call)
        gc.collect()


def test_a_loop_that_is_over_needs_no_telling() -> None:
    all_homes = homes()
    asyncio.run(_here(all_homes))
    asyncio.run(all_homes.aclose())
    assert [each.closed for each in all_homes.each()] == [True]


def test_who_is_forgotten_on_a_running_loop_is_closed() -> None:
    async def main() -> Kept:
        all_homes = homes()
        kept = (await all_homes.here()).kept
        del all_homes
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)
        return kept

    assert asyncio.run(main()).closed


def test_a_loop_that_is_thrown_away_is_forgotten() -> None:
    all_homes = homes()
    loop = asyncio.new_event_loop()
    thrown = loop.run_until_complete(_here(all_homes))
    loop.close()
    asyncio.run(_here(all_homes))
    assert thrown.kept not in all_homes.each()
    del thrown
    gc.collect()  # or its generator's end is told to a loop that is closed


def test_what_was_inherited_stays_as_it_is() -> None:
    async def main() -> None:
        all_homes = homes()
        before = await all_homes.here()
        all_homes.forget_inherited()
        gc.collect()
        after = await all_homes.here()
        assert after is not before
        assert not before.kept.closed

    asyncio.run(main())


async def _here(all_homes: Homes[Kept]) -> Home[Kept]:
    return await all_homes.here()
