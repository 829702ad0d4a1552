"""HTML from plain functions: whatever is not `Markup` is escaped, so a text stays a text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any, Final, TypeAlias

_VOID: Final = frozenset({"area", "br", "hr", "img", "input", "link", "meta"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content: TypeAlias = "Markup | str | int | Iterable[Content] | None"
"""What stands in an element; None is nothing."""


def html(content: Content) -> Markup:
    """Write content as HTML."""
    if content is None:
        return Markup()
    if isinstance(content, Markup):
        return content
    if isinstance(content, (str, int)):
        return Markup(escape(str(content), quote=True))
    return Markup("".join(map(html, content)))


def tag(name: str, /, *content: Content, **attributes: Any) -> Markup:
    """Make an element.

    Args:
        name: such as ``div``.
        content: what stands in it.
        attributes: by name; ``class_`` is class, other underscores are dashes. None and False are
            left out, True stands alone.
    """
    told = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{told}>")
    return Markup(f"<{name}{told}>{html(content)}</{name}>")


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def link(url: str, /, *content: Content, **attributes: Any) -> Markup:
    """Make a link."""
    return tag("a", *content, href=url, **attributes)


def code(text: object) -> Markup:
    """Make a word of code."""
    return tag("code", str(text))


def soft(*content: Content) -> Markup:
    """Make a remark."""
    return tag("span", *content, class_="soft")


def joined(parts: Iterable[Content], between: Content = " ") -> list[Content]:
    """Put something between parts."""
    found: list[Content] = []
    for part in parts:
        found += [between, part] if found else [part]
    return found


def post(url: str, /, *content: Content, **attributes: Any) -> Markup:
    """Make a form that posts."""
    return tag("form", *content, method="post", action=url, **attributes)


def button(
    label: Content, *, name: str | None = None, value: str | None = None, **more: Any
) -> Markup:
    """Make a button of a form."""
    return tag("button", label, name=name, value=value, **more)
