"""What a test leaves running is found, told and ended, whichever way the test run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEAVING = """
import pathlib, subprocess, sys, tempfile, time

WAITS = "import time; time.sleep(600)"
STARTS = '''
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print("ready", flush=True)
time.sleep(600)
'''

def start():
    pathlib.Path("folder").write_text(tempfile.mkdtemp())
    process = subprocess.Popen([sys.executable, "-c", STARTS, WAITS], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process

"""
CASES = {
    "a test that passes": "def test_it():\n    start()\n",
    "a test that fails": "def test_it():\n    process = start()\n    assert False\n",
    "a fixture that fails": "import pytest\n@pytest.fixture\ndef made():\n    process = start()\n"
    "    yield process\n    assert False\ndef test_it(made): ...\n",
    "a fixture of a module, never ended": "import pytest\n@pytest.fixture(scope='module')\n"
    "def made():\n    return start()\ndef test_it(made): ...\n",
}


# As a person starts it at a terminal, where an interrupt is not ignored.
RUN = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


def pytest_in(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Run the tests of a folder below our plugin, with a mark on all that belongs to them."""
    options = ["-q", "-p", "tests.processes", "-p", "no:cacheprovider", f"--rootdir={folder}"]
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *options, f"--basetemp={folder}/temp", *words],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "OF_THIS_TEST": str(folder),
        },
    )


def running(folder: Path) -> list[str]:
    mark = f"OF_THIS_TEST={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def wait_until_nothing_is_left(folder: Path) -> None:
    temporary = Path((folder / "folder").read_text())
    deadline = time.monotonic() + 30
    while (left := running(folder)) or temporary.exists():
        assert time.monotonic() < deadline, (left, temporary)
        time.sleep(0.02)  # other processes end: their time cannot be moved


needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


@needs_proc
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_a_test_started_is_ended(case: str, tmp_path: Path) -> None:
    (tmp_path / "test_leaving.py").write_text(LEAVING + case)
    with pytest_in(tmp_path) as process:
        said, _ = process.communicate(timeout=60)
    if "scope" not in case:
        assert process.returncode == 1
        assert "left running, and killed now: " in said
    wait_until_nothing_is_left(tmp_path)


def test_a_test_that_waits_in_vain_fails(tmp_path: Path) -> None:
    waits = "def test_it():\n    start().wait()\n"
    (tmp_path / "conftest.py").write_text(
        "from tests import processes\nprocesses.LONGEST_SECONDS = 1\n"
    )
    (tmp_path / "test_leaving.py").write_text(LEAVING + waits)
    with pytest_in(tmp_path) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "TimeoutError: the test is not done after 1 seconds" in said
    wait_until_nothing_is_left(tmp_path)


@needs_proc
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("words", [[], ["-p", "xdist", "-n1"]], ids=["alone", "in a worker"])
def test_nothing_outlives_tests_that_are_killed(
    words: list[str], sent: signal.Signals, tmp_path: Path
) -> None:
    stuck = "def test_it():\n    start()\n"
    stuck += "    pathlib.Path('stuck').touch()\n    time.sleep(600)\n"
    (tmp_path / "test_leaving.py").write_text(LEAVING + stuck)
    with pytest_in(tmp_path, *words) as process:
        try:
            while not (tmp_path / "stuck").exists():
                assert process.poll() is None, process.communicate()[0]
                time.sleep(0.02)
            process.send_signal(sent)
            process.communicate(timeout=60)
        finally:
            process.kill()
    wait_until_nothing_is_left(tmp_path)
