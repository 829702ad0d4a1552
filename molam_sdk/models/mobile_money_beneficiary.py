# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Mobile money beneficiary."""

from __future__ import annotations

from typing import Literal

from molam_overlays.schema.fields import field
from molam_overlays.schema.model import Model
from molam_overlays.schema.texts import Const, String


class MobileMoneyBeneficiary(Model):
    """A mobile money account, reached by its phone number."""

    type: Literal["mobile_money"] = field(
        Const("mobile_money"), default="mobile_money", required=True
    )
    """Says that this is a mobile money account."""
    phone: str = field(String(min_length=1, max_length=32), sensitive=True)
    """Phone number of the account, best in E.164 form with a leading `+`: 7 to 15 digits, with
    spaces, dots, dashes or brackets between them if you like. Others are refused with 422.
    """
    provider: str | None = field(String(min_length=1, max_length=64), default=None)
    """The operator, such as `orange_money`. Left out, the number decides."""
