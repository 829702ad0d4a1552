"""Documents as they were: files of an earlier revision, from git."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from generator.read.position import DocumentError


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, check=False
        )
    except FileNotFoundError:
        raise DocumentError("git is not installed", None, "Install git, or name a file") from None


def top(folder: Path) -> Path | None:
    """Return the top of the checkout that a folder is in; None outside of any."""
    done = _git(folder, "rev-parse", "--show-toplevel")
    return Path(done.stdout.decode().strip()) if done.returncode == 0 else None


def differs(path: Path, revision: str = "HEAD") -> bool:
    """Tell whether the folder of a file is another one than in a revision.

    False outside of a checkout, and for a file that the revision does not have.
    """
    folder = path.resolve().parent
    if (
        top(folder) is None
        or _git(folder, "cat-file", "-e", f"{revision}:./{path.name}").returncode
    ):
        return False
    return _git(folder, "diff", "--quiet", revision, "--", ".").returncode == 1


@contextmanager
def at_revision(path: Path, revision: str) -> Generator[Path]:
    """Give a copy of a file, or of a folder, as it was; what lies beside a file comes along.

    Raises:
        DocumentError: the revision does not have it.
    """
    whole = path.resolve()
    folder = whole if whole.is_dir() else whole.parent
    root = top(folder)
    if root is None:
        raise DocumentError(f"{folder} is in no git checkout", None, "Name two files instead")
    inside = folder.relative_to(root.resolve()).as_posix()
    done = _git(root, "archive", "--format=tar", revision, "--", inside)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise DocumentError(
            f"Revision {revision} does not have {inside}: {' '.join(reason)}",
            None,
            "Name a revision that does",
        )
    with TemporaryDirectory() as place:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            # As the argument `filter`, which Python 3.10.11 and 3.11.3 do not know yet.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(place)  # noqa: S202 - git made it of this checkout
        there = Path(place, inside)
        found = there if whole.is_dir() else there / whole.name
        if not found.exists():
            raise DocumentError(
                f"Revision {revision} does not have {inside}/{whole.name}",
                None,
                "Name a revision that does",
            )
        yield found
