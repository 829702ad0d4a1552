"""Clients of many operations: one group a tag, and files of bearable length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from generator.decide import naming, views
from generator.decide.imports import spelled

LONGEST: Final = 2_400
"""Estimated lines of a file; the formatter may make a third more of them."""
_WIDTH: Final = 60
"""Characters of source that make a line, about."""
T = TypeVar("T")


def shortened(tag: str, names: Sequence[str]) -> Mapping[str, str]:
    """Return what operations are called in the group of their tag: without the tag's words.

    A name keeps them where it would be another's otherwise, or no name at all, so that whatever the
    document calls its operations, no two of a group are one.

    >>> shortened("customers", ["create_customer", "list_customers", "list_customer_cards"])
    {'create_customer': 'create', 'list_customers': 'list', 'list_customer_cards': 'list_cards'}
    """
    wanted = [_plain(word) for word in naming.snake(tag).split("_")]
    short = {name: _without(name, wanted) for name in names}
    count = Counter(short.values())
    return {
        name: one if count[one] == 1 and (one == name or one not in short) else name
        for name, one in short.items()
    }


def _without(name: str, wanted: Sequence[str]) -> str:
    """Return a name without the words of a tag, which stand side by side in it."""
    parts = name.split("_")
    for start in range(len(parts) - len(wanted), -1, -1):
        if [_plain(part) for part in parts[start : start + len(wanted)]] == wanted:
            rest = "_".join(parts[:start] + parts[start + len(wanted) :]).strip("_")
            return naming.function_name(rest, frozenset()) if rest[:1].isalpha() else name
    return name


def _plain(word: str) -> str:
    """Return a word as its singular and its plural have in common."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def in_files(functions: Iterable[T], lines_of: Callable[[T], int]) -> list[list[T]]:
    """Return functions for one file after the other, none of which grows too long."""
    files: list[list[T]] = [[]]
    total = 0
    for function in functions:
        lines = lines_of(function)
        if files[-1] and total + lines > LONGEST:
            files.append([])
            total = 0
        files[-1].append(function)
        total += lines
    return files


def lines_of_function(function: views.Function) -> int:
    """Estimate the lines of an operation's constant and function."""
    texts = [item.value for item in function.attributes]
    texts += [item.value for _, items in function.groups for item in items]
    texts += [one.annotation + one.default for one in function.arguments]
    return 16 + sum(len(_spelled(text)) // _WIDTH + 1 for text in (*texts, function.body))


def lines_of_method(function: views.Function) -> int:
    """Estimate the lines of a method."""
    passed = len(function.passed) // 40
    return function.method_doc.count("\n") + len(function.method_arguments) + passed + 8


def _spelled(text: str) -> str:
    # A parameter or field is a line of its own at least.
    return spelled(text) + " " * (_WIDTH * text.count("Parameter"))
