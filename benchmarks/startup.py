"""What starting costs: imports, a client, its memory, and the generator."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import attrs

from benchmarks.bench import Bench, clean_environ
from benchmarks.environments import ROOT, UnavailableError, environment
from benchmarks.figures import Figure
from benchmarks.spread import Sample, difference, ratio

_CLIENT = "import molam_sdk; molam_sdk.MolamClient(molam_sdk.Config(api_key='sk_test_0123456789'))"
_HTTPX = "import httpx; httpx.Client()"
_PROGRAMS = {
    "bare": ("sdk", "pass", ""),
    "import-package": ("sdk", "import molam_sdk", "import molam_sdk, over bare Python"),
    "import-client": ("sdk", _CLIENT, "MolamClient built, over bare Python"),
    "import-httpx-client": ("sdk", _HTTPX, "httpx.Client() built, over bare Python"),
    "import-client-with-click-and-rich": (
        "sdk-cli",
        _CLIENT,
        "MolamClient built where click and rich are installed",
    ),
    "import-stripe": (
        "stripe",
        "import stripe; stripe.StripeClient('sk_test_0')",
        "stripe.StripeClient built, over bare Python",
    ),
    "import-openai": (
        "openai",
        "import openai; openai.OpenAI(api_key='sk_test_0')",
        "openai.OpenAI built, over bare Python",
    ),
}


@attrs.frozen
class _Cost:
    cpu: float
    """Milliseconds, user and system."""
    elapsed: float
    """Seconds."""


def _run(*command: str | Path, cwd: Path) -> _Cost:
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=clean_environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    process.stderr.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise UnavailableError(errors.decode(errors="replace").strip().splitlines()[-1][:200])
    return _Cost((used.ru_utime + used.ru_stime) * 1000, time.perf_counter() - began)


def imports(bench: Bench) -> list[Figure]:
    """CPU time of a new process that imports, over one that does not."""
    costs: dict[str, list[float]] = {name: [] for name in _PROGRAMS}
    reasons: dict[str, str] = {}
    for number in range(bench.rounds + 1):
        for name, (where, code, _) in _PROGRAMS.items():
            if name in reasons:
                continue
            try:
                made = environment(where)
                cost = _run(made.python, "-c", code, cwd=made.folder)
            except UnavailableError as error:
                reasons[name] = str(error)
            else:
                if number:  # the first round compiles
                    costs[name].append(cost.cpu)
    figures = [
        Figure(
            name=name,
            title=title,
            sample=difference(costs[name], costs["bare"]) if name not in reasons else None,
            unit="ms",
            note=reasons.get(name, ""),
        )
        for name, (_, _, title) in _PROGRAMS.items()
        if title
    ]
    # Milliseconds come and go with the machine's other work; this does not.
    bare = statistics.median(costs["bare"])
    ours, theirs = (
        [cost - bare for cost in costs[name]] for name in ("import-client", "import-httpx-client")
    )
    figures.append(
        Figure(
            name="import-client-ratio",
            title="MolamClient built, to httpx.Client() built",
            sample=ratio(ours, theirs)
            if not reasons.keys() & {"import-client", "import-httpx-client"}
            else None,
        )
    )
    return figures


_RESIDENT = """
import gc
gc.collect()
text = open("/proc/self/status").read()
print(next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS:")))
"""
_IDLE = """
import molam_sdk
client = molam_sdk.MolamClient(molam_sdk.Config(api_key="sk_test_0123456789", api_base={url!r}))
client.create_payment_intent(2500, "USD", idempotency_key="molam-1")
"""


def memory(bench: Bench) -> list[Figure]:
    """Resident memory of a process with a client that made a call, over one with httpx alone."""
    name, title = "memory", "Memory of an idle client after a call, over `import httpx`"
    if not Path("/proc/self/status").exists():
        return [Figure(name=name, title=title, sample=None, note="needs /proc")]
    sdk = environment("sdk")
    ours: list[float] = []
    httpx: list[float] = []
    for _ in range(bench.rounds):
        httpx.append(float(sdk.run("-c", "import httpx\n" + _RESIDENT)) / 1024)
        code = _IDLE.format(url=bench.server.url) + _RESIDENT
        ours.append(float(sdk.run("-c", code)) / 1024)
    return [
        Figure(
            name=name,
            title=title,
            sample=difference(ours, httpx),
            unit="MiB",
            note=f"{Sample.of(ours).median:.1f} MiB against {Sample.of(httpx).median:.1f}",
        )
    ]


def generator(bench: Bench) -> list[Figure]:
    """Time of one whole run of the generator over our document, from a cold start."""
    costs = []
    for _ in range(max(3, bench.rounds // 2)):
        with tempfile.TemporaryDirectory() as folder:
            output = str(Path(folder, "molam_sdk"))
            command = ("-m", "generator", "generate", "--output", output)
            costs.append(_run(sys.executable, *command, cwd=ROOT))
    cpu = Sample.of([cost.cpu / 1000 for cost in costs])
    return [
        Figure(
            name="generator",
            title="Generator, cold, over our document (elapsed)",
            sample=Sample.of([cost.elapsed for cost in costs]),
            unit="s",
            note=f"{cpu.median:.2f} s CPU",
        )
    ]
