# Generated from shop.yaml by python -m generator. Do not edit.

"""Settings of a client."""

from __future__ import annotations

from typing import ClassVar

from molam_overlays import config as _config
from molam_overlays.config import CallOptions as CallOptions
from molam_overlays.message.credentials import Credentials

__all__ = ["CallOptions", "Config"]


class Config(_config.Config):
    """Settings of a client."""

    environment: ClassVar[str] = "SHOP"
    server: ClassVar[str] = "https://shop.example/v1"
    """``https://shop.example/v1``: The only one."""
    credentials: ClassVar[Credentials] = Credentials("nowhere")
    """No operation of the document asks for a key, and none is sent."""
    key_prefixes: ClassVar[tuple[str, ...]] = ()
