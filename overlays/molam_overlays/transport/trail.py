"""How far a request has come, as httpcore tells step by step (its ``trace`` extension). No I/O.

The class of an exception does not say whether the API can have seen a request: a proxy that hangs
up before its tunnel stands raises what an API raises that hangs up with a payment in its hands.
`Trail` takes note of what is under way. It is laid where a proxy may stand between, and through
one's own client; our own direct connections need none.
"""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from typing import Any, ClassVar, Final, Literal

import httpcore

from molam_overlays.transport.target import Origin

Stage = Literal["", "connect", "tls", "tunnel", "tls in the tunnel"]
"""What was under way last, before the request itself: connecting to `Trail.peer`, TLS with it, asking
it for a tunnel, TLS with the API inside of the tunnel."""

_STAGES: Final[dict[str, Stage]] = {
    "connection.connect_tcp": "connect",
    "connection.connect_unix_socket": "connect",
    "connection.start_tls": "tls",
    "proxy.start_tls": "tls in the tunnel",
    "socks.connect_tcp": "connect",
    "socks.setup_socks5_connection": "tunnel",
    "socks.start_tls": "tls in the tunnel",
}


class Trail:
    """Called by httpcore at each step of one attempt.

    Args:
        origin: the API's.
        deadline: when the attempt must be over, on the monotonic clock.
        extensions: those of the request; the trail is laid there.
        to_the_end: whether to watch the response as well; what follows need not be slowed otherwise.
    """

    __slots__ = ("_deadline", "_extensions", "_origin", "_trouble", "peer", "sent", "stage")
    bounds: ClassVar = True
    """Whether to put an end to reads and writes that have none; awaited ones are cancelled."""

    def __init__(
        self,
        origin: Origin,
        deadline: float,
        extensions: MutableMapping[str, Any],
        *,
        to_the_end: bool = False,
    ) -> None:
        self._origin = origin
        self._deadline = deadline
        self._extensions = None if to_the_end else extensions
        self._trouble: BaseException | None = None
        self.peer: tuple[str, int] | None = None
        """Host and port that were connected to: a proxy's, if there is one."""
        self.stage: Stage = ""
        self.sent = False
        """True from the moment at which the request itself, not one for a tunnel, began to leave."""
        extensions["trace"] = self

    def __call__(self, name: str, info: dict[str, Any]) -> None:
        if not self.sent and name[-8:] == ".started":
            self._start(name[:-8], info)
        elif name[-7:] == ".failed":
            self._trouble = info["exception"]

    def _start(self, step: str, info: dict[str, Any]) -> None:
        if step.endswith(".send_request_headers"):
            if info["request"].method == b"CONNECT":
                self.stage = "tunnel"
                return
            self.sent = True
            if self._extensions is not None:
                self._extensions.pop("trace", None)
            return
        stage = _STAGES.get(step)
        if stage is None:
            return
        self.stage = stage
        if "port" in info and stage == "connect":
            self.peer = (info["host"], info["port"])
        elif "auth" in info:
            # What is done with the step's arguments is ours to say: httpcore passes on this dict.
            info["auth"] = masked(info["auth"])
            if self.bounds:
                info["stream"] = _Bounded(info["stream"], self._deadline)

    def tells_of(self, error: BaseException) -> bool:
        """Tell whether an exception comes from a step that failed, and thus from the wire."""
        seen: set[int] = set()
        link: BaseException | None = error
        while link is not None and id(link) not in seen:
            if link is self._trouble:
                return True
            seen.add(id(link))
            link = link.__cause__ or link.__context__
        return False

    def unsent(self, error: BaseException) -> bool:
        """Tell whether an exception shows that the request never began to leave for the API."""
        return not self.sent and self.tells_of(error)

    @property
    def proxy(self) -> str | None:
        """Host and port of the proxy that was connected to, None if it was the API itself."""
        if self.peer is None or self.peer == self._origin[1:]:
            return None
        host, port = self.peer
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def interrupted_unsent(self) -> bool:
        """Whether a step before the request was cancelled in the middle."""
        struck = self._trouble is not None and not isinstance(self._trouble, Exception)
        return struck and not self.sent and bool(self.stage)


class AsyncTrail(Trail):
    """The same for httpcore's async half."""

    __slots__ = ()
    bounds = False

    async def __call__(self, name: str, info: dict[str, Any]) -> None:  # type: ignore[override]
        super().__call__(name, info)


class _Bounded(httpcore.NetworkStream):
    """A stream whose reads and writes end in time: httpcore gives those with a SOCKS proxy none."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ConnectTimeout("the attempt's time is up")
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left())


class _Masked(bytes):
    """A proxy's password, which httpcore's debug log would print."""

    def __repr__(self) -> str:
        return "'***'"


def masked(auth: tuple[bytes, bytes] | None) -> tuple[bytes, bytes] | None:
    """Return a proxy's user and password so that only the user is shown."""
    return None if auth is None else (auth[0], _Masked(auth[1]))
