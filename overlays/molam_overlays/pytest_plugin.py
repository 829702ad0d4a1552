"""Fixtures for pytest, made for one emitted package. Nothing heavy is imported before one is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from molam_overlays.product import Product


def fixtures(product: Product) -> tuple[Any, Any, Any]:
    """Make ``molam_sandbox``, ``molam_client`` and ``molam_async_client``.

    Each test gets a fresh sandbox, in this process, its clock standing still.
    """

    @pytest.fixture
    def molam_sandbox() -> Iterator[Any]:
        """A fresh Molam sandbox: no socket, and time stands still until ``advance``."""
        from molam_overlays.sandbox import Sandbox

        with Sandbox[Any, Any](product) as sandbox:
            yield sandbox

    @pytest.fixture
    def molam_client(molam_sandbox: Any) -> Any:
        """A blocking client of the test's sandbox."""
        return molam_sandbox.client()

    @pytest.fixture
    def molam_async_client(molam_sandbox: Any) -> Any:
        """An async client of the test's sandbox."""
        return molam_sandbox.async_client()

    return molam_sandbox, molam_client, molam_async_client
