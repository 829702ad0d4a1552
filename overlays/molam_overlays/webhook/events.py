"""Webhooks as typed events: verified first, then read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from molam_overlays.errors import WebhookPayloadError
from molam_overlays.frames import sealed
from molam_overlays.schema.digits import NOWHERE, Origin
from molam_overlays.schema.jsontext import read
from molam_overlays.schema.model import Model, adopt
from molam_overlays.webhook.signature import DEFAULT_TOLERANCE_MS, SecretSource, check_signature

E = TypeVar("E", bound=Model)


@sealed
def construct_event(
    known: Mapping[str, type[E]],
    fallback: type[E],
    signature_header: str | None,
    raw_body: bytes,
    get_secret_by_kid: SecretSource,
    tolerance_ms: int = DEFAULT_TOLERANCE_MS,
) -> E:
    """Verify a webhook and return its event, typed by ``type``; a plain one for an unknown type.

    Raises:
        SignatureError: the signature does not verify; nothing of the body was read.
        WebhookPayloadError: it verifies, but the body is not a JSON object with a text ``type``.
    """
    check_signature(signature_header, raw_body, get_secret_by_kid, tolerance_ms)
    return read_event(known, fallback, bytes(raw_body))


@sealed
def read_event(known: Mapping[str, type[E]], fallback: type[E], body: bytes) -> E:
    """Read a body that was verified, now or before it was stored.

    Raises:
        WebhookPayloadError: it is not a JSON object with a text ``type``.
    """
    try:
        data, digits = read(body)
    except ValueError:
        data, digits = None, {}
    kind = data.get("type") if isinstance(data, dict) else None
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise WebhookPayloadError(
            "The webhook is signed but is not an event: expected a JSON object with a "
            "text `type`. Answer 400 and look at what was sent."
        )
    return adopt(known.get(kind, fallback), data, Origin(NOWHERE.response, digits))
