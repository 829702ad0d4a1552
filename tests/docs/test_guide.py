"""The guide is run as it stands: its Python blocks in order, its shell blocks between them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from molam_sdk.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["docs/guide.md", "docs/webhooks-and-stores.md", "README.md"])
def test_page_runs_as_it_stands(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert blocks, f"{page} has no blocks"
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    with Sandbox(port=0) as sandbox:
        monkeypatch.setenv("MOLAM_API_KEY", "sk_test_guide")
        monkeypatch.setenv("MOLAM_API_BASE", sandbox.url)
        try:
            for language, source in blocks:
                run(language, source, names, page)
        finally:
            for value in names.values():
                if type(value).__name__ in ("MolamClient", "IdempotencyStore", "Inbox"):
                    value.close()  # type: ignore[attr-defined]


def run(language: str, source: str, names: dict[str, object], page: str) -> None:
    """Run one block; of a shell block, the commands that are this package's."""
    if language == "python":
        text = source.replace("sk_test_...", "sk_test_guide")
        exec(compile(text, str(ROOT / page), "exec"), names)
        return
    for line in source.splitlines():
        if line.startswith("molam db"):
            arguments = shlex.split(line)[1:]
            subprocess.run([sys.executable, "-m", "molam_sdk", *arguments], check=True, timeout=60)
