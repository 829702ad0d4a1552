"""Both type checkers over every package that the documents at hand become.

More than a minute together, so only CI runs it by itself; with CI=true in the environment anybody does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from proving.package import emit

from generator.command import run

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted((ROOT / "tests" / "generator" / "documents").glob("*.yaml"))
SHARED = [
    document
    for named in ("adyen-[ctw]*.json", "kubernetes-*.json", "meilisearch.json", "museum.yaml")
    for document in sorted((ROOT.parent / "shared" / "specs").glob(named))
]
WITH_MISTAKES = ("kubernetes-apps-v1", "meilisearch")
"""Those that are refused as they stand: what is wrong with them is accepted first."""

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI"), reason="takes more than a minute; set CI=true to run it"
)


def _accepted(folder: Path, document: Path) -> Path:
    """Return a document that can be emitted, a copy where something has to be accepted."""
    if document.stem not in WITH_MISTAKES:
        return document
    copied = Path(shutil.copy(document, folder))
    assert run(["accept", str(copied)]) == 0
    return copied


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Emit every package into one folder."""
    place = tmp_path_factory.mktemp("packages")
    before = list(sys.path)
    for document in [*DOCUMENTS, *map(partial(_accepted, place.parent), SHARED)]:
        emit(document, place / f"of_{re.sub(r'[^a-z0-9]', '_', document.stem)}")
    sys.path[:] = before
    (place / "mypy.ini").write_text(
        "[mypy]\nstrict = true\npython_version = 3.10\nexplicit_package_bases = true\n"
        f"mypy_path = {ROOT / 'overlays'}:{place}\n"
    )
    return place


def test_mypy_finds_nothing_in_emitted_packages(packages: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", packages / "mypy.ini", "--cache-dir", packages.parent / "cache",
         *sorted(packages.glob("of_*"))],
        capture_output=True, text=True, check=False, cwd=packages,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_pyright_finds_nothing_in_emitted_packages(packages: Path) -> None:
    ours = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    quiet = re.findall(r'^(report\w+) = "none"$', ours, re.MULTILINE)
    config = {
        "include": ["."],
        "extraPaths": [str(ROOT / "overlays"), "."],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.10",
        # As for our own package.
        **dict.fromkeys(quiet, "none"),
    }
    (packages / "pyrightconfig.json").write_text(json.dumps(config))
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--project", packages, "--pythonpath", sys.executable],
        capture_output=True, text=True, check=False, cwd=packages,
    )  # fmt: skip
    assert "0 errors, 0 warnings" in done.stdout, done.stdout[-3000:] + done.stderr


def test_a_wrong_use_of_an_emitted_package_is_found(packages: Path) -> None:
    uses = packages.parent / "uses.py"
    uses.write_text(
        "from of_references.client import ReferencesClient\n\n"
        "def use(client: ReferencesClient) -> int:\n"
        "    return client.get_chain().end\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", packages / "mypy.ini",
         "--cache-dir", packages.parent / "cache", uses],
        capture_output=True, text=True, check=False, cwd=packages,
    )  # fmt: skip
    assert "uses.py:4: error: Incompatible return value type" in done.stdout, done.stdout
