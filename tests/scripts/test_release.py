"""The checklist of a release: what it decides, and the whole of it in a repository of its own."""

from __future__ import annotations

import datetime
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts/release"


@pytest.fixture(scope="module")
def release() -> Any:
    loader = SourceFileLoader("release_script", str(SCRIPT))
    spec = spec_from_loader("release_script", loader)
    assert spec is not None
    module = module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module


CHANGELOG = """# Changelog

## Unreleased

### Added
- A thing.

## 0.2.0 - 2025-01-16

### Fixed
- A fault.
"""


@pytest.mark.parametrize(
    ("version", "section", "next_"),
    [
        ("0.2.0", "Added", "0.2.1"),
        ("0.2.3", "Fixed", "0.2.4"),
        ("0.2.3", "Changed", "0.3.0"),
        ("0.2.3", "Removed", "0.3.0"),
        ("1.2.3", "Fixed", "1.2.4"),
        ("1.2.3", "Added", "1.3.0"),
        ("1.2.3", "Removed", "2.0.0"),
    ],
)
def test_sections_of_the_changelog_ask_for_a_version(
    release: Any, version: str, section: str, next_: str
) -> None:
    assert release.asked(version, f"### {section}\n- x") == next_


def test_the_later_version_wins(release: Any) -> None:
    assert release.later("0.9.0", "0.10.0") == "0.10.0"


def test_what_breaks_must_be_named(release: Any) -> None:
    changes = [
        {"verdict": "breaking", "subject": "create_refund(amount)"},
        {"verdict": "breaking", "subject": "cancel_payout"},
        {"verdict": "additive", "subject": "retrieve_balance"},
    ]
    assert release.unnamed(changes, "- `create_refund` wants an amount.") == ["cancel_payout"]


def test_unreleased_becomes_the_version(release: Any) -> None:
    text = release.released(CHANGELOG, "0.3.0", datetime.date(2025, 2, 1))
    assert release.unreleased(text) == ""
    assert release.notes(text, "0.3.0") == "### Added\n- A thing."
    assert release.notes(text, "0.2.0") == "### Fixed\n- A fault."
    assert release.notes(text, "9.9.9") == ""


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A repository with a remote, in which every check of the list is a line that says so."""
    far, near = tmp_path / "far", tmp_path / "near"
    run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(far), cwd=tmp_path)
    run("git", "clone", "--quiet", str(far), str(near), cwd=tmp_path)
    (near / "scripts").mkdir()
    (near / "scripts/release").write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    (near / ".gitignore").write_text(
        (ROOT / ".gitignore").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (near / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n', encoding="utf-8")
    (near / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    (near / "generator.py").write_text("print('{}')\n", encoding="utf-8")
    (near / "Makefile").write_text("%:\n\t@echo checked $@\n", encoding="utf-8")
    commit(near)
    return near


def commit(near: Path) -> None:
    for words in (
        ("switch", "--quiet", "-c", "main"),
        ("config", "user.name", "Test"),
        ("config", "user.email", "test@example.com"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "Begin"),
        ("push", "--quiet", "--set-upstream", "origin", "main"),
    ):
        run("git", *words, cwd=near)


def test_the_whole_list_ends_in_a_commit_and_a_tag(house: Path) -> None:
    done = run(sys.executable, "scripts/release", cwd=house)
    assert done.returncode == 0, done.stderr
    for check in ("lint", "drift", "types", "test", "docs", "verify-wheel"):
        assert f"checked {check}" in done.stdout
    assert run("git", "tag", cwd=house).stdout == "v0.2.0\n"
    assert "## 0.2.0 - 2" in (house / "CHANGELOG.md").read_text(encoding="utf-8")
    assert run("git", "status", "--porcelain", cwd=house).stdout == ""
    assert run(sys.executable, "scripts/release", "--tag", "v0.2.0", cwd=house).returncode == 0
    assert run(sys.executable, "scripts/release", "--tag", "v0.3.0", cwd=house).returncode == 1


def test_checking_changes_nothing(house: Path) -> None:
    done = run(sys.executable, "scripts/release", "--check", cwd=house)
    assert "nothing was changed" in done.stdout, done.stderr
    assert run("git", "status", "--porcelain", cwd=house).stdout == ""
    assert run("git", "tag", cwd=house).stdout == ""


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("echo x > left-over", "not clean"),
        ("git switch -q -c other", "made on main"),
        ("git commit -q --allow-empty -m more", "differ"),
        (
            "printf '%%:\\n\\t@false\\n' > Makefile && git commit -qam worse && git push -q",
            "lint failed",
        ),
    ],
)
def test_what_does_not_hold_stops_it(house: Path, spoil: str, why: str) -> None:
    assert run("sh", "-c", spoil, cwd=house).returncode == 0
    done = run(sys.executable, "scripts/release", cwd=house)
    assert done.returncode == 1
    assert why in done.stderr
    assert run("git", "tag", cwd=house).stdout == ""
