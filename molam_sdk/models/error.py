# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Error."""

from __future__ import annotations

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_sdk.models.error_detail import ErrorDetail


class Error(Model):
    """The body of every answer with a status from 400 upwards."""

    error: ErrorDetail = field(ErrorDetail)
    """What went wrong."""
