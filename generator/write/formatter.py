"""The formatter of emitted source: ruff, pinned."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from generator.decide.runtime import PACKAGE

FORMATTER: Final = "0.17.6"
"""The release of ruff that emitted files are formatted with."""


class FormatterError(Exception):
    """The formatter is missing, another version, or refused a file."""


def formatted(texts: Mapping[str, str], package: str) -> dict[str, str]:
    """Return the texts with imports in order and lines broken, in two runs for all of them."""
    if version("ruff") != FORMATTER:
        raise FormatterError(
            f"ruff is {version('ruff')}, emitted files are formatted by {FORMATTER}. "
            f"Run: pip install ruff=={FORMATTER}"
        )
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]

    ruff = str(find_ruff_bin())
    common = ["--isolated", "--no-cache", "--quiet", "--config", "line-length = 100",
              "--config", "target-version = 'py310'"]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in texts.items():
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", newline="\n")
        sort = ["--select", "I001", "--fix", "--config",
                f"lint.isort.known-first-party = ['{PACKAGE}', '{package}']"]  # fmt: skip
        _run([ruff, "check", *common, *sort, folder])
        _run([ruff, "format", *common, folder])
        return {path: (root / path).read_text(encoding="utf-8") for path in texts}


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        first = (done.stdout + done.stderr).strip().splitlines()
        raise FormatterError(
            f"The formatter refused what was emitted, which is a defect of the generator: "
            f"{first[0] if first else 'no message'}"
        )
