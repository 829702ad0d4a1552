"""Values as Python source. Untrusted text cannot leave its quotes."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final


def literal(value: Any) -> str:
    r"""Return the Python literal of plain JSON data, as ruff would write it.

    Text is in double quotes, or in single ones when that saves backslashes; what does not print,
    and what changes the direction of a line, is escaped (``"\u202e"``).
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        parts = ", ".join(literal(item) for item in value)
        if isinstance(value, list):
            return f"[{parts}]"
        return f"({parts},)" if len(value) == 1 else f"({parts})"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f'float("{value}")'
    return repr(value)


def _text(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f'"{value}"'
    quote = "'" if value.count('"') > value.count("'") else '"'
    out: list[str] = []
    for character in value:
        if character in (quote, "\\"):
            out.append("\\" + character)
        elif character in _SHORT:
            out.append(_SHORT[character])
        elif character == " " or (_visible(character) and not character.isspace()):
            out.append(character)
        else:
            out.append(_escape(character))
    return quote + "".join(out) + quote


_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _visible(character: str) -> bool:
    """Return whether a reader sees a character. `isprintable` knows all but a few of them."""
    return character.isprintable() and not _UNSEEN.match(character)


# Letters and marks that have no shape (Default_Ignorable_Code_Point of the Unicode standard).
_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# Soft hyphen, zero width space, word joiner, byte order mark, variation selectors: left over
# from copying, and missed by nobody.
_HARMLESS: Final = re.compile("[\u00ad\u200b\u2060\ufeff\ufe00-\ufe0f]")
_ODD: Final = re.compile(r"[^\n -~]")


def plain(text: str) -> str:
    """Return text in which everything can be seen: tabs become spaces, invisible marks codes."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    return _ODD.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    if _HARMLESS.match(character):
        return ""
    if character in "\u2028\u2029\x0b\x0c\x85":
        return "\n"
    if unicodedata.category(character) == "Zs":
        return " "
    return character if _visible(character) else f"<U+{ord(character):04X}>"


def comment(text: str) -> str:
    """Return text as the words of one comment line, without the ``#``."""
    return " ".join(plain(text).split())
