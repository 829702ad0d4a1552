"""Golden records: what a small document becomes, byte for byte. `scripts/golden` refreshes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.document import Document
from generator.emit import emit
from generator.write import read

GOLDEN = Path(__file__).parent / "golden"
KEPT = ("api/", "models/", "client.py", "async_client.py", "events.py", "config.py")


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.yaml")))
def test_a_document_becomes_its_golden_record(name: str) -> None:
    source = f"{name}.yaml"
    tree = emit(Document.load(GOLDEN / source, name=source), name).tree
    emitted = {
        path: content.decode("utf-8") for path, content in tree.items() if path.startswith(KEPT)
    }
    golden = {path: content.decode("utf-8") for path, content in read(GOLDEN / name).items()}
    assert sorted(emitted) == sorted(golden)
    for path, text in emitted.items():
        assert text == golden[path], f"{path} differs: run scripts/golden and review the diff"
