"""The document's text, made safe for Python source.

Names and descriptions come from elsewhere and are not trusted. Nothing here lets them end a
string, start code, or show something else than what is there: invisible and direction-changing
characters are written as their code (``<U+202E>``).
"""

from __future__ import annotations

import re
from typing import Final

from generator.text.literal import (
    plain,
)

WIDTH: Final = 96
"""Columns of a docstring line, indentation included."""


def docstring(text: str, indent: int, *, width: int = WIDTH) -> str:
    r"""Return the source of a docstring, quotes and all; the first line is not indented.

    Args:
        text: what it says, plain (`readable` makes that of Markdown). Blank lines part paragraphs.
        indent: the columns that it is indented by.
        width: the last column that may be written to.

    The text between the quotes never holds three quotes in a row, never ends in a quote or a
    backslash, and has every backslash doubled unless none of them is there.
    """
    return quoted(wrap(text, width - indent), indent, width=width)


def quoted(lines: list[str], indent: int, *, width: int = WIDTH) -> str:
    """Return the source of a docstring whose lines are laid out already (see `docstring`)."""
    if not lines:
        return '""""""'
    # From here on every backslash is one of a pair, so that any quote is a real one.
    lines = [line.replace("\\", "\\\\") for line in lines]
    margin = " " * indent
    # The formatter puts a space before a quote that opens the text.
    opening = '"""' + (" " if lines[0].startswith('"') else "")
    if len(lines) == 1:
        only = opening + _QUOTES_OR_LAST.sub(_escaped_quotes, lines[0]) + '"""'
        if indent + len(only) <= width + 4:
            return only
    lines = [_QUOTES.sub(_escaped_quotes, line) for line in lines]
    body = "\n".join(margin + line if line else "" for line in lines[1:])
    return opening + lines[0] + "\n" + (body + "\n" if body else "") + margin + '"""'


_QUOTES: Final = re.compile(r'"{3,}')
_QUOTES_OR_LAST: Final = re.compile(r'"{3,}|"+\Z')


def _escaped_quotes(match: re.Match[str]) -> str:
    return '\\"' * len(match[0])


# Wrapping


_LIST_ITEM: Final = re.compile(r"(\s*)([-*+•]|\d{1,3}[.)])\s+")
_INDENTED: Final = re.compile(r" {4,}\S")


def wrap(text: str, width: int) -> list[str]:
    """Return the lines of a text, none longer than `width` unless a single word is.

    Blank lines stay between paragraphs; items of a list and their continuation stay apart; lines
    indented by four spaces or more (code) stay as they are.
    """
    lines: list[str] = []
    paragraph: list[str] = []
    hanging = ""

    def flush() -> None:
        nonlocal hanging
        if paragraph:
            lines.extend(_fill(" ".join(paragraph), width, hanging))
            paragraph.clear()
        hanging = ""

    for line in plain(text).split("\n"):
        item = _LIST_ITEM.match(line)
        if not line.strip():
            flush()
            if lines and lines[-1]:
                lines.append("")
        elif item:
            flush()
            hanging = " " * (min(len(item[1]), 8) + len(item[2]) + 1)
            lead = hanging[: -(len(item[2]) + 1)] + item[2]
            paragraph.append(lead + " " + line[item.end() :].strip())
        elif _INDENTED.match(line) and not paragraph:
            lines.append(line.rstrip())
        else:
            paragraph.append(line.strip())
    flush()
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _fill(text: str, width: int, hanging: str) -> list[str]:
    lead = text[: len(text) - len(text.lstrip())]
    lines: list[str] = []
    current = lead
    empty = True
    for word in text.split():
        if empty:
            current += word
            empty = False
        elif len(current) + 1 + len(word) <= width:
            current += " " + word
        else:
            lines.append(current)
            current = hanging + word
    lines.append(current)
    return lines
