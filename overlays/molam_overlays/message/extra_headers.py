"""Header fields that a caller adds to a request, for tracing and the like."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from molam_overlays.errors import ValidationError
from molam_overlays.message.idempotency import KEY_HEADER
from molam_overlays.message.styles import header_problem

_OWN_HEADERS: Final = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        KEY_HEADER.lower(),
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Header fields no caller may set: they decide where a request goes and what it means."""


def folded(name: str) -> str:
    """Return a field's name as servers tell names apart.

    CGI and WSGI make one variable of ``Idempotency-Key`` and ``Idempotency_Key`` and join the two
    values (RFC 3875 section 4.1.18; PEP 3333): a key of ours would become another key.
    """
    return name.lower().replace("_", "-")


def check_headers(headers: Any, own: Collection[str]) -> None:
    """Refuse fields that are malformed, or that are the SDK's; `own` names more, in lower case.

    Raises:
        ValidationError: naming the field, never its value.
    """
    if not isinstance(headers, Mapping):
        raise ValidationError({"extra_headers": f"must be a dict, not {type(headers).__name__}"})
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ValidationError({"extra_headers": "must map text to text"})
        token = name.replace("-", "").replace("_", "")
        if not (token.isascii() and token.isalnum()):
            raise ValidationError(
                {"extra_headers": "must have header names of letters and hyphens"}
            )
        if folded(name) in _OWN_HEADERS or folded(name) in own:
            raise ValidationError({f"extra_headers.{name}": "is set by the SDK"})
        problem = header_problem(value)
        if problem is not None:
            raise ValidationError({f"extra_headers.{name}": problem})


def with_extra(headers: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """Return header fields with others added; a name replaces itself, whatever its spelling."""
    replaced = {folded(name) for name in extra}
    kept = {name: value for name, value in headers.items() if folded(name) not in replaced}
    return {**kept, **extra}
