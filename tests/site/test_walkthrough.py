"""The walk through a first change, carried out as the page says, on a copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("openapi_python_client", reason="the generator needs Python 3.11")

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/maintainers/changing-the-api.md"
BLOCKS: dict[str, str] = dict(
    re.findall(
        r"```\{code-block\} \w+\n:caption: (.*?)\n\n(.*?)```",
        PAGE.read_text(encoding="utf-8"),
        re.DOTALL,
    )
)


def generator(*words: str | Path) -> str:
    command = [sys.executable, "-m", "generator", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the runtime, and the package that the changed document becomes."""
    place = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "overlays/molam_overlays", place / "molam_overlays")
    text = (ROOT / "openapi/molam.yaml").read_text(encoding="utf-8")
    paths = BLOCKS["openapi/molam.yaml, at the end of paths"]
    schemas = BLOCKS["openapi/molam.yaml, at the end of schemas"]
    changed = text.replace("\nwebhooks:\n", f"\n{paths}webhooks:\n", 1) + schemas
    (place / "molam.yaml").write_text(changed, encoding="utf-8")
    generator("generate", "--document", place / "molam.yaml", "--output", place / "molam_sdk")
    return place


def run(house: Path, source: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(house)}
    command = [sys.executable, "-c", source]
    done = subprocess.run(
        command, cwd=house, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_what_the_change_means_is_what_the_page_shows(house: Path) -> None:
    said = generator("diff", "openapi/molam.yaml", house / "molam.yaml")
    _, _, said = re.sub(r" \[.*?\]$", "", said, flags=re.MULTILINE).partition(": ")
    assert BLOCKS["what it says"].partition(": ")[2].strip() == said.strip()


def test_the_method_is_there_and_the_sandbox_answers_with_the_example(house: Path) -> None:
    run(house, BLOCKS["it works already"])


def test_a_behaviour_makes_the_sandbox_tell_what_happened(house: Path) -> None:
    place = house / "molam_overlays/sandbox/behaviour.py"
    text = place.read_text(encoding="utf-8")
    function = BLOCKS["behaviour.py, above BEHAVIOURS"]
    row = BLOCKS["behaviour.py, in BEHAVIOURS"]
    last = '    "cancel_payout": cancel_payout,\n'
    assert text.count("\nBEHAVIOURS: ") == text.count(f"{last}}}") == 1
    text = text.replace("\nBEHAVIOURS: ", f"\n{function}\n\nBEHAVIOURS: ", 1)
    place.write_text(text.replace(f"{last}}}", f"{last}{row}}}", 1), encoding="utf-8")
    document = house / "molam.yaml"
    named = "      operationId: retrieveBalance\n"
    changed = document.read_text(encoding="utf-8").replace(
        named, named + BLOCKS["openapi/molam.yaml, below operationId"]
    )
    document.write_text(changed, encoding="utf-8")
    generator("generate", "--document", document, "--output", house / "molam_sdk")
    run(house, BLOCKS["now it tells what happened"])


def test_the_document_that_the_page_makes_breaks_no_rule(house: Path) -> None:
    assert not generator("diff", house / "molam.yaml", house / "molam.yaml").count("breaking")
    lines = [line for key, block in BLOCKS.items() if "yaml" in key for line in block.splitlines()]
    assert max(map(len, lines)) <= 100
