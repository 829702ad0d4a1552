"""A Molam API on this machine, served from the document: stateful, signing, failing on request.

``core`` decides and does no I/O. ``server`` puts it on a port, ``adapter`` straight into a client
without a socket, ``harness`` makes either a context manager. The document and the clients come
from the emitted package, as a `molam_overlays.product.Product`. What is here never runs in production.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from molam_overlays.product import missing_extra

if TYPE_CHECKING:
    from molam_overlays.sandbox.harness import Sandbox, SandboxOptions

__all__ = ["Sandbox", "SandboxOptions"]


def __getattr__(name: str) -> Any:
    """Import what needs the extra `sandbox` when it is asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from molam_overlays.sandbox import harness
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("molam"):
            raise
        raise ImportError(missing_extra("sandbox")) from missing
    return getattr(harness, name)
