# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Fixtures for pytest: a sandbox, and clients that talk to it."""

from __future__ import annotations

from typing import Any

from molam_overlays.pytest_plugin import fixtures
from molam_sdk._product import PRODUCT

molam_sandbox: Any
molam_client: Any
molam_async_client: Any
molam_sandbox, molam_client, molam_async_client = fixtures(PRODUCT)
