"""Groups of a client's methods: what they take of the client, and no state of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from molam_overlays.calls.awaiting import Awaiting
    from molam_overlays.calls.blocking import Blocking


class BlockingGroup:
    """Methods of the blocking client that belong together."""

    __slots__ = ("_run", "_run_page", "_stream")

    def __init__(self, client: Blocking) -> None:
        # The client's own, so that no frame of ours stands between: it would hold arguments.
        self._run = client._run
        self._run_page = client._run_page
        self._stream = client._stream


class AwaitingGroup:
    """Methods of the async client that belong together."""

    __slots__ = ("_run", "_run_page", "_stream")

    def __init__(self, client: Awaiting) -> None:
        self._run = client._run
        self._run_page = client._run_page
        self._stream = client._stream
