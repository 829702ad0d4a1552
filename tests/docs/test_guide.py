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
                if language == "python" and source.startswith("def test_"):
                    run_tests(source, names, tmp_path)
                else:
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


def run_tests(source: str, names: dict[str, object], folder: Path) -> None:
    """Run a block of tests as pytest does, with what the page has imported by then."""
    imported = "".join(
        f"from {thing.__module__} import {name}\n"
        for name, thing in names.items()
        if isinstance(thing, type) and thing.__module__.startswith("molam_sdk")
    )
    tests = folder / "test_page.py"
    tests.write_text(f"import pytest\n{imported}\n{source}", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{source.count('def test_')} passed" in done.stdout
