"""A call under way, and how to make the very same again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from molam_overlays.calls.client import Client

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, NamedTuple

from molam_overlays.calls.call import Call
from molam_overlays.calls.download import Download
from molam_overlays.calls.flow import Step
from molam_overlays.calls.retry import FORGOTTEN, SET_BACK
from molam_overlays.config import CallOptions
from molam_overlays.errors import MolamError
from molam_overlays.message.idempotency import REMEMBERED_SECONDS


class Started(NamedTuple):
    """One call under way, and what it takes to make the very same call again."""

    client: Client
    steps: Generator[Step, Any, Any]
    call: Call[Any]
    idempotency_key: str | None
    options: CallOptions | None
    again: Callable[..., Any]
    download: Download | None

    def __repr__(self) -> str:
        return f"Started({self.call!r})"

    def resumed(self, error: MolamError) -> Any:
        """Repeat the call with its key, on from the attempts that failed."""
        # What has not left the server has yet to see.
        left = [each.started_at for each in error.attempts if each.delivery != "not_sent"]
        if self.idempotency_key is not None and left:
            age = (self.client._world.now() - left[0]).total_seconds()
            if age < 0 or age > REMEMBERED_SECONDS:
                raise error._refusal(FORGOTTEN if age > 0 else SET_BACK)
        return self.again(self.call, self.idempotency_key, self.options, error.attempts)


def attach(error: MolamError, started: Started, *, asynchronous: bool) -> MolamError:
    """Give an error the way to go on with its call; return it."""
    if asynchronous:
        error._aresume = partial(started.resumed, error)
    else:
        error._resume = partial(started.resumed, error)
    return error
