"""Our extensions of OpenAPI: where each may stand and what it may say (openapi/README.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from generator.read import pointer as pointers
from generator.read.anatomy import Node
from generator.text.shown import shown

if TYPE_CHECKING:
    from generator.read.document import Document
PREFIX: Final = "x-molam-"
PAGE_KEYS: Final = ("items", "more", "limit", "offset")


def check_extensions(document: Document, nodes: Iterable[Node]) -> None:
    """Take down every extension of ours that is unknown, out of place, or has a wrong value."""
    for node in nodes:
        if not isinstance(node.value, dict):
            continue
        for name, value in node.value.items():
            if name.startswith(PREFIX) and node.kind in _KINDS_WITH_KEYWORDS:
                _check(document, node, name, value)


_KINDS_WITH_KEYWORDS: Final = frozenset(
    {
        "document", "info", "server", "components", "pathItem", "operation", "parameter", "header",
        "requestBody", "mediaType", "encoding", "response", "link", "tag", "schema",
        "securityScheme", "example",
    }
)  # fmt: skip


def _check(document: Document, node: Node, name: str, value: Any) -> None:
    at = pointers.join(node.pointer, name)
    rule = RULES.get(name)
    if rule is None:
        known = ", ".join(RULES)
        document.wrong(
            f"The extension {shown(name)} is unknown",
            at,
            f"Known are {known}; correct or remove it",
            "extension",
        )
        return
    kind, check, expected = rule
    if node.kind != kind:
        what = f"The extension {name} stands in {_a(node.kind)}, where it means nothing"
        document.wrong(what, at, f"Put it into {_a(kind)}", "extension")
    elif not check(value):
        what = f"The extension {name} has a wrong value"
        document.wrong(what, at, f"Write {expected}", "extension")


def _a(kind: str) -> str:
    words = re.sub(r"([A-Z])", r" \1", kind).lower()
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _is_names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(item, str) and item.isidentifier() for item in value)
        and len(set(value)) == len(value)
    )


def _is_page(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == set(PAGE_KEYS)
        and all(isinstance(item, str) and item for item in value.values())
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier()


RULES: Final[dict[str, tuple[str, Callable[[Any], bool], str]]] = {
    "x-molam-arguments": (
        "operation",
        _is_names,
        "a list of argument names, each once, such as [charge_id, amount]",
    ),
    "x-molam-client-default": ("schema", _is_name, "the name of a field of Config"),
    "x-molam-sensitive": ("schema", lambda value: isinstance(value, bool), "true or false"),
    "x-molam-behaviour": ("operation", _is_name, "the name of what the sandbox does"),
    "x-molam-page": (
        "operation",
        _is_page,
        "a mapping with the keys items, more, limit and offset, each with a name",
    ),
}
"""Extension to the kind of object it stands in, a check of its value, and what is expected."""
