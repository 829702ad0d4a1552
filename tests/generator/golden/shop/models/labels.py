# Generated from shop.yaml by python -m generator. Do not edit.

"""Labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from molam_overlays.schema.containers import Map
from molam_overlays.schema.texts import String

Labels: TypeAlias = Mapping[str, str]
"""Free words."""
LABELS: Final = Map(String(), max_properties=10)
