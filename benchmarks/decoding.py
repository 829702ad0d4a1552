"""What decoding a response and verifying a webhook cost, to what Python's own library takes."""

from __future__ import annotations

from benchmarks.bench import Bench, Worker
from benchmarks.environments import environment
from benchmarks.figures import Figure
from benchmarks.spread import Sample, ratio

_DECODE = {
    "decode-one": ("Decode one payment intent, to json.loads", 2000),
    "decode-one-read": ("The same and read every field once, to json.loads", 2000),
    "decode-page": ("Decode a page of 100, to json.loads", 30),
}
_WEBHOOK = {
    "webhook-verify": ("Verify a webhook of 1 KiB, to hmac.digest", 4000),
    "webhook-event": ("Verify it and make the typed event, to hmac.digest", 2000),
}


def decode(bench: Bench) -> list[Figure]:
    """CPU time of decoding, to `json.loads` of the same bytes."""
    return _measure(bench, _DECODE)


def webhooks(bench: Bench) -> list[Figure]:
    """CPU time of verifying, to `hmac.digest` of the same bytes."""
    return _measure(bench, _WEBHOOK)


def _measure(bench: Bench, subjects: dict[str, tuple[str, int]]) -> list[Figure]:
    worker = Worker(environment("sdk"), "decoding")
    cpu: dict[str, list[float]] = {name: [] for name in subjects}
    anchors: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(2 * bench.rounds + 1):
        for name, (_, count) in subjects.items():
            answer = worker.ask(subject=name, count=count)
            if number:
                cpu[name].append(answer["cpu"])
                anchors[name].append(answer["anchor"])
    worker.close()
    return [
        Figure(
            name=name,
            title=title,
            sample=ratio(cpu[name], anchors[name]),
            note=f"{Sample.of(cpu[name]).median:,.2f} us",
        )
        for name, (title, _) in subjects.items()
    ]
