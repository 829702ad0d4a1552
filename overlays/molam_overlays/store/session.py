"""One connection, behind the few verbs that a transaction needs, and whom it belongs to."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from molam_overlays.errors import StoreError
from molam_overlays.store import fork
from molam_overlays.store.statement import Result


class Session(Protocol):
    """A connection that runs one transaction at a time."""

    @property
    def connection(self) -> Any:
        """The driver's own connection."""
        ...

    @property
    def errors(self) -> type[Exception]:
        """The root of what the driver raises."""
        ...

    @property
    def holder(self) -> dict[str, object]:
        """Who uses it, as ``step``; empty while it lies idle."""
        ...

    @property
    def inherited(self) -> bool:
        """True in a process that was forked after the session was made."""
        ...

    def refuse_unusable(self) -> None:
        """Refuse to work on what a parent process opened, or in a mode that this cannot work in."""
        ...

    @property
    def in_transaction(self) -> bool: ...
    @property
    def closed(self) -> bool: ...
    def begin(self) -> None: ...
    def join(self) -> None:
        """Be part of a caller's transaction; begin one where the driver would not by itself."""
        ...

    def answers(self) -> bool:
        """Tell whether it still works after having lain idle."""
        ...

    @property
    def is_failed(self) -> bool:
        """True in a transaction that a statement has broken: it takes no other before a rollback."""
        ...

    def execute(self, sql: str, parameters: Mapping[str, Any], then: str = "") -> Result:
        """Run a statement, and commands after it; see `Statement`. The result is the first's."""
        ...

    def run_script(self, sql: str) -> None:
        """Run several statements, with their own BEGIN and COMMIT."""
        ...

    def commit(self) -> None: ...
    def rollback(self) -> None:
        """Leave no transaction open, in whatever statement an exception fell.

        What counts is done by one function in C, which no signal handler's exception cuts short.
        """
        ...

    def close(self) -> None: ...


class Lineage:
    """Whom a connection belongs to: which process, and which step."""

    connection: Any

    def __init__(self) -> None:
        self._generation = fork.generation()
        self.holder: dict[str, object] = {}
        self.owned = False
        """True where a store opened it, and nobody else's statements come between."""
        self.used = float("-inf")
        """When a statement last went well on it, where that is told; a `time.monotonic`."""

    @property
    def inherited(self) -> bool:
        """True in a process that was forked after the session was made."""
        return self._generation != fork.generation()

    def refuse_unusable(self) -> None:
        """Refuse to work on what a parent process opened.

        Raises:
            StoreError: it did; the message names the fork.
        """
        if self.inherited:
            raise StoreError(INHERITED)
        if fork.generation():
            fork.refuse_inherited(self._descriptor(), "The connection that was handed in")

    def _descriptor(self) -> int | Path:
        return int(self.connection.fileno())

    def close_before_fork(self) -> None:
        """Do nothing: a socket may be there twice, see `let_go`."""

    def let_go(self) -> None:
        """Part from a connection of the parent's, without a word to the server."""
        with contextlib.suppress(Exception):
            fork.let_go_of_socket(self.connection.fileno())


IN_TRANSACTION = (
    "The connection is in a transaction, and this step must be seen by other workers at once. "
    "Commit or roll back first (in Django: outside of atomic() and ATOMIC_REQUESTS), open the "
    "connection in autocommit, or give the store a URL."
)

INHERITED = (
    "The connection was opened before this process was forked and belongs to its parent. After a "
    "fork() open one in the child, or give the store a URL: then it opens its own."
)

CLOSED = "The connection that the store was given is closed. Give it an open one, or a URL."

OCCUPIED = (
    "The connection that the store was given stayed occupied by another thread or task. Give the "
    "store a URL, so that it can open connections of its own."
)


def is_of(connection: object, package: str) -> bool:
    """Tell whether a connection is one of this driver's, or of a class derived from its."""
    return any(
        base.__module__.partition(".")[0].lstrip("_") == package and "onnection" in base.__name__
        for base in type(connection).__mro__
    )
