# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""Idempotency keys and webhook signatures."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molam_overlays.message.idempotency import make_idempotency_key as make_idempotency_key
    from molam_overlays.store.idempotency import IdempotencyStore as IdempotencyStore
    from molam_overlays.webhook.signature import generate_signature as generate_signature
    from molam_overlays.webhook.signature import parse_signature_header as parse_signature_header
    from molam_overlays.webhook.signature import verify_signature as verify_signature
    from molam_sdk.utils import idempotency as idempotency
    from molam_sdk.utils import webhook as webhook

__all__ = [
    "IdempotencyStore",
    "generate_signature",
    "make_idempotency_key",
    "parse_signature_header",
    "verify_signature",
]

_MODULES = {
    "IdempotencyStore": "molam_overlays.store.idempotency",
    "generate_signature": "molam_overlays.webhook.signature",
    "make_idempotency_key": "molam_overlays.message.idempotency",
    "parse_signature_header": "molam_overlays.webhook.signature",
    "verify_signature": "molam_overlays.webhook.signature",
}

_SUBMODULES = [
    "idempotency",
    "webhook",
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
