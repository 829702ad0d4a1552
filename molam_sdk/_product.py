# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""What this package hands to the commands, the sandbox and the pytest plugin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from molam_overlays.product import Product
from molam_sdk import __version__

_FOLDER: Final = Path(__file__).parent


def _document() -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads((_FOLDER / "openapi.json").read_bytes())
    return document


def _client() -> type[Any]:
    from molam_sdk.client import MolamClient

    return MolamClient


def _async_client() -> type[Any]:
    from molam_sdk.async_client import MolamAsyncClient

    return MolamAsyncClient


def _config() -> type[Any]:
    from molam_sdk.config import Config

    return Config


def _events() -> Mapping[str, type[Any]]:
    from molam_sdk.events import EVENTS

    return EVENTS


PRODUCT: Final = Product(
    package="molam_sdk",
    version=__version__,
    command="molam",
    distribution="molam-sdk-python",
    environment="MOLAM",
    signature_header="Molam-Signature",
    document=_document,
    client=_client,
    async_client=_async_client,
    config=_config,
    events=_events,
    migrations=_FOLDER / "migrations",
)
