"""Events that come, go, or change their names."""

from __future__ import annotations

from generator.compare.surface import Surface
from generator.understand.api import Operation


def payload_name(surface: Surface, webhook: Operation) -> str | None:
    """Return the name of a webhook's payload in ``models``."""
    if webhook.body is None or not webhook.body.media or webhook.body.media[0].schema is None:
        return None
    return surface.name(webhook.body.media[0].schema)
