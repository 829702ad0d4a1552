"""``make simulate``: every single fault, then two minutes at random; ``SEED=…`` replays one.

Each core has a process: the first ones share the single faults, and go on at random. The first
failure ends all, is told as a story, and is kept under ``found/``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import queue
import sys
import time
from typing import Any

from tests.simulation import explore, telling
from tests.simulation.catalogue import STORIES
from tests.simulation.run import play

RANDOM_SECONDS = 120.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", default="", help="a number, or 'story; address kind; …'")
    parser.add_argument("--seconds", type=float, default=RANDOM_SECONDS, help="at random")
    parser.add_argument("--pairs", action="store_true", help="every pair, in the shortest stories")
    parser.add_argument("--schedules", type=int, default=0, help="so many at random, not seconds")
    parser.add_argument("--first", type=int, default=1, help="the first seed at random")
    parser.add_argument("--only", choices=("all", "singles", "random"), default="all")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", action="store_true", help="write what is found under found/")
    chosen = parser.parse_args()
    if chosen.seed:
        return _replay(chosen.seed, keep=chosen.keep)
    return _explore(chosen)


def _replay(text: str, *, keep: bool) -> int:
    """Play the schedules of one seed again, to the letter."""
    if text.strip().isdigit():
        count = explore.Count()
        found = explore.batch(int(text), count)
        print(f"{count.played} schedules of seed {text}")
        if found is None:
            print("every invariant holds")
            return 0
        return _report(found, keep=keep)
    name, faults = telling.read_seed(text)
    outcome = play(STORIES[name], faults)
    print(telling.tell(STORIES[name], outcome))
    return 1 if outcome.broken is not None else 0


def _explore(chosen: argparse.Namespace) -> int:
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()
    began = time.monotonic()
    workers = [
        context.Process(target=_work, args=(results, chosen, part), daemon=True)
        for part in range(chosen.processes)
    ]
    for worker in workers:
        worker.start()
    played: dict[str, int] = {}
    found: Any = None
    running = len(workers)
    while running and found is None:
        try:
            kind, value = results.get(timeout=1.0)
        except queue.Empty:
            if not any(worker.is_alive() for worker in workers):
                print("a process of the simulation died", file=sys.stderr)
                return 2
            continue
        if kind == "found":
            found = value
        elif kind == "done":
            running -= 1
        else:
            name, schedules, met = value
            played[name] = played.get(name, 0) + schedules
            played[f"{name}, faults met"] = played.get(f"{name}, faults met", 0) + met
    for worker in workers:
        worker.terminate()
    seconds = time.monotonic() - began
    for name, number in played.items():
        print(f"{name}: {number:,}")
    if found is not None:
        return _report(found, keep=chosen.keep)
    print(f"{len(STORIES)} stories, {seconds:.0f} s: every invariant holds")
    return 0


def _work(results: Any, chosen: argparse.Namespace, part: int) -> None:
    """Do one process's part; say what came of it."""
    parts = chosen.processes
    for name, plans in _plans(chosen, part, parts):
        count = explore.Count()
        if plans is not None:
            found = explore.hunt(plans, float("inf"), count)
        elif chosen.schedules:
            found = None
            for number in range(chosen.first + part, 10**9, parts):
                found = explore.batch(number, count)
                if found is not None or count.played * parts >= chosen.schedules:
                    break
        else:
            until = time.monotonic() + chosen.seconds
            found = explore.at_random(chosen.first + part, parts, until, count)
        results.put(("count", (name, count.played, count.met)))
        if found is not None:
            results.put(("found", found))
            return
    results.put(("done", part))


def _plans(chosen: argparse.Namespace, part: int, parts: int) -> Any:
    if chosen.pairs:
        yield "pairs of faults", explore.all_pairs(part, parts)
        return
    if chosen.only == "singles":
        yield "single faults", explore.all_singles(part, parts)
    elif chosen.only == "all":
        yield "single faults, and handfuls between them", explore.mixed(part, parts)
    if chosen.only != "singles":
        yield "at random", None


def _report(found: explore.Found, *, keep: bool) -> int:
    print(telling.tell(found.story, found.outcome))
    print(f"Found after {found.schedules:,} schedules of this process.")
    if keep:
        print(f"Kept as {telling.keep(found.story, found.outcome)}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
