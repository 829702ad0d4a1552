"""``python -m benchmarks [--check] [--record] [--rounds N] [NAME …]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final

from benchmarks import calls, decoding, report, robustness, scale, startup, stores
from benchmarks.bench import Bench, Worker, running_server
from benchmarks.environments import environment
from benchmarks.figures import Figure, load_budgets, verdict

BENCHMARKS: Final[dict[str, Callable[[Bench], list[Figure]]]] = {
    "sync": calls.sync,
    "async": calls.throughput,
    "connections": calls.connections,
    "import": startup.imports,
    "memory": startup.memory,
    "decode": decoding.decode,
    "webhooks": decoding.webhooks,
    "generator": startup.generator,
    "scale": scale.scale,
    "cancellations": robustness.cancellations,
    "journal": stores.journal,
    "events": stores.events,
    "wakes": stores.wakes,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit status."""
    if tuple(sys.version_info) < (3, 11):
        sys.exit("benchmarks: pyreqwest and one of the peers need Python 3.11 or newer.")
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the SDK.")
    parser.add_argument("--check", action="store_true", help="fail where a budget is missed")
    parser.add_argument("--record", action="store_true", help="write docs/benchmarks.md, all of it")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each measurement")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    if given.rounds < 1:
        parser.error("--rounds takes 1 or more")
    if given.record and given.names:
        parser.error("--record takes all benchmarks: leave the names out")
    budgets = load_budgets()
    figures: list[Figure] = []
    profile = ""
    with running_server() as server:
        bench = Bench(server, given.rounds)
        for name in given.names or BENCHMARKS:
            measured = BENCHMARKS[name](bench)
            print(report.as_text(measured, budgets), flush=True)
            figures += measured
        if given.record:
            worker = Worker(environment("sdk"), "profiling", "molam", server.url)
            profile = report.as_profile(worker.ask(calls=10_000))
            worker.close()
    if given.record:
        report.record(figures, budgets, given.rounds, profile)
    missed = [f for f in figures if verdict(f, budgets) in ("MISSED", "not measured")]
    for figure in missed:
        print(f"{figure.name}: {verdict(figure, budgets)}", file=sys.stderr)
    return 1 if given.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
