"""Patterns of ECMA 262 as Python reads them."""

from __future__ import annotations

import re


def python_pattern(pattern: str) -> str:
    """Return an ECMA 262 pattern as Python writes it."""
    out = []
    in_class = False
    index = 0
    while index < len(pattern):
        character = pattern[index]
        if character == "\\" and index + 1 < len(pattern):
            following = pattern[index + 1]
            out.append("/" if following == "/" else character + following)
            index += 2
            continue
        if character == "[":
            # Python warns of a bracket inside a class: it may mean nested sets one day.
            out.append("\\[" if in_class else character)
            in_class = True
        elif character == "]":
            in_class = False
            out.append(character)
        elif character == "$" and not in_class:
            # Python's $ also matches before a newline at the end.
            out.append("\\Z")
        elif pattern.startswith("(?<", index) and pattern[index + 3 : index + 4] not in ("=", "!"):
            out.append("(?P<")
            index += 3
            continue
        else:
            out.append(character)
        index += 1
    return "".join(out)


def pattern_problem(pattern: str) -> str | None:
    """Say why Python cannot use a pattern of the document, None when it can."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(python_pattern(pattern))
    except (re.error, RecursionError, OverflowError, Warning) as error:
        return str(error)
    return None
