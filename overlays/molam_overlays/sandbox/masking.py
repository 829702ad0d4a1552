"""What people may see of requests and events: pages, console and log mask what is sensitive.

The document says which properties are sensitive. Where a body is no JSON, or a name is not the
document's, nobody can tell what a word is; then only names that the document knows are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from molam_overlays.message.masking import without
from molam_overlays.redact import MASK, redact_text, template
from molam_overlays.sandbox.answer import decode
from molam_overlays.sandbox.document import Document

_LONGEST: Final = 100_000
"""Bytes of a body that is shown."""
_PIECE: Final = 1000
"""Bytes that are shown of a body that is no JSON."""
_WORD: Final = re.compile(r"[^\s{}\[\]()\"':;,=&<>/?#|\\]+")
# ISO 13616, with or without spaces. Small letters do not count: hexadecimal ids look like that.
_IBAN: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Za-z0-9])"
)
_KEPT: Final = frozenset({"id", "method", "operation", "account", "fault", "status"})
"""Fields of a record that are the sandbox's own words."""


class Masking:
    """Masks by the rules of one document."""

    def __init__(self, document: Document) -> None:
        self._sensitive = frozenset(map(_folded, document.sensitive))
        self._names = frozenset(_names(document.root)) | {"true", "false", "null"}
        self._parameters = frozenset(
            each.name for operation in document.operations for each in operation.parameters
        )
        named = "|".join(re.escape(name) for name in sorted(document.sensitive)) or "(?!)"
        # As JSON or a form would have it, in the midst of a text.
        self._told = re.compile(
            rf"({named})(\W{{0,8}}[:=]\W{{0,8}})([^\"'&,}}\]\n]+)", re.IGNORECASE
        )

    def data(self, data: Any) -> Any:
        """Return JSON data with sensitive values masked, where they belong and where else."""
        return self._without(self._marked(data), self._found(data))

    def _marked(self, data: Any) -> Any:
        if isinstance(data, dict):
            return {
                name: MASK if self._hides(name) else self._marked(value)
                for name, value in data.items()
            }
        if isinstance(data, list):
            return [self._marked(each) for each in data]
        return data

    def body(self, content: bytes) -> Any:
        """Return a request's body as it may be shown; None for none."""
        if not content:
            return None
        if len(content) > _LONGEST:
            return "(too large to show)"
        try:
            data = decode(content.decode("utf-8"))
        except ValueError:
            data = None
        if isinstance(data, (dict, list)):
            return self.data(data)
        text = content[:_PIECE].decode("utf-8", "replace")
        return _WORD.sub(lambda word: word[0] if word[0] in self._names else MASK, text)

    def record(self, record: Mapping[str, Any], content: bytes) -> dict[str, Any]:
        """Return what is kept of a request: `record`, whose body is `content`."""
        shown = {**record, "body": self.body(content), "answer": self.data(record["answer"])}
        shown["query"] = self._query(shown["query"])
        if shown["operation"] is None:
            shown["path"] = template(shown["path"])
        values = self._found(_decoded(content))
        return {
            name: value if name in _KEPT else self._without(value, values)
            for name, value in shown.items()
        }

    def _hides(self, name: str) -> bool:
        return _folded(name) in self._sensitive

    def _text(self, text: str) -> str:
        return redact_text(_IBAN.sub(MASK, self._told.sub(rf"\1\2{MASK}", text)))

    def _query(self, query: str) -> str:
        pairs = []
        for pair in query.split("&") if query else ():
            name, equals, value = pair.partition("=")
            plain = unquote_plus(name)
            known = plain in self._parameters and not self._hides(plain)
            shown = plain if plain in self._parameters | self._names else MASK
            pairs.append(f"{shown}{equals}{(value if known else MASK) if value else ''}")
        return "&".join(pairs)

    def _found(self, data: Any) -> list[str]:
        return sorted(set(self._values(data)), key=len, reverse=True)

    def _values(self, data: Any, marked: bool = False) -> Iterator[str]:
        """Yield every sensitive value of a body as text."""
        if isinstance(data, dict):
            for name, value in data.items():
                yield from self._values(value, marked or self._hides(name))
        elif isinstance(data, list):
            for each in data:
                yield from self._values(each, marked)
        elif marked and data is not None and not isinstance(data, bool) and str(data):
            yield str(data)

    def _without(self, data: Any, values: list[str]) -> Any:
        if isinstance(data, dict):
            return {name: self._without(value, values) for name, value in data.items()}
        if isinstance(data, list):
            return [self._without(each, values) for each in data]
        return self._text(without(data, values)) if isinstance(data, str) else data


def _decoded(content: bytes) -> Any:
    try:
        return decode(content.decode("utf-8"))
    except ValueError:
        return None


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _names(node: Any) -> Iterator[str]:
    """Yield the name of every property in the document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "properties" and isinstance(value, dict):
                yield from value
            yield from _names(value)
    elif isinstance(node, list):
        for each in node:
            yield from _names(each)
