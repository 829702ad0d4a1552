# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Settings of a client."""

from __future__ import annotations

from typing import ClassVar

from molam_overlays import config as _config
from molam_overlays.config import CallOptions as CallOptions
from molam_overlays.message.credentials import Credentials

__all__ = ["CallOptions", "Config"]


class Config(_config.Config):
    """Settings of a client."""

    environment: ClassVar[str] = "MOLAM"
    server: ClassVar[str] = "https://api.molam.com"
    """``https://api.molam.com``: Live. Real money moves; takes keys that start with `sk_live_`.

    ``https://staging-api.molam.com``: Test. No real money moves; takes keys that start with
    `sk_test_`.
    """
    credentials: ClassVar[Credentials] = Credentials()
    """`Authorization: Bearer KEY`, where KEY is a secret API key that starts with `sk_test_` or
    `sk_live_`, or a token that starts with `jwt_`. Keep it on your servers.
    """
    key_prefixes: ClassVar[tuple[str, ...]] = ("sk_", "jwt_")
