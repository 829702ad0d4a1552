# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Payout origin module."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from molam_overlays.schema.texts import Enum, String
from molam_overlays.schema.unions import Union

PayoutOriginModule: TypeAlias = Literal["connect", "ma", "shop", "agents", "ops"]
"""The Molam module on whose behalf the money is paid out. An open set: the known modules are
listed, others are accepted and returned as they are.
"""
PAYOUT_ORIGIN_MODULE: Final = Union(
    Enum("connect", "ma", "shop", "agents", "ops"), String(min_length=1, max_length=255)
)
