"""What both clients share, which is all but the doing: settings, options, preparation of a call."""

from __future__ import annotations

import sys
from typing import Final

REPLACEABLE: Final = frozenset({"accept", "user-agent"})
"""Header fields of ours that a caller may replace. Credentials are not among them."""


PYTHON: Final = ".".join(str(number) for number in sys.version_info[:3])


FORGOTTEN: Final = (
    "The server has forgotten this call's idempotency key, which is older than 24 hours: repeating "
    "it could do it twice. Look up what became of it instead."
)
SET_BACK: Final = (
    "This machine's clock was set back since the call, so nobody can tell whether the server still "
    "remembers its idempotency key. Nothing was sent. Look up what became of it instead."
)
