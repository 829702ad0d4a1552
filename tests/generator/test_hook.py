"""The hook that git runs before a commit, in a checkout of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = """
import sys
sys.exit("molam_sdk differs" if "edited" in open("molam_sdk/client.py").read() else 0)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the hook, whose generator says that a package with "edited" in it differs."""
    for folder in ("scripts", "generator", "molam_sdk", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    hook = tmp_path / "scripts" / "pre-commit"
    hook.write_bytes((ROOT / "scripts" / "pre-commit").read_bytes())
    hook.chmod(0o755)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "generator" / "__init__.py").touch()
    (tmp_path / "generator" / "__main__.py").write_text(GENERATOR)
    (tmp_path / "molam_sdk" / "client.py").write_text('"""A client."""\n')
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "git", "add", "molam_sdk")
    return tmp_path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # Without what a git that runs these tests may have set.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@shop.example",
                    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@shop.example"}  # fmt: skip
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_commit_of_an_edited_package_is_stopped(checkout: Path) -> None:
    assert run(checkout, "scripts/pre-commit", "--install").returncode == 0
    assert run(checkout, "git", "commit", "-q", "-m", "All is well").returncode == 0
    (checkout / "molam_sdk" / "client.py").write_text('"""A client, edited."""\n')
    run(checkout, "git", "add", "molam_sdk")
    done = run(checkout, "git", "commit", "-q", "-m", "By hand")
    assert done.returncode == 1
    assert "molam_sdk differs" in done.stderr
    assert "run `python -m generator`" in done.stderr


def test_a_commit_that_ruff_would_refuse_is_stopped(checkout: Path) -> None:
    (checkout / "molam_sdk" / "client.py").write_text("import os\n")
    run(checkout, "git", "add", "molam_sdk")
    done = run(checkout, "scripts/pre-commit")
    assert done.returncode != 0
    assert "F401" in done.stdout


def test_a_commit_of_something_else_does_not_ask_the_generator(checkout: Path) -> None:
    run(checkout, "git", "commit", "-q", "-m", "First")
    (checkout / "molam_sdk" / "client.py").write_text('"""A client, edited."""\n')
    (checkout / "README.md").write_text("# Shop\n")
    run(checkout, "git", "add", "README.md")
    assert run(checkout, "scripts/pre-commit").returncode == 0


def test_a_hook_of_somebody_else_is_left_alone(checkout: Path) -> None:
    hook = checkout / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    done = run(checkout, "scripts/pre-commit", "--install")
    assert done.returncode == 1
    assert "left alone" in done.stderr
    assert hook.read_text() == "#!/bin/sh\n"
