"""Warnings about deprecated operations, where they help: at the line that calls the method."""

from __future__ import annotations

import sys
import warnings


def warn_deprecated(text: str) -> None:
    """Warn that an operation is deprecated, in the name of the line that calls its method."""
    frame = sys._getframe(1)
    level = 2
    ours = {__name__.partition(".")[0]}
    while frame.f_back is not None:
        home = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if home not in ours:
            if len(ours) > 1:
                break
            ours.add(home)  # the facade, in whichever package it was emitted into
        frame, level = frame.f_back, level + 1
    warnings.warn(text, DeprecationWarning, stacklevel=level)
