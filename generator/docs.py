"""The document's text, made safe for Python source.

Names and descriptions come from elsewhere and are not trusted. Nothing here lets them end a
string, start code, or show something else than what is there: invisible and direction-changing
characters are written as their code (``<U+202E>``).
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any, Final

WIDTH: Final = 96
"""Columns of a docstring line, indentation included."""


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


# Markdown


_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING: Final = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_RULE: Final = re.compile(r"^ {0,3}([-*_])(?:\s*\1){2,}\s*$")
_UNDERLINE: Final = re.compile(r"^ {0,3}(=+|-+)\s*$")
_TABLE_RULE: Final = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")
_CODE: Final = re.compile(r"(`+)(.+?)\1(?!`)", re.DOTALL)
_IMAGE_OR_LINK: Final = re.compile(
    r"!?\[((?:[^\[\]]|\[[^\[\]]{0,300}\]){0,2000})\]\(\s*<?([^\s<>()]{0,2000}(?:\([^\s()]{0,300}\)[^\s()]{0,300})?)>?"
    r"(?:\s+(?:\"[^\"]{0,300}\"|'[^']{0,300}'))?\s*\)"
)
_AUTO_LINK: Final = re.compile(r"<((?:https?|mailto):[^\s<>]{1,2000})>")
_STRONG: Final = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,500}?)(?<=\S)\1")
_EMPHASIS: Final = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,500}?)(?<=[^\s*])\*(?![\w*])")
_TAG: Final = re.compile(
    r"</?(?:a|b|i|u|p|em|strong|code|pre|br|hr|ul|ol|li|div|span|sup|sub|table"
    r"|thead|tbody|tr|td|th|h[1-6]|img|blockquote|kbd)(?:\s[^<>]{0,1000})?/?>",
    re.IGNORECASE,
)
_LINK_TAG: Final = re.compile(
    r"<a\s[^<>]{0,500}?href\s*=\s*[\"']([^\"'<>]{1,2000})[\"'][^<>]{0,500}>(.{0,2000}?)</a>",
    re.IGNORECASE | re.DOTALL,
)
_BREAK_TAG: Final = re.compile(r"<(?:br|/p|p|/li|/tr|/div|hr)\s*/?>", re.IGNORECASE)
_ITEM_TAG: Final = re.compile(r"<li(?:\s[^<>]{0,300})?>", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(?:[a-zA-Z]{2,31}|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")
_PRIVATE: Final = 0xE000
_SET_ASIDE: Final = re.compile("[\\ue020-\\ue07e]")
_ESCAPED: Final = re.compile(r"\\([!\"#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~-])")


def readable(markdown: str) -> str:
    """Return CommonMark as the plain text that a docstring shows.

    Links keep their text and address, code its backquotes and its lines, lists their bullets;
    headings become a line that ends in a colon; emphasis and HTML tags go.
    """
    lines: list[str] = []
    fence = ""
    for line in plain(markdown).split("\n"):
        opened = _FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence):
                fence = ""
                lines.append("")
            else:
                lines.append("    " + line if line.strip() else "")
            continue
        if opened:
            fence = opened[1]
            lines.append("")
            continue
        heading = _HEADING.match(line)
        if heading:
            title = heading[1].rstrip(".:")
            lines.extend(("", title + ":" if title else "", ""))
        elif _RULE.match(line) or (_UNDERLINE.match(line) and lines and lines[-1].strip()):
            lines.append("")
        elif "|" in line and _TABLE_RULE.fullmatch(line.strip()):
            continue
        else:
            lines.append(line)
    text = _inline("\n".join(lines))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def _inline(text: str) -> str:
    """Apply what works inside a paragraph, leaving code alone."""
    out = []
    last = 0
    for code in _CODE.finditer(text):
        out.append(_prose(text[last : code.start()]))
        ticks = code[1]
        out.append(ticks + code[2] + ticks)
        last = code.end()
    out.append(_prose(text[last:]))
    return "".join(out)


def _prose(text: str) -> str:
    if "\\" in text:
        # Out of the way until the end; `plain` has left nothing of this plane in the text.
        text = _ESCAPED.sub(lambda match: chr(_PRIVATE + ord(match[1])), text)
    if "<" in text:
        text = _LINK_TAG.sub(lambda m: f"{m[2]} ({m[1]})", text)
        text = _ITEM_TAG.sub("\n- ", text)
        text = _BREAK_TAG.sub("\n", text)
        text = _AUTO_LINK.sub(r"\1", text)
        text = _TAG.sub("", text)
    if "[" in text:
        text = _IMAGE_OR_LINK.sub(_link, text)
    if "*" in text or "_" in text:
        text = _STRONG.sub(r"\2", text)
        text = _EMPHASIS.sub(r"\1", text)
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    return _SET_ASIDE.sub(lambda match: chr(ord(match[0]) - _PRIVATE), text)


def _link(match: re.Match[str]) -> str:
    label, address = match[1].strip(), match[2]
    if not address or label == address:
        return label or address
    return f"{label} ({address})" if label else address


def _entity(match: re.Match[str]) -> str:
    return plain(html.unescape(match[0]))


def first_sentence(text: str) -> str:
    """Return the first sentence of a plain text, on one line, with a full stop."""
    line = " ".join(text.split("\n\n")[0].split())
    end = re.search(r"(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)[.!?](?=\s+[^\sa-z]|$)", line)
    sentence = line[: end.end()] if end else line
    if not sentence:
        return ""
    return sentence if sentence[-1] in ".!?:" else sentence + "."
