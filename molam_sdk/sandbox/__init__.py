# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""The sandbox: the API on this machine, for development and tests. Needs the extra `sandbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from molam_overlays.annotations import Unpack
from molam_overlays.sandbox import Sandbox as _Sandbox
from molam_overlays.sandbox import SandboxOptions as SandboxOptions
from molam_sdk._product import PRODUCT

if TYPE_CHECKING:
    from molam_sdk.async_client import MolamAsyncClient
    from molam_sdk.client import MolamClient

    _Typed = _Sandbox[MolamClient, MolamAsyncClient]
else:
    _Typed = _Sandbox

__all__ = ["Sandbox", "SandboxOptions"]


class Sandbox(_Typed):
    """A sandbox that serves the document of this package."""

    def __init__(self, **options: Unpack[SandboxOptions]) -> None:
        super().__init__(PRODUCT, **options)
