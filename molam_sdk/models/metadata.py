# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from molam_overlays.schema.containers import Map, Nullable
from molam_overlays.schema.numbers import Float, Integer
from molam_overlays.schema.texts import Boolean, String
from molam_overlays.schema.unions import Union

Metadata: TypeAlias = Mapping[str, str | int | float | bool | None]
"""The caller's own keys and values, stored and returned as they are. At most 50 keys with scalar
values. Never put card or account numbers here.
"""
METADATA: Final = Map(Nullable(Union(String(), Integer(), Float(), Boolean())), max_properties=50)
