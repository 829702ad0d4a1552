"""Golden records: what documents become. `scripts/golden` refreshes them; review its diff.

A small document of ours is kept byte for byte. Of the real ones, which are not ours to copy, one
endpoint module and one model each are kept: names, types and structure, none of their sentences.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from generator.emit import emit
from generator.read.load import load_document
from generator.write.disk import read

GOLDEN = Path(__file__).parent / "golden"
KEPT = ("api/", "models/", "client.py", "async_client.py", "events.py", "config.py")

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs"
REAL = {
    "adyen-checkout-v72": ("api/orders.py", "models/card_details.py"),
    "adyen-transfers-v4": ("api/transfers.py", "models/transfer_info.py"),
    "adyen-webhooks-v1": ("events.py", "models/authorisation_notification_request_item.py"),
}
"""Documents of the shared folder, with the files that are kept of each."""


def small_records() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield the small documents with what is kept of their packages."""
    for path in sorted(GOLDEN.glob("*.yaml")):
        tree = emit(load_document(path, name=path.name), path.stem).tree
        yield path.stem, {name: text for name, text in tree.items() if name.startswith(KEPT)}


@cache
def real_record(name: str) -> dict[str, bytes]:
    """Return what is kept of a real document's package."""
    source = SPECS / f"{name}.json"
    tree = emit(load_document(source, name=source.name), name.split("-")[1]).tree
    return {path: outline(tree[path].decode("utf-8")).encode("utf-8") for path in REAL[name]}


def outline(source: str) -> str:
    """Return a module without comments, docstrings and messages, formatted."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [part for part in body if not _is_text(part)]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "deprecated":
                    keyword.value = ast.Constant(...)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "-"],
        input=ast.unparse(tree), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def _is_text(part: ast.stmt) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.yaml")))
def test_a_document_becomes_its_golden_record(name: str) -> None:
    emitted = dict(small_records())[name]
    golden = read(GOLDEN / name)
    assert sorted(emitted) == sorted(golden)
    for path, text in emitted.items():
        assert text.decode() == golden[path].decode(), f"{path} differs: run scripts/golden"


@pytest.mark.parametrize("name", sorted(REAL))
def test_a_real_document_becomes_its_golden_record(name: str) -> None:
    if not (SPECS / f"{name}.json").exists():
        pytest.skip(f"needs {name}.json in ../shared/specs, beside the checkout")
    emitted = real_record(name)
    golden = read(GOLDEN / "real" / name)
    assert sorted(emitted) == sorted(golden)
    for path, text in emitted.items():
        assert text.decode() == golden[path].decode(), f"{path} differs: run scripts/golden"


@pytest.mark.parametrize("name", sorted(REAL))
def test_no_sentence_of_a_real_document_is_kept(name: str) -> None:
    if not (SPECS / f"{name}.json").exists():
        pytest.skip(f"needs {name}.json in ../shared/specs, beside the checkout")
    document = json.loads((SPECS / f"{name}.json").read_text(encoding="utf-8"))
    kept = "".join(text.decode() for text in read(GOLDEN / "real" / name).values())
    said = {text for text in _said(document) if " " in text}
    assert len(said) > 100
    assert [text for text in said if text in kept] == []


def _said(value: object) -> Iterator[str]:
    """Yield the first words of every description and summary."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("description", "summary", "x-deprecatedMessage") and isinstance(item, str):
                yield " ".join(item.split()[:4])
            else:
                yield from _said(item)
    elif isinstance(value, list):
        for item in value:
            yield from _said(item)
