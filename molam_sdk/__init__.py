# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Typed clients of the Molam API, blocking and async."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molam_sdk import async_client as async_client
    from molam_sdk import client as client
    from molam_sdk import config as config
    from molam_sdk import contrib as contrib
    from molam_sdk import events as events
    from molam_sdk import exceptions as exceptions
    from molam_sdk import http as http
    from molam_sdk import idempotency as idempotency
    from molam_sdk import inbox as inbox
    from molam_sdk import models as models
    from molam_sdk import money as money
    from molam_sdk import observe as observe
    from molam_sdk import sandbox as sandbox
    from molam_sdk import utils as utils
    from molam_sdk import webhooks as webhooks
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

_SUBMODULES = [
    "async_client",
    "client",
    "config",
    "contrib",
    "events",
    "exceptions",
    "http",
    "idempotency",
    "inbox",
    "models",
    "money",
    "observe",
    "sandbox",
    "utils",
    "webhooks",
]

if not TYPE_CHECKING:
    # Checkers know the names above, and report what is none of them.

    def __getattr__(name: str) -> Any:
        # PEP 562: a name is imported when somebody asks for it, and only once.
        if name in _SUBMODULES:
            return import_module(f"{__name__}.{name}")
        module = _MODULES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(module), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBMODULES})
