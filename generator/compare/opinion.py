"""Second opinions on a change, from the emitted packages themselves.

griffe compares the two packages without knowing of any document; mypy holds the type tests of the
previous version, which say what users' code looks like, against the new package.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from generator.emit import emit
from generator.read.document import Document
from generator.write.disk import write

OVERLAYS: Final = Path(__file__).resolve().parents[2] / "overlays"


def emitted(document: Document, place: Path, package: str = "molam_sdk") -> Path:
    """Emit a document's package below a folder; return the package folder."""
    write(emit(document, package).tree, place / package)
    return place / package


def griffe_says(old: Path, new: Path) -> list[str]:
    """Return what griffe takes for breaking between two package folders, a line each.

    Only modules that users import from are looked at; what griffe sees and a caller cannot, the
    values of constants that hold the operations, is left out.
    """
    import griffe

    packages = [
        griffe.load(
            path.name,
            search_paths=[str(path.parent), str(OVERLAYS)],
            allow_inspection=False,
            try_relative_path=False,
            resolve_aliases=False,
        )
        for path in (old, new)
    ]
    found: list[str] = []
    for breakage in griffe.find_breaking_changes(*packages):
        if breakage.kind is griffe.BreakageKind.ATTRIBUTE_CHANGED_VALUE:
            continue
        line = " ".join(
            _COLOUR.sub("", breakage.explain(griffe.ExplanationStyle("oneline"))).split()
        )
        found.append(line.replace(f"{old.parent}/", "").replace(f"{new.parent}/", ""))
    return list(dict.fromkeys(found))


_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


def type_tests_say(tests: Path, package: Path, cache: Path | None = None) -> list[str]:
    """Return what mypy --strict says of type tests once they are held against a package.

    Args:
        tests: a folder of files that mypy checks.
        package: the package folder that they import.
        cache: where mypy may keep what it knows of the standard library; by default nowhere.
    """
    files = sorted(str(path) for path in tests.rglob("*.py"))
    if not files:
        return []
    with TemporaryDirectory() as place:
        config = Path(place, "mypy.ini")
        config.write_text(
            "[mypy]\nstrict = true\nfollow_imports = silent\nexplicit_package_bases = true\n"
            f"mypy_path = {package.parent}:{OVERLAYS}\n",
            encoding="utf-8",
        )
        done = subprocess.run(
            [
                sys.executable, "-m", "mypy", "--config-file", str(config),
                "--no-error-summary", "--cache-dir", str(cache or Path(place, "cache")), *files,
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=tests,
        )  # fmt: skip
    lines = [line for line in (done.stdout + done.stderr).splitlines() if ": error:" in line]
    if done.returncode and not lines:
        return [f"mypy could not run: {' '.join((done.stdout + done.stderr).split())[:500]}"]
    return [line.replace(f"{tests}/", "") for line in lines]
