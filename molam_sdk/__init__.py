# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Typed clients of the Molam API, blocking and async."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molam_sdk.async_client import MolamAsyncClient as MolamAsyncClient
    from molam_sdk.client import MolamClient as MolamClient
    from molam_sdk.config import Config as Config
    from molam_sdk.exceptions import ApiError as ApiError
    from molam_sdk.exceptions import MolamError as MolamError
    from molam_sdk.exceptions import SignatureError as SignatureError

__version__ = "0.2.0"
"""The version of this package."""

__all__ = [
    "ApiError",
    "Config",
    "MolamAsyncClient",
    "MolamClient",
    "MolamError",
    "SignatureError",
    "__version__",
]

_MODULES = {
    "ApiError": "molam_sdk.exceptions",
    "Config": "molam_sdk.config",
    "MolamAsyncClient": "molam_sdk.async_client",
    "MolamClient": "molam_sdk.client",
    "MolamError": "molam_sdk.exceptions",
    "SignatureError": "molam_sdk.exceptions",
}


def __getattr__(name: str) -> Any:
    # PEP 562: a name is imported when somebody asks for it, and only once.
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
