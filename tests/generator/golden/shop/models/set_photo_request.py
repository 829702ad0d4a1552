# Generated from shop.yaml by python -m generator. Do not edit.

"""Set photo request."""

from __future__ import annotations

from molam_overlays.schema.fields import field
from molam_overlays.schema.files import Binary
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import String


class SetPhotoRequest(Model):
    """Set photo request."""

    photo: bytes = field(Binary())
    """The photo."""
    caption: str | None = field(String(), default=None)
