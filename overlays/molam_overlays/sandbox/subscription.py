"""Who gets events, and how they are signed for them: rightly, or wrongly on request."""

from __future__ import annotations

import secrets
from typing import Any, Final

import attrs

from molam_overlays.sandbox.state import unpack
from molam_overlays.webhook.signature import generate_signature

DEFAULT_SECRET: Final = "whsec_sandbox"  # noqa: S105 - public, and signs nothing real
"""What signs events unless another secret is given."""
ROTATION_HOURS: Final = 24
"""How long the previous secret still signs after a rotation."""
STALE_MS: Final = 600_000


@attrs.frozen
class Subscription:
    """Who wants which events."""

    id: str
    url: str
    types: tuple[str, ...]
    """Event types; none means all."""
    secrets: tuple[dict[str, Any], ...] = attrs.field(repr=False)
    """Newest first: `kid`, `secret`, and `until_ms` for one that was replaced."""

    def wants(self, type_: str) -> bool:
        """Tell whether events of a type go there."""
        return not self.types or type_ in self.types

    def living(self, now_ms: int) -> list[dict[str, Any]]:
        """Return the secrets that still sign."""
        return [each for each in self.secrets if each.get("until_ms", now_ms + 1) > now_ms]

    def rotated(self, secret: str | None, now_ms: int) -> list[dict[str, Any]]:
        """Return its secrets with a new one, random by default; the old ones end in a day."""
        numbers = [int(each["kid"]) for each in self.secrets if each["kid"].isdigit()]
        newest = {
            "kid": str(max(numbers, default=0) + 1),
            "secret": secret or f"whsec_{secrets.token_hex(16)}",
        }
        end = now_ms + ROTATION_HOURS * 3_600_000
        old = self.living(now_ms)
        return [newest, *({**each, "until_ms": each.get("until_ms", end)} for each in old)]


def subscription_of(row: Any) -> Subscription:
    """Read a subscription from its row."""
    return Subscription(
        row["id"], row["url"], tuple(unpack(row["types"])), tuple(unpack(row["secrets"]))
    )


def signature(
    subscription: Subscription, content: bytes, *, now_ms: int, signing_ms: int, damage: str = ""
) -> str:
    """Sign a body as a subscription expects it, or wrongly on request.

    Args:
        subscription: whose secrets sign.
        content: the body.
        now_ms: the sandbox's time, by which secrets end.
        signing_ms: the machine's time, which receivers compare with their own.
        damage: ``stale`` or ``bad_signature``; none by default.
    """
    signed_ms = signing_ms - (STALE_MS if damage == "stale" else 0)
    keys: list[str] = [each["secret"] for each in subscription.living(now_ms)]
    if damage == "bad_signature":
        keys = ["whsec_not_the_secret_of_this_subscription"]
    return generate_signature(content, keys, max(signed_ms, 0), subscription.secrets[0]["kid"])
