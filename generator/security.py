"""Which of a document's security schemes the clients use.

A client has one key. So there must be one scheme that every operation takes, or none at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from generator import pointer as pointers
from generator.docs import literal, readable
from generator.normalise import Api, Operation

_PREFIX: Final = re.compile(r"\b[A-Za-z][A-Za-z0-9]*_(?![A-Za-z0-9])")


@attrs.frozen
class Credentials:
    """The chosen scheme, as source."""

    expression: str
    doc: str
    key_prefixes: str


def choose(api: Api) -> Credentials:
    """Return how the key travels.

    Raises:
        DocumentError: no single scheme serves every operation, or it cannot be emitted.
    """
    wanted = {
        operation.at: (operation, _alternatives(api, operation)) for operation in api.operations
    }
    needing = {at: found for at, (_, found) in wanted.items() if found}
    candidates = [
        name
        for name in api.security_schemes
        if all(name in alternatives for alternatives in needing.values())
    ]
    if not needing:
        declared = [name for name in api.security_schemes if _supported(api.security_schemes[name])]
        # Without operations, or with public ones alone, a scheme is still good documentation.
        candidates = declared if api.operations == () else []
    emitted = [name for name in candidates if _supported(api.security_schemes[name])]
    if needing and not emitted:
        raise _refusal(api, wanted, candidates)
    if not emitted:
        return Credentials("Credentials()", "The document names no security scheme.", "()")
    name = min(emitted, key=lambda one: _rank(api.security_schemes[one]))
    scheme = api.security_schemes[name]
    said = " ".join(readable(str(scheme.get("description") or "")).split())
    hint = str(scheme.get("bearerFormat") or "")
    return Credentials(_expression(scheme), said, literal(tuple(_PREFIX.findall(hint))))


def _alternatives(api: Api, operation: Operation) -> list[str]:
    """Return the schemes that alone open an operation; none for a public one."""
    requirements: Sequence[Mapping[str, Any]] = (
        api.security if operation.security is None else operation.security
    )
    if not requirements or any(not requirement for requirement in requirements):
        return []
    single = [next(iter(one)) for one in requirements if len(one) == 1]
    if not single:
        joined = " and ".join(requirements[0])
        raise api.document.error(
            f"{operation.title} needs {joined} at once, and a client has one key",
            pointers.join(operation.at, "security"),
            "Let one scheme be enough",
        )
    return single


def _rank(scheme: Mapping[str, Any]) -> int:
    kind = scheme.get("type")
    if kind == "http":
        return 0 if str(scheme.get("scheme")).lower() == "bearer" else 3
    if kind == "apiKey":
        return 1 if scheme.get("in") == "header" else 4
    return 2


def _supported(scheme: Mapping[str, Any]) -> bool:
    if scheme.get("type") == "http":
        return str(scheme.get("scheme")).lower() in ("bearer", "basic")
    return scheme.get("type") in ("apiKey", "oauth2", "openIdConnect", "mutualTLS")


def _expression(scheme: Mapping[str, Any]) -> str:
    kind = scheme.get("type")
    if kind == "mutualTLS":
        return 'Credentials("nowhere")'
    if kind == "apiKey":
        place, name = str(scheme["in"]), str(scheme["name"])
        end = ', ""' if place == "header" else ""
        return f"Credentials({literal(place)}, {literal(name)}{end})"
    if kind == "http" and str(scheme.get("scheme")).lower() == "basic":
        return 'Credentials(scheme="Basic")'
    # OAuth 2 and OpenID Connect end in a bearer token as well (RFC 6750).
    return "Credentials()"


def _refusal(
    api: Api, wanted: Mapping[str, tuple[Operation, list[str]]], candidates: Sequence[str]
) -> Exception:
    if candidates:
        name = candidates[0]
        return api.document.error(
            f"The security scheme {name} ({api.security_schemes[name].get('scheme')}) is not "
            "supported",
            pointers.join("/components/securitySchemes", name),
            "Supported are http bearer and basic, apiKey, oauth2, openIdConnect and mutualTLS",
        )
    first: Operation | None = None
    shared: set[str] = set()
    for operation, alternatives in wanted.values():
        if not alternatives:
            continue
        if first is None:
            first, shared = operation, set(alternatives)
        elif not shared & set(alternatives):
            return api.document.error(
                f"{operation.title} takes {', '.join(alternatives)} and {first.title} takes "
                f"{', '.join(sorted(shared))}, but a client has one key",
                pointers.join(operation.at, "security"),
                "Let one scheme serve every operation, or split the document",
            )
        else:
            shared &= set(alternatives)
    return api.document.error(
        "No security scheme serves every operation",
        "/components/securitySchemes",
        "Let one scheme serve every operation",
    )
