# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Error detail."""

from __future__ import annotations

from molam_overlays.schema.containers import Nullable
from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import String


class ErrorDetail(Model):
    """What went wrong, for programs and for people."""

    type: str = field(String(min_length=1, max_length=255))
    """The family of the error: `invalid_request_error`, `authentication_error`, `payment_error`,
    `permission_error`, `not_found_error`, `conflict_error`, `idempotency_error`,
    `rate_limit_error`, `api_error`, or one that is new.
    """
    code: str = field(String(min_length=1, max_length=255))
    """The exact reason, for programs, such as `idempotency_key_reused`."""
    message: str = field(String(max_length=5000))
    """The reason, for people. May be reworded at any time."""
    param: str | None = field(Nullable(String(max_length=255)), default=None)
    """The offending field, nested ones as `beneficiary.account_number`. Null or absent when no
    single field is to blame.
    """
