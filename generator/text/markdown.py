"""Markdown and HTML as plain text."""

from __future__ import annotations

import html
import re
from typing import Final

from generator.text.literal import (
    plain,
)

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
