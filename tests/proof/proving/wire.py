"""Requests read back: what was on the wire, as the document says to read it."""

from __future__ import annotations

import email.message
import email.parser
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, unquote_plus

from .document import Node, Operation
from .server import Arrived

_DEFAULT_STYLE = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}


def style_of(parameter: Node) -> tuple[str, bool]:
    """Return how a parameter is written: its style, and whether it is exploded."""
    style = parameter.fact("style") or _DEFAULT_STYLE[parameter.fact("in")]
    return style, bool(parameter.fact("explode", style == "form"))


def text_of(value: Any) -> Any:
    """Return a value as a parameter holds it: scalars as text, lists and objects of such."""
    if isinstance(value, Mapping):
        return {str(name): text_of(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [text_of(item) for item in value]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def same(sent: Any, arrived: Any) -> bool:
    """Compare texts, numbers by what they are worth."""
    if isinstance(sent, dict) and isinstance(arrived, dict):
        return sent.keys() == arrived.keys() and all(same(sent[k], arrived[k]) for k in sent)
    if isinstance(sent, list) and isinstance(arrived, list):
        return len(sent) == len(arrived) and all(map(same, sent, arrived))
    if sent == arrived:
        return True
    try:
        return Decimal(str(sent)) == Decimal(str(arrived))
    except ArithmeticError:
        return False


def base_problems(arrived: Arrived, base: str) -> list[str]:
    """Say whether a request went below the server's path."""
    return [] if arrived.target.startswith(base) else [f"went to {arrived.target}, not to {base}"]


class Request:
    """A request with its parameters taken apart."""

    def __init__(self, operation: Operation, arrived: Arrived, base: str) -> None:
        self.operation = operation
        self.arrived = arrived
        target = arrived.target.removeprefix(base)
        path, _, query = target.partition("?")
        self.segments = self._segments(path)
        self.path = path
        self.pairs = [
            (pair.partition("=")[0], pair.partition("=")[2]) for pair in query.split("&") if pair
        ]
        self.claimed: set[int] = set()
        self.cookies = [
            (name.strip(), value)
            for name, _, value in (
                pair.partition("=") for pair in (arrived.header("cookie") or "").split(";")
            )
            if name.strip()
        ]

    def _segments(self, path: str) -> dict[str, str] | None:
        template = self.operation.path.partition("?")[0]
        names = re.findall(r"\{([^{}]*)\}", template)
        fixed = re.split(r"\{[^{}]*\}", template)
        pattern = "([^/?]*?)".join(re.escape(part) for part in fixed)
        # What stands in the template may be percent-encoded on the way.
        match = re.fullmatch(pattern, path) or re.fullmatch(pattern, unquote(path))
        return dict(zip(names, match.groups(), strict=True)) if match else None

    def read(self, parameter: Node, value: Any) -> Any:
        """Return a parameter's value as texts; None when it is not there.

        Args:
            value: what was sent, for its outline: a list of one and a scalar look the same.
        """
        name, place = parameter.fact("name"), parameter.fact("in")
        if parameter.get("content") is not None:
            raw = self._raw(place, name)
            return (
                None
                if raw is None
                else text_of(
                    json.loads(unquote(raw) if place != "header" else raw, parse_float=Decimal)
                )
            )
        style, explode = style_of(parameter)
        if place == "path":
            raw = (self.segments or {}).get(name)
            return None if raw is None else _read_path(raw, name, style, explode, value)
        if place == "header":
            raw = self.arrived.header(name)
            return None if raw is None else _read_simple(raw, explode, value, lambda text: text)
        pairs = self.pairs if place == "query" else self.cookies
        return self._read_form(pairs, name, style, explode, value, claim=place == "query")

    def _raw(self, place: str, name: str) -> str | None:
        if place == "path":
            return (self.segments or {}).get(name)
        if place == "header":
            return self.arrived.header(name)
        pairs = self.pairs if place == "query" else self.cookies
        for index, (field, raw) in enumerate(pairs):
            if unquote(field) == name:
                if place == "query":
                    self.claimed.add(index)
                return raw
        return None

    def _read_form(
        self,
        pairs: Sequence[tuple[str, str]],
        name: str,
        style: str,
        explode: bool,
        value: Any,
        *,
        claim: bool,
    ) -> Any:
        mine: list[tuple[int, str, str]] = []
        for index, (field, raw) in enumerate(pairs):
            field = unquote(field)
            if style == "deepObject" and isinstance(value, (dict, list)):
                wanted = field.startswith(f"{name}[")
            elif isinstance(value, dict) and explode:
                wanted = field in value
            else:
                wanted = field == name
            if wanted:
                mine.append((index, field, raw))
        if claim:
            self.claimed.update(index for index, _, _ in mine)
        if not mine:
            return None
        if style == "deepObject" and isinstance(value, (dict, list)):
            return unbracketed([(field, unquote(raw)) for _, field, raw in mine], {name: value})[
                name
            ]
        if isinstance(value, dict) and explode:
            texts: dict[str, Any] = {}
            for _, field, raw in mine:
                if isinstance(value[field], list) and not raw.startswith("%5B"):
                    texts.setdefault(field, []).append(unquote(raw))
                else:
                    texts[field] = unquote(raw)
            return texts
        if isinstance(value, list) and explode:
            return [unquote(raw) for _, _, raw in mine]
        if len(mine) > 1:
            return f"{len(mine)} pairs instead of one"
        raw = mine[0][2]
        if isinstance(value, (list, dict)):
            separators = {"spaceDelimited": r"%20|\+", "pipeDelimited": r"%7C|\|"}
            parts = [unquote(p) for p in re.split(separators.get(style, ","), raw, flags=re.I)]
            return _paired(parts) if isinstance(value, dict) else parts
        return unquote(raw)

    def unclaimed(self) -> list[str]:
        """Return the query's pairs that no parameter has read."""
        return [
            f"{unquote(field)}={raw}"
            for index, (field, raw) in enumerate(self.pairs)
            if index not in self.claimed
        ]


def _paired(parts: Sequence[str]) -> dict[str, str]:
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _read_simple(raw: str, explode: bool, value: Any, plain: Any) -> Any:
    if isinstance(value, dict):
        parts = raw.split(",")
        if explode:
            return {plain(p.partition("=")[0]): plain(p.partition("=")[2]) for p in parts}
        return _paired([plain(part) for part in parts])
    if isinstance(value, list):
        return [plain(part) for part in raw.split(",")]
    return plain(raw)


def _read_path(raw: str, name: str, style: str, explode: bool, value: Any) -> Any:
    if style == "simple":
        return _read_simple(raw, explode, value, unquote)
    if style == "label":
        body = raw.removeprefix(".")
        separator = "." if explode else ","
        parts = [unquote(part) for part in body.split(separator)]
        if isinstance(value, dict):
            if explode:
                return {
                    unquote(p.partition("=")[0]): unquote(p.partition("=")[2])
                    for p in body.split(separator)
                }
            return _paired(parts)
        return parts if isinstance(value, list) else unquote(body)
    pieces = [piece.partition("=") for piece in raw.split(";") if piece]
    if isinstance(value, dict) and explode:
        return {unquote(key): unquote(text) for key, _, text in pieces}
    texts = [text for key, _, text in pieces if unquote(key) == name]
    if isinstance(value, list):
        return [unquote(t) for t in (texts if explode else texts[0].split(","))] if texts else None
    if isinstance(value, dict):
        return _paired([unquote(part) for part in texts[0].split(",")]) if texts else None
    return unquote(texts[0]) if texts else None


def unbracketed(pairs: Sequence[tuple[str, str]], outline: Mapping[str, Any]) -> dict[str, Any]:
    """Read ``a[b][0]=c`` as servers do; lists come as ``a[]``, ``a[0]`` or as a name repeated."""
    root: dict[str, Any] = {}
    for name, text in pairs:
        head, *rest = [name.partition("[")[0], *re.findall(r"\[([^\]]*)\]", name)]
        here: Any = root
        keys = [head, *rest]
        for key in keys[:-1]:
            here = here.setdefault(key, {}) if isinstance(here, dict) else here
        last = keys[-1]
        if isinstance(here, dict):
            here.setdefault(last, [])
            if isinstance(here[last], list):
                here[last].append(text)
    return {name: _settled(value, outline.get(name)) for name, value in root.items()}


def _settled(value: Any, outline: Any) -> Any:
    """Tell lists from objects and scalars by what was sent."""
    if isinstance(outline, list):
        if isinstance(value, dict):
            if list(value) == [""]:
                return value[""]
            ordered = sorted(value, key=lambda key: int(key) if key.isdigit() else -1)
            return [
                _settled(value[key], outline[n] if n < len(outline) else None)
                for n, key in enumerate(ordered)
            ]
        return value
    if isinstance(value, dict):
        inner = outline if isinstance(outline, Mapping) else {}
        return {name: _settled(item, inner.get(name)) for name, item in value.items()}
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def read_form(content: bytes, media: Node, value: Mapping[str, Any]) -> Any:
    """Return a form's properties as texts."""
    encoding = media.fact("encoding") or {}
    pairs = [
        (pair.partition("=")[0], pair.partition("=")[2])
        for pair in content.decode("ascii").split("&")
        if pair
    ]
    found: dict[str, Any] = {}
    rest: list[tuple[str, str]] = []
    for name, raw in pairs:
        rule = encoding.get(unquote_plus(name)) or {}
        if "json" in str(rule.get("contentType", "")):
            found[unquote_plus(name)] = text_of(json.loads(unquote_plus(raw), parse_float=Decimal))
        elif rule.get("explode") is False and isinstance(value.get(unquote_plus(name)), list):
            style = rule.get("style", "form")
            separator = {"spaceDelimited": r"%20|\+", "pipeDelimited": r"%7C|\|"}.get(style, ",")
            found[unquote_plus(name)] = [
                unquote_plus(part) for part in re.split(separator, raw, flags=re.I)
            ]
        else:
            rest.append((unquote_plus(name), unquote_plus(raw)))
    return {**found, **unbracketed(rest, value)}


def read_multipart(content: bytes, media: str) -> dict[str, list[email.message.Message]]:
    """Return the parts of a multipart body by name."""
    head = b"Content-Type: %s\r\nMIME-Version: 1.0\r\n\r\n" % media.encode()
    message = email.parser.BytesParser().parsebytes(head + content)
    found: dict[str, list[email.message.Message]] = {}
    parts = message.get_payload()
    if not isinstance(parts, list):
        return {}
    for part in parts:
        assert isinstance(part, email.message.Message)
        name = part.get_param("name", header="content-disposition")
        found.setdefault(str(name).replace("%22", '"'), []).append(part)
    return found
