"""Where the shop and its worker keep things."""

from __future__ import annotations

import os

STORE = os.environ.get("MOLAM_STORE", "sqlite:///fastapi_shop.db")
