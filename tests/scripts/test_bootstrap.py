"""scripts/bootstrap: what it installs when, and what it says when it cannot.

It is given a Python that only notes what it is asked to do, so nothing is installed here;
test_setup.py installs for real.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STUB = """\
#!/bin/sh
# A Python that notes what it is asked to do.
case "$1 $2" in
"-m venv") echo venv >>"$STUB_LOG"; what=venv
    mkdir -p .venv/bin; rm -f .venv/bin/python; cp "$0" .venv/bin/python ;;
"-m pip") what=pip
    case $* in
    *--version*) exit 0 ;;
    *--editable*) echo editable >>"$STUB_LOG" ;;
    *) for last; do :; done; echo "$last" >>"$STUB_LOG" ;;
    esac ;;
*) exec {python} -c "import sys
sys.version_info = (*map(int, '{version}'.split('.')), 'final', 0)
sys._base_executable = '$0' if '/.venv/' not in '$0' and '$0'[0] == '/' else '{stub}'
{more}
exec(sys.argv.pop())" "$2" ;;
esac
[ "$STUB_FAILS" != "$what" ] || {{ printf '%s\\n' "$STUB_SAYS" >&2; exit 1; }}
"""


class Checkout:
    """A checkout with nothing in it but what the set-up reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a checkout"
        self.log = folder / "log"
        (self.folder / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts/bootstrap", self.folder / "scripts")
        for name in ("pyproject.toml", "requirements.lock", "requirements-demo.lock"):
            (self.folder / name).write_text(name)
        self.python = self.make_python("python")

    def make_python(self, name: str, version: str = "3.11.7", more: str = "") -> Path:
        path = self.folder.parent / name
        path.write_text(
            STUB.format(python=shlex.quote(sys.executable), version=version, stub=path, more=more)
        )
        path.chmod(0o755)
        return path

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        self.log.write_text("")
        return subprocess.run(
            [self.folder / "scripts/bootstrap", *words],
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            env={
                "PATH": os.environ["PATH"],
                "PYTHON": str(self.python),
                "STUB_LOG": str(self.log),
                **settings,
            },
        )

    def steps(self, *words: str, **settings: str) -> list[str]:
        """Run it, and say what it did."""
        ran = self.run(*words, **settings)
        assert ran.returncode == 0, ran.stderr
        return self.log.read_text().split()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


DEMO = ["requirements-demo.lock", "editable"]
REST = ["requirements.lock"]


def test_each_command_installs_what_is_missing_and_nothing_twice(checkout: Checkout) -> None:
    assert checkout.steps("demo") == ["venv", *DEMO]
    assert checkout.steps("demo") == []
    assert checkout.steps() == REST
    assert checkout.steps() == []
    assert checkout.steps("demo") == []


def test_everything_at_once(checkout: Checkout) -> None:
    assert checkout.steps() == ["venv", *DEMO, *REST]


@pytest.mark.parametrize(
    ("changed", "demo", "everything"),
    [
        ("requirements.lock", [], REST),
        ("requirements-demo.lock", DEMO, REST),
        ("pyproject.toml", DEMO, REST),
        ("scripts/bootstrap", DEMO, REST),
    ],
)
def test_what_changed_is_installed_again(
    checkout: Checkout, changed: str, demo: list[str], everything: list[str]
) -> None:
    checkout.steps()
    with (checkout.folder / changed).open("a") as file:
        file.write("\n# changed\n")
    assert checkout.steps("demo") == demo
    # What the demo took back or forth may be what everything needs otherwise.
    assert checkout.steps() == everything
    assert checkout.steps() == []


def test_a_checkout_that_was_moved_is_set_up_anew(checkout: Checkout) -> None:
    checkout.steps()
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved 'here'"))
    assert checkout.steps("demo") == ["venv", *DEMO]
    assert checkout.steps() == REST


def test_another_interpreter_is_taken_when_named_and_kept_when_not(checkout: Checkout) -> None:
    checkout.steps()
    other = checkout.make_python("other", "3.12.1")
    assert checkout.steps("demo", PYTHON=str(other)) == ["venv", *DEMO]
    assert checkout.steps("demo", PYTHON="") == []
    # The python in .venv names the one that it was made with.
    assert checkout.steps(PYTHON=str(checkout.folder / ".venv/bin/python")) == REST


def test_what_clean_removed_is_made_again(checkout: Checkout) -> None:
    checkout.steps()
    shutil.rmtree(checkout.folder / ".venv")
    assert checkout.steps() == ["venv", *DEMO, *REST]


def test_a_set_up_that_was_cut_off_starts_afresh(checkout: Checkout) -> None:
    checkout.steps("demo")
    (checkout.folder / ".venv/bootstrap.stamp").write_text("unfinished\n")
    assert checkout.steps() == ["venv", *DEMO, *REST]


def test_an_environment_stays_when_pip_could_only_not_reach_the_index(checkout: Checkout) -> None:
    checkout.steps("demo")
    failing = {"STUB_FAILS": "pip", "STUB_SAYS": "[Errno 111] Connection refused"}
    assert checkout.run(**failing).returncode == 1
    assert checkout.steps() == [*DEMO, *REST]


@pytest.mark.parametrize(
    "made", [("3.9.18", "", "is 3.9.18"), ("3.11.2", "ensurepip", "lacks venv or ensurepip")]
)
def test_a_python_that_does_not_do_is_named_with_the_reason(
    checkout: Checkout, made: tuple[str, str, str]
) -> None:
    version, missing, says = made
    named = checkout.make_python("short", version, f"sys.modules['{missing or 'no'}'] = None")
    ran = checkout.run("demo", PYTHON=str(named))
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert f"{named} {says}" in ran.stderr
    assert "PYTHON=/path/to/python" in ran.stderr


def test_no_python_is_one_line(checkout: Checkout) -> None:
    ran = checkout.run("demo", PYTHON="/nowhere/python")
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "/nowhere/python does not run" in ran.stderr


# As pip 23.0.1, 23.2.1, 24.2 and 26.3 and ensurepip said it, shortened.
RETRYING = "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by "
IN_VAIN = "\nERROR: No matching distribution found for annotated-doc==0.0.7"
PIP_SAYS = {
    "no DNS": (
        RETRYING + "'NewConnectionError('<x>: Failed to establish a new connection: [Errno -2] Name"
        " or service not known')': /simple/annotated-doc/" + IN_VAIN,
        "There is no network, or no DNS",
    ),
    "no DNS, for a moment": (
        RETRYING
        + "'NewConnectionError('<x>: [Errno -3] Temporary failure in name resolution')'"
        + IN_VAIN,
        "There is no network, or no DNS",
    ),
    "no DNS, newer pip": (
        "WARNING: Failed to resolve 'nothing.invalid' (NameResolutionError)" + IN_VAIN,
        "There is no network, or no DNS",
    ),
    "nobody listens": (
        RETRYING + "'NewConnectionError('<x>: Failed to establish a new connection: [Errno 111]"
        " Connection refused')': /simple/annotated-doc/" + IN_VAIN,
        "the package index does not answer",
    ),
    "no answer": (
        RETRYING + "'ReadTimeoutError(\"Read timed out. (read timeout=15)\")'" + IN_VAIN,
        "the package index does not answer",
    ),
    "proxy away": (
        RETRYING + "'ProxyError('Cannot connect to proxy.', NewConnectionError('<x>: Failed to"
        " establish a new connection: [Errno 111] Connection refused'))'" + IN_VAIN,
        "the proxy does not answer",
    ),
    "proxy refuses": (
        RETRYING
        + "'ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 407"
        " Proxy Authentication Required'))'" + IN_VAIN,
        "the proxy does not answer, or refuses",
    ),
    "TLS opened": (
        RETRYING + "'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]"
        " certificate verify failed: self signed certificate'))'" + IN_VAIN,
        "PIP_CERT=",
    ),
    "disk full": (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "the disk is full",
    ),
    "not writable": (
        "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied:"
        " '/x/.venv/lib'",
        "(Could not install packages due to an OSError: [Errno 13] Permission denied: '/x/.venv/lib')",
    ),
    "other files": (
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
        "serves other files than the lock names",
    ),
    "refused": (
        "ERROR: HTTP error 403 while getting https://index/x.whl",
        "the package index refuses: HTTP error 403",
    ),
    "no wheel": (
        "ERROR: Could not find a version that satisfies the requirement rpds-py==1" + IN_VAIN,
        "no wheel for this Python and machine: No matching distribution found for annotated-doc",
    ),
    "lock not complete": (
        "ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==.",
        "Run scripts/lock",
    ),
}


@pytest.mark.parametrize(("said", "cause"), PIP_SAYS.values(), ids=PIP_SAYS)
def test_a_failure_is_one_line_that_names_the_cause(
    checkout: Checkout, said: str, cause: str
) -> None:
    ran = checkout.run("demo", STUB_FAILS="pip", STUB_SAYS=said)
    assert ran.returncode == 1
    *progress, line = ran.stderr.splitlines()
    assert line.startswith("bootstrap: requirements-demo.lock could not be installed: ")
    assert cause in line
    assert len(progress) == 2
    assert all(each.startswith("bootstrap: ") for each in progress)


def test_a_proxy_is_suspected_where_one_is_set(checkout: Checkout) -> None:
    refused = {"STUB_FAILS": "pip", "STUB_SAYS": "[Errno 111] Connection refused"}
    ran = checkout.run("demo", https_proxy="http://user:secret@127.0.0.1:9", **refused)
    assert "neither the package index nor the proxy answers" in ran.stderr
    assert "secret" not in ran.stderr


def test_what_nobody_knows_is_shown_whole(checkout: Checkout) -> None:
    ran = checkout.run("demo", STUB_FAILS="pip", STUB_SAYS="Traceback\n  one\nStrangeError: two")
    assert ran.returncode == 1
    assert "  one\nStrangeError: two\nbootstrap: requirements-demo.lock" in ran.stderr


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        (
            "Error: [Errno 13] Permission denied: '/x/.venv'",
            "([Errno 13] Permission denied: '/x/.venv')",
        ),
        ("Refusing to create a venv in /a:b because it contains the PATH separator :.", "a colon"),
    ],
)
def test_an_environment_that_cannot_be_made_is_one_line(
    checkout: Checkout, said: str, cause: str
) -> None:
    ran = checkout.run("demo", STUB_FAILS="venv", STUB_SAYS=said)
    assert ran.returncode == 1
    assert f"{checkout.python} could not make .venv: " in ran.stderr
    assert cause in ran.stderr.splitlines()[-1]


def test_settings_that_lead_pip_astray_are_not_handed_on(checkout: Checkout) -> None:
    spy = checkout.make_python("spy")
    text = spy.read_text().replace("*--version*)", '*) env >"$STUB_LOG.env" ;;\n    nothing)')
    spy.write_text(text)
    astray = {"PYTHONPATH": "/x", "PIP_TARGET": "/x", "PIP_CONSTRAINT": "/x", "PIP_USER": "1"}
    checkout.run("demo", PYTHON=str(spy), CDPATH="/", PIP_INDEX_URL="https://kept/", **astray)
    handed_on = dict(
        line.split("=", 1) for line in Path(f"{checkout.log}.env").read_text().splitlines()
    )
    assert handed_on["PIP_USER"] == "0"
    assert handed_on["PIP_INDEX_URL"] == "https://kept/"
    assert not {"PYTHONPATH", "PIP_TARGET", "PIP_CONSTRAINT"} & set(handed_on)
