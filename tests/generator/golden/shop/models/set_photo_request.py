# Generated from shop.yaml by python -m generator. Do not edit.

"""Set photo request."""

from __future__ import annotations

from molam_overlays.codec import Binary, String
from molam_overlays.model import Model, field


class SetPhotoRequest(Model):
    """Set photo request."""

    photo: bytes = field(Binary())
    """The photo."""
    caption: str | None = field(String(), default=None)
