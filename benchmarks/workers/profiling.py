"""Where the time of a call goes: ``python -m benchmarks.workers.profiling CONTENDER URL``.

A timer of the operating system interrupts the process every millisecond of CPU time, and what it
was doing then is counted. Unlike a tracing profiler that slows nothing down, so code of many small
functions is not overstated. An order is the number of calls.
"""

from __future__ import annotations

import collections
import signal
import sys
from types import FrameType
from typing import Any

from benchmarks.workers.calls import CONTENDERS
from benchmarks.workers.loop import obey

PLACES = (
    ("httpcore/_backends", "sockets: send and receive"),
    ("/h11/", "h11: HTTP/1.1 syntax"),
    ("/httpcore/", "httpcore: a connection's state"),
    ("/httpx/", "httpx: transport, request and response objects"),
    ("/json/", "JSON, both ways"),
    ("molam_overlays/schema/jsontext", "JSON, both ways"),
    ("molam_overlays/transport/", "our adapter: connections, deadline, body, headers"),
    ("molam_overlays/schema/", "validation of arguments"),
    ("molam_overlays/calls/operation", "validation of arguments"),
    ("molam_overlays/message/", "validation of arguments"),
    ("molam_overlays/", "the call: options, keys, attempts, result"),
    ("molam_sdk/", "the call: options, keys, attempts, result"),
)
ELSEWHERE = "the rest of Python's library"


def place(filename: str) -> str:
    """Return whose code a file is."""
    path = filename.replace("\\", "/")
    return next((name for part, name in PLACES if part in path), ELSEWHERE)


def main() -> None:
    call = CONTENDERS[sys.argv[1]](sys.argv[2])
    for _ in range(200):
        call()

    def run(order: dict[str, Any]) -> dict[str, Any]:
        counts: collections.Counter[str] = collections.Counter()

        def look(number: int, frame: FrameType | None) -> None:
            if frame is not None:
                counts[place(frame.f_code.co_filename)] += 1

        signal.signal(signal.SIGPROF, look)
        signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
        for _ in range(order["calls"]):
            call()
        signal.setitimer(signal.ITIMER_PROF, 0)
        return dict(counts)

    obey(run)


if __name__ == "__main__":
    main()
