"""What is said of a keyword that a function does not have."""

from __future__ import annotations

from collections.abc import Iterable


def unexpected(function: str, name: str, known: Iterable[str]) -> str:
    """Say that a function has no such keyword, and which one was probably meant."""
    import difflib  # for mistakes only

    near = difflib.get_close_matches(name, sorted(known), 1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"{function}() got an unexpected keyword argument {name!r}{meant}"
