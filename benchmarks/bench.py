"""What a benchmark is given: the server, workers, and how thorough to be."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks.environments import ROOT, Environment

_START: Final = 10.0
"""Seconds that the server may take to start."""


@attrs.frozen
class Server:
    """The running server."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str) -> dict[str, Any]:
        """Ask it about itself, on a connection that is closed afterwards."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()


@attrs.frozen
class Bench:
    """What a benchmark is given."""

    server: Server
    rounds: int
    """How often each measurement is taken, in turns with its anchor."""


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """Start the server in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder, "port")
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server", str(port_file)], cwd=ROOT
        )
        try:
            give_up = time.monotonic() + _START
            while not port_file.exists():
                if process.poll() is not None or time.monotonic() > give_up:
                    raise RuntimeError("The benchmarks' own server did not start.")
                time.sleep(0.02)
            yield Server(int(port_file.read_text("utf-8")))
        finally:
            process.terminate()
            process.wait()


class Worker:
    """A process that does what it is told, one line of JSON at a time."""

    def __init__(self, environment: Environment, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [environment.python, "-m", f"benchmarks.workers.{module}", *arguments],
            cwd=ROOT,
            env=clean_environ(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, **order: Any) -> dict[str, Any]:
        """Give an order and wait for what came of it.

        Raises:
            RuntimeError: the worker died; the message is the last line it wrote.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            _, errors = self._process.communicate()
            raise RuntimeError((errors.strip().splitlines() or ["the worker ended"])[-1][:200])
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        if self._process.poll() is None:
            self._process.communicate()


def clean_environ() -> dict[str, str]:
    """Return this process's environment without what changes how Python or the SDK behave."""
    unwanted = ("MOLAM_", "PYTHON", "COVERAGE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {
        name: value for name, value in os.environ.items() if not name.upper().startswith(unwanted)
    }


def in_turns(
    workers: Mapping[str, Worker], rounds: int, orders: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Let each worker do its order once a round, the order of workers reversed every other round.

    The first round, in which caches fill and connections open, is not counted.
    """
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    names: Sequence[str] = list(workers)
    for number in range(rounds + 1):
        for name in names if number % 2 else reversed(names):
            answer = workers[name].ask(**orders[name])
            if number:
                results[name].append(answer)
    return results
