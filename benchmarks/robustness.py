"""What cancelled calls leave behind: nothing."""

from __future__ import annotations

from benchmarks.bench import Bench, Worker
from benchmarks.environments import UnavailableError, environment
from benchmarks.figures import Figure
from benchmarks.spread import Sample

CANCELLED = 10_000
CLEAN = 1_000


def cancellations(bench: Bench) -> list[Figure]:
    """Clean calls that fail after many cancelled ones, on either adapter."""
    figures: list[Figure] = []
    for kind, where in (("default", "sdk"), ("speed", "sdk-speed")):
        title = f"Failures in {CLEAN:,} calls after {CANCELLED:,} cancelled ones, {kind} adapter"
        try:
            worker = Worker(environment(where), "cancelling", kind, bench.server.url)
            answer = worker.ask(cancel=CANCELLED, clean=CLEAN)
            worker.close()
        except (UnavailableError, RuntimeError) as error:
            figures.append(Figure(name=f"cancel-{kind}", title=title, sample=None, note=str(error)))
            continue
        left = bench.server.ask("GET", "/connections")["open"]
        wrong = answer["failures"] + answer["dead"] + answer["idle"] + left + len(answer["noises"])
        figures.append(
            Figure(
                name=f"cancel-{kind}",
                title=title,
                sample=Sample.of([wrong]),
                unit="",
                note=f"{answer['cancelled']:,} cancelled; after the server dropped all "
                f"connections {answer['dead']} failed; {answer['idle']} connections outlived their "
                f"expiry, {left} the client",
            )
        )
    return figures
