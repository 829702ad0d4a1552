"""A name of the document as messages show it."""

from __future__ import annotations


def shown(text: str) -> str:
    """Return a name of the document as messages show it: short, and nothing invisible in it."""
    cut = text if len(text) <= 60 else text[:57] + "..."
    return repr(cut) if cut.isprintable() else ascii(cut)
