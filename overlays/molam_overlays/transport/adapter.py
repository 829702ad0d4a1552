"""What an adapter is: `send` for anybody, `exchange` for those who care about bytes.

A user's adapter needs `send` alone; four lines will do. Our own adapters also implement
`exchange`, which takes the encoded body as it stands and returns bytes, so that nothing is
encoded or decoded twice and bodies other than JSON can pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

from molam_overlays.annotations import at_home
from molam_overlays.errors import MolamError
from molam_overlays.wire import Response


class HTTPAdapter(ABC):
    """Send one HTTP request and return status, text and headers.

    Subclassing is optional: any object with such a `send` is an adapter.
    """

    @abstractmethod
    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        timeout: float = 10,
    ) -> tuple[int, str, Mapping[str, str]]:
        """Send one request; called with keywords.

        Args:
            method: upper case.
            url: absolute, query included.
            headers: all of them, ``Authorization`` and, on POST, ``Idempotency-Key`` included.
            json: the body as plain JSON data, None for no body.
            timeout: seconds for the attempt as a whole.

        Returns:
            Status, body text, and headers, whose names are read without regard to case.

        Raises:
            NetworkError: no usable response came.
            TimeoutError: time ran out.
        """

    def close(self) -> None:  # noqa: B027 - optional for subclasses
        """Release what the adapter holds. Nothing by default."""


class AsyncHTTPAdapter(ABC):
    """The async twin of `HTTPAdapter`."""

    @abstractmethod
    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        timeout: float = 10,
    ) -> tuple[int, str, Mapping[str, str]]:
        """Send one request; as `HTTPAdapter.send`, `timeout` in seconds."""

    async def aclose(self) -> None:  # noqa: B027 - optional for subclasses
        """Release what the adapter holds. Nothing by default."""


class ForeignError(Exception):
    """Somebody else's code raised in the middle of an exchange: a hook of one's own `httpx.Client`.

    `exchange` raises this; callers of the client, and of `send`, get `error` as it is.
    """

    def __init__(self, error: Exception, answer: Response | MolamError | None) -> None:
        super().__init__(
            f"{type(error).__name__} came from a hook, transport or subclass of one's own"
        )
        self.error = error
        self.answer = answer
        """What is known of the request's fate: the API's answer, or an error that says that nothing
        was sent; None for nothing."""


at_home("molam_sdk.http.adapter", HTTPAdapter, AsyncHTTPAdapter)


def is_networked(adapter: object) -> bool:
    """Tell whether an adapter is one of ours that goes out to servers."""
    return getattr(adapter, "networked", False) is True


def prefers(adapter: object, method: Literal["exchange", "stream"]) -> bool:
    """Tell whether to call one of our own methods: it exists, and no subclass overrode another.

    What a subclass wrote below it, `send` or `exchange`, is meant to see every request.
    """
    others = {"send", "exchange"} - {method}
    for cls in type(adapter).__mro__:
        if method in cls.__dict__:
            return True
        if others & cls.__dict__.keys():
            return False
    return False
