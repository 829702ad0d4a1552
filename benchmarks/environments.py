"""Virtual environments to measure in: ours with nothing but its dependencies, and the peers'.

They live in ``benchmarks/.cache`` and are made when they are first needed. One that cannot be made
is reported with its reason; the rest is measured all the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import attrs

ROOT: Final = Path(__file__).resolve().parent.parent
CACHE: Final = Path(__file__).resolve().parent / ".cache"

_SDK: Final = ("httpx>=0.28,<1", "attrs>=23.2", "python-dateutil>=2.8.2")
REQUIREMENTS: Final[dict[str, tuple[str, ...]]] = {
    "sdk": _SDK,
    "sdk-speed": (*_SDK, "pyreqwest>=0.12"),
    "sdk-cli": (*_SDK, "click", "rich"),
    "stripe": ("stripe==16.1.0", "httpx>=0.28,<1"),
    "openai": ("openai==3.51.0",),
    "openapi-python-client": ("openapi-python-client==0.29.1",),
}
"""What is installed where, besides our own sources. ``sdk-cli`` is ``sdk`` with click and rich,
which httpx imports where it finds them."""


class UnavailableError(Exception):
    """An environment cannot be made; says why."""


@attrs.frozen
class Environment:
    """A virtual environment."""

    name: str
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin") / "python"

    def run(self, *arguments: str) -> str:
        """Run its Python and return what it printed.

        Raises:
            UnavailableError: it failed.
        """
        done = subprocess.run(
            [self.python, *arguments], capture_output=True, text=True, check=False, cwd=self.folder
        )
        if done.returncode:
            raise UnavailableError(_last_line(done.stderr) or f"exit status {done.returncode}")
        return done.stdout


def environment(name: str) -> Environment:
    """Return an environment, made if it is not there or its requirements have changed.

    Raises:
        UnavailableError: something cannot be installed.
    """
    wanted = "\n".join((sys.version, *REQUIREMENTS[name]))
    made = Environment(name, CACHE / name)
    stamp = made.folder / "requirements.txt"
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return made
    print(f"Making the environment {name} …", file=sys.stderr)
    shutil.rmtree(made.folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", made.folder], check=True, capture_output=True)
    made.run("-m", "pip", "install", "--quiet", *REQUIREMENTS[name])
    if name.startswith("sdk"):
        _add_sources(made)
    if name == "openapi-python-client":
        _generate_peer(made)
    stamp.write_text(wanted, "utf-8")
    return made


def versions(name: str) -> dict[str, str]:
    """Return what is installed in an environment, by distribution."""
    lines = environment(name).run("-m", "pip", "list", "--format=freeze").split()
    return dict(line.split("==", 1) for line in lines if "==" in line)


def _add_sources(made: Environment) -> None:
    """Put this checkout on the path, as an editable install would."""
    site = made.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    lines = "".join(f"{folder}\n" for folder in (ROOT, ROOT / "overlays"))
    Path(site, "molam_sources.pth").write_text(lines, "utf-8")


def _generate_peer(made: Environment) -> None:
    """Let openapi-python-client make its client from our document."""
    made.run(
        *("-m", "openapi_python_client", "generate", "--meta", "none", "--overwrite"),
        *("--path", str(ROOT / "openapi" / "molam.yaml")),
        *("--output-path", str(made.folder / "molam_peer")),
    )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or [""])[-1][:200]
