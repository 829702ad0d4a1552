# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payment intent error."""

from __future__ import annotations

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import String


class PaymentIntentError(Model):
    """Why the last attempt to pay was refused."""

    code: str = field(String(min_length=1, max_length=255))
    """The reason, for programs, such as `insufficient_funds`."""
    message: str = field(String(max_length=5000))
    """The reason, for people. May be reworded at any time."""
