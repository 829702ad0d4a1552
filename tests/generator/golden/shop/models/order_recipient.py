# Generated from shop.yaml by python -m generator. Do not edit.

"""Order recipient."""

from __future__ import annotations

from typing import Final, TypeAlias

from molam_overlays.schema.model import UnknownModel
from molam_overlays.schema.unions import Tagged
from shop.models.company import Company
from shop.models.person import Person

OrderRecipient: TypeAlias = Person | Company | UnknownModel
"""Order recipient."""
ORDER_RECIPIENT: Final = Tagged("kind", {"person": Person, "company": Company})
