"""OpenAPI Overlays 1.0: edits of a document that is somebody else's."""

from __future__ import annotations

from pathlib import Path

from generator.read.document import Document


def apply(path: Path, document: Document) -> None:
    """Apply an Overlay to a document."""
