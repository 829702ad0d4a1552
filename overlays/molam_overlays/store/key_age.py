"""How old an idempotency key is, from all that a journal knows of it.

The API remembers a key for 24 hours from the first time it sees it. So the age is that of the
*key*, for its server, method and path: every entry counts that may have left, settled ones and
those of a former API key too. Only a call that certainly never left does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal
from urllib.parse import urlsplit

import attrs

from molam_overlays.message.idempotency import REMEMBERED_SECONDS

OLD: Final = "too old; "
"""What `outcome` begins with, once a recovery has seen that the key is too old."""

FORGOTTEN: Final = "over 24 hours old: look the payment up, do not repeat it"
_CLOCK: Final = (
    "written in the future by this clock, or before it was set back: nobody can tell how old the "
    "key is. Look the payment up"
)


@attrs.frozen(kw_only=True)
class Use:
    """One entry of a key."""

    account: str
    path: str
    created: float | None
    """Unix seconds; None where the row is damaged."""
    seen_old: bool


@attrs.frozen(kw_only=True)
class KeyAge:
    """How old a key is, and whether it may still be sent."""

    seconds: float
    """Since its first use; negative when that lies in the future."""
    fate: Literal["too_old", "withheld"] | None
    """Why it must not be sent; None when it may be."""

    @property
    def reason(self) -> str:
        return FORGOTTEN if self.fate == "too_old" else _CLOCK


def age_of(
    account: str, path: str, uses: Iterable[Use], now: float, *, set_back: bool = False
) -> KeyAge | None:
    """Judge the age of a key by its uses; None when it has none.

    `set_back`: something that was written later bears a time that is yet to come.
    """
    ours = [use for use in uses if _place(use.account, use.path) == _place(account, path)]
    if not ours:
        return None
    times = [use.created for use in ours if use.created is not None]
    seconds = now - min(times, default=now)
    if any(use.seen_old for use in ours) or seconds > REMEMBERED_SECONDS:
        return KeyAge(seconds=seconds, fate="too_old")
    if set_back or len(times) < len(ours) or max(times) > now:
        return KeyAge(seconds=now - max(times, default=now), fate="withheld")
    return KeyAge(seconds=seconds, fate=None)


def _place(account: str, path: str) -> tuple[str, str]:
    """Return server and path, however they are written; not which of its API keys was in use."""
    server = account.rpartition(" ")[0] or account
    try:
        parts = urlsplit(server)
        port = None if (parts.scheme, parts.port) in (("https", 443), ("http", 80)) else parts.port
        server = f"{parts.scheme}://{parts.hostname}:{port or ''}{parts.path}"
    except ValueError:
        pass
    return server, path.partition("?")[0]
