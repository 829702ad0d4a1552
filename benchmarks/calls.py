"""How much a call costs, and how many of them fit into a second."""

from __future__ import annotations

from typing import Any

from benchmarks.bench import Bench, Worker, in_turns
from benchmarks.environments import UnavailableError, environment
from benchmarks.figures import Figure
from benchmarks.spread import Sample, ratio

_SYNC = {
    "httpx": ("sdk", "httpx.Client.post(json=).json()"),
    "molam": ("sdk", "MolamClient, everything on"),
    "molam-speed": ("sdk-speed", "MolamClient with the speed extra"),
    "molam-own-client": ("sdk", "MolamClient over one's own httpx.Client"),
    "pyreqwest": ("sdk-speed", "pyreqwest alone: what the speed extra builds on"),
    "raw-socket": ("sdk", "raw socket, prebuilt bytes"),
    "httpx-transport": ("sdk", "httpx.HTTPTransport, called directly"),
    "openapi-python-client": ("openapi-python-client", "openapi-python-client's output"),
    "stripe": ("stripe", "stripe"),
    "openai": ("openai", "openai"),
}
_ASYNC = {
    "httpx": ("sdk", "httpx.AsyncClient"),
    "molam": ("sdk", "MolamAsyncClient"),
    "molam-speed": ("sdk-speed", "MolamAsyncClient with the speed extra"),
    "pyreqwest": ("sdk-speed", "pyreqwest alone: what the speed extra builds on"),
    "stripe": ("stripe", "stripe"),
    "openai": ("openai", "openai"),
}
_NAMES = {
    "molam": "default",
    "molam-speed": "speed",
    "molam-own-client": "own-client",
}


def sync(bench: Bench) -> list[Figure]:
    """CPU time of one blocking call, to httpx's own client."""
    workers, figures = _start(_SYNC, "calls", "sync", bench)
    orders = {name: {"calls": 150} for name in workers}
    results = in_turns(workers, bench.rounds, orders)
    for worker in workers.values():
        worker.close()
    anchor = [answer["cpu"] for answer in results["httpx"]]
    for name, answers in results.items():
        cpu = [answer["cpu"] for answer in answers]
        figures.append(
            Figure(
                name=f"sync-{_NAMES.get(name, name)}",
                title=f"Sync call, CPU: {_SYNC[name][1]}",
                sample=ratio(cpu, anchor),
                note=f"{Sample.of(cpu).median:,.0f} us",
            )
        )
    return [*figures, _to_pyreqwest("speed-sync", "Sync call", results)]


def _to_pyreqwest(name: str, title: str, results: dict[str, list[dict[str, Any]]]) -> Figure:
    """Set the speed extra's CPU time against that of what it builds on: httpx's moves with the machine."""
    ours, alone = results.get("molam-speed"), results.get("pyreqwest")
    return Figure(
        name=name,
        title=f"{title}, CPU: with the speed extra, to pyreqwest alone",
        sample=ratio([each["cpu"] for each in ours], [each["cpu"] for each in alone])
        if ours and alone
        else None,
    )


def throughput(bench: Bench) -> list[Figure]:
    """Async calls per second, to httpx's own client."""
    figures: list[Figure] = []
    for concurrency in (50, 500):
        contenders = _ASYNC if concurrency == 50 else {n: _ASYNC[n] for n in ("httpx", "molam")}
        kind = f"async-{concurrency}"
        workers, missing = _start(contenders, "async_calls", kind, bench)
        figures += missing
        orders = {
            # Enough for a fraction of a second each, so that the rounds stay close together.
            name: {"concurrency": concurrency, "calls": max(concurrency, 500) * _PACE.get(name, 1)}
            for name in workers
        }
        results = in_turns(workers, bench.rounds, orders)
        for worker in workers.values():
            worker.close()
        anchor = [answer["rate"] for answer in results["httpx"]]
        for name, answers in results.items():
            rates = [answer["rate"] for answer in answers]
            failed = sum(answer["failures"] for answer in answers)
            cpu = Sample.of([answer["cpu"] for answer in answers]).median
            note = f"{Sample.of(rates).median:,.0f}/s, {cpu:,.0f} us CPU"
            figures.append(
                Figure(
                    name=f"{kind}-{_NAMES.get(name, name)}",
                    title=f"Async calls per second at {concurrency}: {contenders[name][1]}",
                    sample=ratio(rates, anchor) if not failed else None,
                    note=note if not failed else f"{failed} calls failed",
                )
            )
        if concurrency == 50:
            figures.append(_to_pyreqwest("speed-async-50", "Async at 50", results))
    return figures


_PACE = {"molam": 3, "molam-speed": 10, "pyreqwest": 10}


def connections(bench: Bench) -> list[Figure]:
    """Connections that 50 threads open for 5,000 calls."""
    made: list[float] = []
    for _ in range(3):
        worker = Worker(environment("sdk"), "threads", bench.server.url)
        before = bench.server.ask("GET", "/connections")["made"]
        worker.ask(threads=50, calls=5000)
        # One of them is the question itself.
        made.append(bench.server.ask("GET", "/connections")["made"] - before - 1)
        worker.close()
    return [
        Figure(
            name="connections",
            title="Connections opened by 50 threads for 5,000 calls",
            sample=Sample.of(made),
            unit="",
        )
    ]


def _start(
    contenders: dict[str, tuple[str, str]], module: str, kind: str, bench: Bench
) -> tuple[dict[str, Worker], list[Figure]]:
    """Start a worker each; those that cannot be are figures without a number."""
    workers: dict[str, Worker] = {}
    missing: list[Figure] = []
    for name, (where, title) in contenders.items():
        try:
            worker = Worker(environment(where), module, name, bench.server.url)
            worker.ask(calls=1, concurrency=1)
        except (UnavailableError, RuntimeError) as error:
            if name in ("httpx", "molam"):
                raise
            missing.append(
                Figure(
                    name=f"{kind}-{_NAMES.get(name, name)}",
                    title=f"{kind}: {title}",
                    sample=None,
                    note=str(error),
                )
            )
        else:
            workers[name] = worker
    return workers, missing
