"""Which process holds a lease, and whether that process is certainly gone."""

from __future__ import annotations

import functools
import os
import re
import socket
import sys
from pathlib import Path

_PID = re.compile(r"[1-9][0-9]{0,17}")


def current_owner() -> str:
    """Name this process so that another one can tell later whether it still runs."""
    return _owner(os.getpid())


@functools.cache
def _owner(pid: int) -> str:
    return f"{_machine()}|{pid}|{_started(pid)}"


def is_gone(owner: str) -> bool:
    """Tell whether the process is certainly gone; False when that cannot be known from here.

    Known: processes of this machine (of this container, where there are containers). A process id
    that was given to another process since does not mislead, where the start time can be read.
    """
    return _lives(owner) is False


def is_alive(owner: str) -> bool:
    """Tell whether the process certainly still runs; False when that cannot be known from here."""
    return owner == current_owner() or _lives(owner) is True


def _lives(owner: str) -> bool | None:
    parts = owner.rsplit("|", 2)
    if len(parts) != 3 or parts[0] != _machine() or not _PID.fullmatch(parts[1]):
        return None
    if sys.platform == "win32":  # os.kill would end the process there, not ask after it
        return None
    pid = int(parts[1])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's process, of which there may be little to see
        return True if parts[2] and _started(pid) == parts[2] else None
    except (OSError, OverflowError):
        return None
    return _started(pid) == parts[2] and not _is_zombie(pid)


@functools.cache
def _machine() -> str:
    # One boot of one kernel and one namespace of process ids: within it a process id is exact.
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return socket.gethostname()
    return f"{boot}/{namespace}"


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # proc(5): the second field is the program's name in parentheses and may hold anything.
    return text.rpartition(")")[2].split()


def _started(pid: int) -> str:
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def _is_zombie(pid: int) -> bool:
    fields = _stat(pid)
    return bool(fields) and fields[0] in ("Z", "X")
