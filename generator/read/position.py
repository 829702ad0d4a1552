"""Where something stands in a file, and the error that says so."""

from __future__ import annotations

import attrs

from generator.read.rules import ORDER, RULES, Rule


@attrs.frozen(slots=True, order=True)
class Position:
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class DocumentError(Exception):
    """Something is wrong with the document. The message is one line, ready to be printed."""

    def __init__(
        self,
        what: str,
        position: Position | None,
        advice: str = "",
        rule: str = "unsupported",
        address: str = "",
    ) -> None:
        self.what = _sentence(what)
        """What is wrong."""
        self.position = position
        """Where; None when no file could be read at all."""
        self.advice = _sentence(advice)
        """What to do about it."""
        self.rule: Rule = RULES[rule]
        """What kind of mistake it is."""
        self.address = address
        """File and JSON pointer in it, ``#/…`` in the main one; empty where there is none."""
        where = f"{position}: " if position else ""
        super().__init__(" ".join(f"{where}{self.what} {self.advice}".split()))

    @property
    def rank(self) -> tuple[int, Position]:
        """What reports are sorted by: the worst first, then by place."""
        return ORDER[self.rule.name], self.position or Position("")


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".?!" else text + "."


def duplicate(key: str, pointer: str, position: Position) -> DocumentError:
    """Return the error of a key that stands twice in one mapping."""
    parent = pointer.rpartition("/")[0]
    where = f" in {parent}" if parent else ""
    return DocumentError(
        f"The key {key!r} appears twice{where}",
        position,
        "Remove or rename one of the two",
        "duplicate-key",
        "#" + pointer,
    )
