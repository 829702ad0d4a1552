"""Room for recursion, for as long as it is needed."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def deep() -> Generator[None]:
    """Let calls nest deeper: chains of schemas are followed, and a document may chain hundreds."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, 20_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)
