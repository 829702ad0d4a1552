# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""How requests travel; see `adapter`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molam_overlays.schema.files import File as File
    from molam_overlays.transport.adapter import AsyncHTTPAdapter as AsyncHTTPAdapter
    from molam_overlays.transport.adapter import HTTPAdapter as HTTPAdapter
    from molam_sdk.http import adapter as adapter

__all__ = [
    "AsyncHTTPAdapter",
    "File",
    "HTTPAdapter",
]

_MODULES = {
    "AsyncHTTPAdapter": "molam_overlays.transport.adapter",
    "File": "molam_overlays.schema.files",
    "HTTPAdapter": "molam_overlays.transport.adapter",
}

_SUBMODULES = [
    "adapter",
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
