"""The document's text, made safe for Markdown.

It is not trusted: what stands outside of code can start no tag, role, cell or heading of its own.
"""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any, Final

from generator.text.literal import plain
from generator.text.markdown import readable

_CODE: Final = re.compile(r"(`+)(.+?)\1(?!`)", re.DOTALL)
_MARKS: Final = re.compile(r"[\\<>|{}\[\]*_#~$]")


def prose(text: Any) -> str:
    """Return a text of the document as Markdown paragraphs; its code stays code."""
    return _outside_code(readable(str(text or "")))


def cell(text: Any) -> str:
    """Return a text of the document as one cell of a table."""
    return " ".join(prose(text).split())


def code(text: str) -> str:
    """Return text as code in a line or a cell."""
    shown = " ".join(plain(text).split()).replace("|", "\\|")
    return f"``{shown}``" if "`" in shown else f"`{shown}`"


def of_docstring(source: str) -> str:
    """Return the text of a docstring that was written down as source; empty for none."""
    return inspect.cleandoc(str(ast.literal_eval(source.strip()))) if source.strip() else ""


def _outside_code(text: str) -> str:
    parts, last = [], 0
    for found in _CODE.finditer(text):
        parts += [_escaped(text[last : found.start()]), found[0].replace("|", "\\|")]
        last = found.end()
    return "".join([*parts, _escaped(text[last:])])


def _escaped(text: str) -> str:
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", text)
