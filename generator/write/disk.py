"""Put a tree of files in a folder's place, all of it or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write(tree: Mapping[str, bytes], output: Path) -> None:
    """Replace the folder `output` by the tree.

    The tree is written next to it first and swapped in at the end, so that whatever goes wrong
    leaves the folder as it was.

    Raises:
        OSError: the files cannot be written; the folder is as it was.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    old = fresh.with_name(fresh.name + ".old")
    try:
        # mkdtemp makes folders that only their owner can read.
        fresh.chmod(0o777 & ~_umask())
        for path, content in tree.items():
            place = fresh / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        if output.exists():
            os.replace(output, old)
        try:
            os.replace(fresh, output)
        except OSError:
            if old.exists():
                os.replace(old, output)
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    # There is no way to read it without setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask


def read(output: Path) -> dict[str, bytes]:
    """Return the tree that a folder holds, caches left out."""
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
