"""What a fleet of clients does to a failing server, with and without the retry quota.

``python -m benchmarks.retry_storm`` prints the table of ``docs/retry-storm.md``. Time is simulated:
each client makes one call a second against a server that answers 503 for ten minutes and then
recovers. A call in progress blocks its client no more than a worker's thread would: the next call
starts on time, in another thread.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from molam_overlays.calls.call import Call
from molam_overlays.calls.flow import Send, Wait, flow
from molam_overlays.calls.operation import Operation, Result
from molam_overlays.calls.quota import RetryQuota
from molam_overlays.calls.retry import RetryPolicy
from molam_overlays.calls.world import World
from molam_overlays.errors import MolamError
from molam_overlays.schema.anything import AnyValue
from molam_overlays.watch.observe import Observer
from molam_overlays.wire import Headers, Request, Response

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Unlimited(RetryQuota):
    """No quota: what clients did before."""

    def spend(self, *, after_timeout: bool) -> int | None:
        """Refuse nothing."""
        return 0


@dataclass(frozen=True)
class Storm:
    """Requests that arrived, by second."""

    requests: Counter[int]
    failed_at: int
    """Second in which the server began to fail."""
    recovered_at: int

    def rate(self, begin: int, end: int) -> float:
        """Return requests per second from one second up to another."""
        return sum(self.requests[second] for second in range(begin, end)) / (end - begin)


def simulate(
    *,
    quota: bool,
    clients: int = 200,
    seconds: int = 900,
    failed_at: int = 60,
    recovered_at: int = 660,
    calls_per_second: float = 1.0,
    seed: int = 1,
) -> Storm:
    """Let clients call a server that fails for a while."""
    chance = random.Random(seed)
    clock = [0.0]
    world = World(
        monotonic=lambda: clock[0],
        now=lambda: START + timedelta(seconds=clock[0]),
        random=chance.random,
    )
    operation: Operation[Any] = Operation(
        id="pay", method="POST", path="/pay", results=(Result(AnyValue()),), keyed=True
    )
    call: Call[Any] = Call(operation, "/pay", "", {})
    request = Request("POST", "https://api.test/pay", {})
    observer = Observer()
    policy = RetryPolicy(max_retries=3, timeout=30.0)
    requests: Counter[int] = Counter()
    order = itertools.count()
    # Events: when, a tie-break, and the call that goes on then; None starts a new one.
    due: list[tuple[float, int, RetryQuota, Generator[Any, Any, Any] | None]] = []
    for _ in range(clients):
        spare = RetryQuota() if quota else Unlimited()
        heapq.heappush(due, (chance.random() / calls_per_second, next(order), spare, None))
    while due:
        moment, _, spare, steps = heapq.heappop(due)
        if moment >= seconds:
            break
        clock[0] = moment
        answer: Any = None
        if steps is None:
            again = moment + 1 / calls_per_second
            heapq.heappush(due, (again, next(order), spare, None))
            steps = flow(call, request, "k", policy, spare, world, observer)
        try:
            while True:
                step = steps.send(answer)
                if isinstance(step, Wait):
                    heapq.heappush(due, (moment + step.seconds, next(order), spare, steps))
                    break
                assert isinstance(step, Send)
                requests[int(moment)] += 1
                failing = failed_at <= moment < recovered_at
                answer = Response(503 if failing else 200, Headers(), b"{}")
        except (StopIteration, MolamError):
            pass
    return Storm(requests, failed_at, recovered_at)


def table() -> str:
    """Return the result as a table in Markdown."""
    spans = [
        ("healthy", 0, 60),
        ("first 10 s of the failure", 60, 70),
        ("10 to 60 s", 70, 120),
        ("1 to 2 min", 120, 180),
        ("2 to 5 min", 180, 360),
        ("5 to 10 min", 360, 660),
        ("first 10 s after it", 660, 670),
        ("afterwards", 670, 900),
    ]
    before, after = simulate(quota=False), simulate(quota=True)
    lines = ["| when | without quota, requests/s | with quota, requests/s |", "| --- | --- | --- |"]
    lines += [
        f"| {name} | {before.rate(begin, end):.0f} | {after.rate(begin, end):.0f} |"
        for name, begin, end in spans
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    logging.disable(logging.CRITICAL)
    print(table())


if __name__ == "__main__":
    main()
