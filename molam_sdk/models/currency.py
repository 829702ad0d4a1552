# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Currency."""

from __future__ import annotations

from typing import Final, TypeAlias

from molam_overlays.schema.texts import String

Currency: TypeAlias = str
"""ISO 4217 currency code, three capital letters. A code that ISO 4217 does not have, or has no
more, is refused with 422.
"""
CURRENCY: Final = String(min_length=3, max_length=3, pattern="^[A-Z]{3}\\Z")
