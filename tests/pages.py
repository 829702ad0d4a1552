"""Runs a page of the documentation as it stands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from molam_sdk.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_page(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a page's Python blocks in order, its shell blocks between them; return how many."""
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    monkeypatch.chdir(folder)
    names: dict[str, object] = {"__name__": "__main__"}
    with Sandbox(port=0) as sandbox:
        monkeypatch.setenv("MOLAM_API_KEY", "sk_test_guide")
        monkeypatch.setenv("MOLAM_API_BASE", sandbox.url)
        monkeypatch.setenv("MOLAM_WEBHOOK_SECRET", "whsec_sandbox")
        try:
            for language, source in blocks:
                if language == "python" and re.match(r"(async )?def test_", source):
                    run_tests(source, names, folder)
                else:
                    run(language, source, names, page)
        finally:
            for value in names.values():
                if type(value).__name__ in ("MolamClient", "IdempotencyStore", "Inbox"):
                    value.close()  # type: ignore[attr-defined]
    return len(blocks)


def run(language: str, source: str, names: dict[str, object], page: str) -> None:
    """Run one block; of a shell block, the commands that are this package's."""
    if language == "python":
        text = source.replace("sk_test_...", "sk_test_guide")
        exec(compile(text, str(ROOT / page), "exec", dont_inherit=True), names)
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
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["--rootdir", str(folder), str(tests)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{source.count('def test_')} passed" in done.stdout
