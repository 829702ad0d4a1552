"""What tests start: no process outlives its test, and nothing the test run, however that ends.

A plugin for pytest. It notes each process that a test starts, in whatever way that uses `subprocess`.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

MARK = "TESTS_OF_MOLAM"
LONGEST_SECONDS = 300
"""How long a test may take on any machine; what it waits for in vain would hold up all others."""
_running: set[subprocess.Popen[Any]] = set()
_lasting: set[subprocess.Popen[Any]] = set()


class _Noted(subprocess.Popen[Any]):
    """A process that is noted. `subprocess.run` and asyncio start theirs with it as well."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _running.add(self)


@contextmanager
def guarded() -> Iterator[None]:
    """Note all processes that are started, and have them ended and what they wrote removed.

    Temporary files go into a folder of this run. A guard beside it does the rest if we are killed.
    """
    mark = uuid.uuid4().hex
    folder = tempfile.mkdtemp(prefix="molam-")
    Path(folder).chmod(0o711)  # PostgreSQL runs as somebody else where tests run as root
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py")), mark, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what interrupts us does not interrupt it
    )
    assert guard.stdin is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", _Noted)
        patch.setattr(tempfile, "tempdir", folder)
        patch.setenv("TMPDIR", folder)
        patch.setenv(MARK, mark)
        try:
            yield
        finally:
            _lasting.clear()
            end_what_is_left()
    guard.stdin.close()
    guard.wait()


@pytest.fixture(autouse=True, scope="session")
def _guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    tmp_path_factory.getbasetemp()  # stays where it is, for whoever wants to look
    with guarded():
        yield


@pytest.fixture(autouse=True)
def _no_test_outstays(_guarded: None) -> Iterator[None]:
    def too_long(*_: object) -> None:
        raise TimeoutError(f"the test is not done after {LONGEST_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        left = end_what_is_left()
    assert not left, f"left running, and killed now: {', '.join(left)}"


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """Let a fixture that serves several tests keep its processes as long as it lasts."""
    before = set(_running)
    made = yield
    if fixturedef.scope != "function":
        _lasting.update(_running - before)
    return made


def end_what_is_left() -> list[str]:
    """Kill what still runs and should not, and say what it was."""
    left = []
    for process in list(_running):
        if process.poll() is None:
            if process in _lasting:
                continue
            process.kill()
            process.wait()
            left.append(f"{process.args!r} (process {process.pid})")
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        _running.discard(process)
        _lasting.discard(process)
    return left
