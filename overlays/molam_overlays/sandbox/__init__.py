"""A Molam API on this machine, served from the document: stateful, signing, failing on request.

``core`` decides and does no I/O. ``server`` puts it on a port, ``adapter`` straight into a client
without a socket, ``harness`` makes either a context manager. The document and the clients come
from the emitted package, as a `molam_overlays.product.Product`.
"""

from __future__ import annotations

from molam_overlays.product import missing_extra

try:
    from molam_overlays.sandbox.harness import Sandbox, SandboxOptions
except ModuleNotFoundError as missing:
    if (missing.name or "").startswith("molam"):
        raise
    raise ImportError(missing_extra("sandbox")) from missing

__all__ = ["Sandbox", "SandboxOptions"]
