"""Values as path segments, queries, headers and cookies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from molam_overlays.message.parameters import Parameter
from molam_overlays.schema.jsontext import dumps
from molam_overlays.schema.types import Problems

# Of the reserved characters of RFC 3986 those that mean nothing in a query of name=value pairs:
# "#" would end it, "&" and "=" would make other pairs, "+" reads as a space.
_UNTOUCHED = ":/?@!$'()*,;"


def scalar_text(value: Any) -> str:
    """Return the text of a scalar as parameters carry it."""
    if isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return dumps(value).decode()
    return repr(value) if isinstance(value, float) else str(value)


def _percent(text: str, allow_reserved: bool = False) -> str:
    return quote(text, safe=_UNTOUCHED if allow_reserved else "")


def path_segment(parameter: Parameter, value: Any, problems: Problems) -> str:
    """Return one encoded path segment for a plain JSON value.

    A dot segment is refused: clients and proxies resolve ``..`` even when it is encoded
    (RFC 3986 section 6.2.2.3).
    """
    name = parameter.name
    if parameter.json:
        return _percent(dumps(value).decode())
    if parameter.style == "simple" and not isinstance(value, (list, dict)):
        text = scalar_text(value)
        if text in {"", ".", ".."}:
            problems[name] = "must not be empty" if not text else "must not be a dot segment"
        elif any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
            problems[name] = "must not contain control characters"
        return _percent(text)
    joined = _styled(parameter, value)
    if joined in {"", ".", ".."}:
        problems[name] = "must not be empty or a dot segment"
    return joined


def _styled(parameter: Parameter, value: Any) -> str:
    """Serialise for ``simple``, ``label`` and ``matrix``."""
    name, explode = _percent(parameter.name), parameter.explode
    prefix, separator = {"label": (".", "."), "matrix": (";", ";")}.get(parameter.style, ("", ","))
    if isinstance(value, dict):
        pairs = [(_percent(key), _percent(scalar_text(item))) for key, item in value.items()]
        if explode:
            return prefix + separator.join(f"{key}={item}" for key, item in pairs)
        flat = ",".join(f"{key},{item}" for key, item in pairs)
        return f"{prefix}{name}={flat}" if parameter.style == "matrix" else f"{prefix}{flat}"
    items = value if isinstance(value, list) else [value]
    texts = [_percent(scalar_text(item)) for item in items]
    if parameter.style == "matrix":
        if explode:
            return "".join(f";{name}={text}" for text in texts)
        return f";{name}={','.join(texts)}"
    if parameter.style == "label":
        return prefix + (separator if explode else ",").join(texts)
    return ",".join(texts)


def query_pairs(parameter: Parameter, value: Any) -> Iterable[str]:
    """Yield the encoded ``name=value`` pieces of one query parameter."""
    reserved = parameter.allow_reserved
    name = _percent(parameter.name)
    if parameter.json:
        yield f"{name}={_percent(dumps(value).decode())}"
    elif parameter.style == "deepObject":
        yield from _deep(name, value, reserved)
    elif isinstance(value, dict):
        if parameter.explode:
            for key, item in value.items():
                for part in _alone(item):
                    yield f"{_percent(key)}={_percent(scalar_text(part), reserved)}"
        else:
            flat = (part for key, item in value.items() for part in (key, scalar_text(item)))
            yield f"{name}={','.join(_percent(part, reserved) for part in flat)}"
    elif isinstance(value, list):
        texts = [_percent(scalar_text(item), reserved) for item in value]
        if parameter.explode:
            for text in texts:
                yield f"{name}={text}"
        else:
            separator = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}.get(parameter.style, ",")
            yield f"{name}={separator.join(texts)}"
    else:
        yield f"{name}={_percent(scalar_text(value), reserved)}"


def _alone(value: Any) -> list[Any]:
    """Return what a name in an exploded object is repeated for.

    OpenAPI leaves it open: a list of scalars looks like an exploded list, anything deeper is JSON.
    """
    plain = isinstance(value, list) and not any(isinstance(one, (dict, list)) for one in value)
    return value if plain else [value]


def _deep(prefix: str, value: Any, reserved: bool) -> Iterable[str]:
    """Yield the pieces of a ``deepObject``: ``a[b]=1``, and for lists ``a[0]=1``.

    OpenAPI leaves lists and deeper objects open; numbers keep the fields of each object in a list
    together.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _deep(f"{prefix}%5B{_percent(key)}%5D", item, reserved)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _deep(f"{prefix}%5B{number}%5D", item, reserved)
    else:
        yield f"{prefix}={_percent(scalar_text(value), reserved)}"


def header_value(parameter: Parameter, value: Any, problems: Problems) -> str:
    """Return one header line for a plain JSON value (style ``simple``, not percent-encoded)."""
    if parameter.json:
        text = dumps(value).decode()
    elif isinstance(value, dict):
        sign = "=" if parameter.explode else ","
        pairs = [(key, scalar_text(item)) for key, item in value.items()]
        text = ",".join(f"{key}{sign}{item}" for key, item in pairs)
        _check_commas(parameter, (part for pair in pairs for part in pair), problems)
    elif isinstance(value, list):
        texts = [scalar_text(item) for item in value]
        text = ",".join(texts)
        _check_commas(parameter, texts, problems)
    else:
        text = scalar_text(value)
    problem = header_problem(text)
    if problem is not None:
        problems[parameter.name] = problem
    return text


def _check_commas(parameter: Parameter, parts: Iterable[str], problems: Problems) -> None:
    if any("," in part for part in parts):
        problems[parameter.name] = "must not hold a comma, which separates items in a header"


def header_problem(text: str) -> str | None:
    """Say why a text cannot be a header value (RFC 9110 section 5.5), None when it can."""
    if not text.isascii() or not text.isprintable():
        return "must be printable ASCII to travel in a header"
    return "must not start or end with white space" if text != text.strip() else None


def cookie_pairs(parameter: Parameter, value: Any) -> Iterable[str]:
    """Yield the ``name=value`` pieces of one cookie parameter (style ``form``)."""
    yield from query_pairs(parameter, value)
