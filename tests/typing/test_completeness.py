"""Every public name has a type that all checkers agree on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_every_public_type_is_known(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", "molam_sdk", "--ignoreexternal"],
        cwd=tmp_path,  # where no settings of ours are found
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert "Type completeness score: 100%" in ran.stdout, ran.stdout[-3000:]
    assert ran.returncode == 0
