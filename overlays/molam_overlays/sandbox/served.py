"""What is known of a request while it is served."""

from __future__ import annotations

from typing import Any

import attrs

from molam_overlays.sandbox.answer import (
    Asked,
)
from molam_overlays.sandbox.document import Operation
from molam_overlays.sandbox.fault_script import Step


class GoneError(Exception):
    """The connection ended before the work began."""


@attrs.define
class Served:
    """What is known about one request while it is served."""

    id: str
    asked: Asked
    at_ms: int
    operation: Operation | None = None
    account: str = ""
    key: str | None = None
    step: Step | None = None
    replayed: bool = False
    unknown: list[dict[str, Any]] = attrs.field(factory=list)
    """Fields of the body that the document does not have."""
