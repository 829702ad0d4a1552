"""Fixtures for pytest, made for one emitted package. Nothing heavy is imported before one is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from molam_overlays.product import Product


def fixtures(product: Product) -> tuple[Any, Any, Any]:
    """Make the sandbox's fixture and those of both clients, such as ``molam_client``.

    Each test gets a fresh sandbox, in this process, its clock standing still.
    """
    name = product.environment.lower()

    @pytest.fixture(name=f"{name}_sandbox")
    def sandbox() -> Iterator[Any]:
        """A fresh sandbox: no socket, and time stands still until ``advance``."""
        from molam_overlays.sandbox import Sandbox

        with Sandbox[Any, Any](product) as fresh:
            yield fresh

    @pytest.fixture(name=f"{name}_client")
    def client(request: pytest.FixtureRequest) -> Any:
        """A blocking client of the test's sandbox."""
        return request.getfixturevalue(f"{name}_sandbox").client()

    @pytest.fixture(name=f"{name}_async_client")
    def async_client(request: pytest.FixtureRequest) -> Any:
        """An async client of the test's sandbox."""
        return request.getfixturevalue(f"{name}_sandbox").async_client()

    return sandbox, client, async_client
