"""Which of a document's security schemes the clients use.

A client has one key, and the scheme that most operations take says how it travels. An operation
that takes others, or none, carries its own. Where several schemes are wanted at once, the key is the secret
among them, and the others have keys of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import attrs

from generator.decide.prose import one_line
from generator.decide.runtime import of_runtime
from generator.read import pointer as pointers
from generator.text.literal import literal
from generator.understand.api import Api, Operation

_PREFIX: Final = re.compile(r"\b[A-Za-z][A-Za-z0-9]*_(?![A-Za-z0-9])")
_CHALLENGED: Final = frozenset(
    {
        "digest",
        "dpop",
        "gnap",
        "hoba",
        "mutual",
        "negotiate",
        "scram-sha-1",
        "scram-sha-256",
        "vapid",
    }
)
"""HTTP schemes that answer a challenge or sign each request: a key alone is not enough."""

SchemeNames: TypeAlias = tuple[str, ...]
"""The schemes that one requirement asks for at once."""


@attrs.frozen
class Credentials:
    """The chosen schemes, as source."""

    expression: str
    """Source of how the client's key travels, with its names as tokens; so are those of `own`."""
    doc: str
    key_prefixes: str
    own: Mapping[str, str]
    """Expression by the place of each operation that takes other schemes, or none."""


def choose(api: Api) -> Credentials:
    """Return how the key travels.

    An operation that takes nothing but schemes that cannot be emitted is taken down.
    """
    wanted = {operation.at: _wanted(api, operation) for operation in api.operations}
    needing = {at: one for at, one in wanted.items() if one.alternatives}
    counts: dict[SchemeNames, int] = {}
    for one in needing.values():
        for names in one.alternatives:
            counts[names] = counts.get(names, 0) + 1
    if not needing and api.operations == ():
        # Without operations a scheme is still good documentation.
        counts = {(name,): 1 for name in api.security_schemes if _supported(api, (name,))}
    if not counts:
        said = "No operation of the document asks for a key, and none is sent."
        return Credentials(_NOTHING, said, "()", {})
    order = {name: number for number, name in enumerate(api.security_schemes)}
    main = min(counts, key=lambda one: (-counts[one], _rank_of(api, one), order.get(one[0], 0)))
    other = {
        at: _together(api, min(one.alternatives, key=partial(_rank_of, api)), one.optional)
        for at, one in needing.items()
        if main not in one.alternatives
    }
    public = {at: _NOTHING for at, one in wanted.items() if not one.alternatives}
    head, *others = _ordered(api, main)
    scheme = api.security_schemes[head]
    said = one_line(scheme.get("description"))
    if others:
        listed = ", ".join(f"`{name}`" for name in others)
        said = f"{said} `api_key` is `{head}`; `further_keys` holds {listed}.".strip()
    hint = "" if other else str(scheme.get("bearerFormat") or "")
    prefixes = literal(tuple(_PREFIX.findall(hint)))
    optional = bool(needing) and all(one.optional for one in needing.values())
    expression = _together(api, main, optional)
    return Credentials(expression, said, prefixes, {**other, **public})


@attrs.frozen
class _Wanted:
    """What opens an operation."""

    alternatives: tuple[SchemeNames, ...]
    """Sets of schemes, one of which is enough; none where no credential may go."""
    optional: bool = False
    """Whether it opens without any as well."""


def _wanted(api: Api, operation: Operation) -> _Wanted:
    """Return what an operation asks for."""
    requirements = api.security if operation.security is None else operation.security
    found = [tuple(requirement) for requirement in requirements if requirement]
    optional = len(found) < len(requirements)
    emitted = tuple(names for names in found if _supported(api, names))
    if found and not emitted and not optional:
        name = next(name for name in found[0] if not _supported(api, (name,)))
        api.document.wrong(
            f"{operation.title} takes the security scheme {name} "
            f"({api.security_schemes[name].get('scheme')}) alone, which answers a challenge with "
            "more than a key",
            pointers.join(operation.at, "security"),
            "Let bearer, basic, an apiKey, oauth2, openIdConnect or mutualTLS be enough",
            "challenge-security",
        )
        # From here on, and in the document that is handed out, it asks for nothing.
        api.document.at(operation.at)["security"] = []
        return _Wanted(())
    return _Wanted(emitted, optional)


def _together(api: Api, names: SchemeNames, optional: bool) -> str:
    """Return the source of a requirement: the key's scheme, with the others beside it."""
    head, *others = _ordered(api, names)
    rest = "".join(
        f"{_expression(api.security_schemes[name], f'key={literal(name)}')}, " for name in others
    )
    return _expression(
        api.security_schemes[head],
        f"also=({rest.strip()})" if rest else "",
        "optional=True" if optional else "",
    )


def _ordered(api: Api, names: SchemeNames) -> list[str]:
    """Return the schemes of a requirement, the one of the key first."""
    return sorted(
        names, key=lambda name: (_rank(api.security_schemes[name]), not _secret(api, name))
    )


def _secret(api: Api, name: str) -> bool:
    words = f"{name} {api.security_schemes[name].get('name')}".lower()
    return any(word in words for word in ("secret", "token", "password", "apikey", "api-key"))


def _rank_of(api: Api, names: SchemeNames) -> tuple[int, int]:
    return len(names), max(_rank(api.security_schemes[name]) for name in names)


def _rank(scheme: Mapping[str, Any]) -> int:
    kind = scheme.get("type")
    if kind == "http":
        return 0 if str(scheme.get("scheme")).lower() == "bearer" else 3
    if kind == "apiKey":
        return 1 if scheme.get("in") == "header" else 4
    return 2


def _supported(api: Api, names: SchemeNames) -> bool:
    schemes = [api.security_schemes.get(name) or {} for name in names]
    return all(
        str(scheme.get("scheme")).lower() not in _CHALLENGED
        for scheme in schemes
        if scheme.get("type") == "http"
    )


def _expression(scheme: Mapping[str, Any], *more: str) -> str:
    kind = scheme.get("type")
    if kind == "mutualTLS":
        return _credentials(literal("nowhere"), *more)
    if kind == "apiKey":
        place, name = str(scheme["in"]), str(scheme["name"])
        blank = literal("") if place == "header" else ""
        return _credentials(literal(place), literal(name), blank, *more)
    if kind == "http" and str(scheme.get("scheme")).lower() != "bearer":
        word = str(scheme.get("scheme"))
        word = "Basic" if word.lower() == "basic" else word
        return _credentials(f"scheme={literal(word)}", *more)
    # OAuth 2 and OpenID Connect end in a bearer token as well (RFC 6750).
    return _credentials(*more)


def _credentials(*arguments: str) -> str:
    """Return the source of credentials; empty arguments are left out."""
    listed = ", ".join(argument for argument in arguments if argument)
    return f"{of_runtime('Credentials')}({listed})"


_NOTHING: Final = _credentials(literal("nowhere"))
"""What sends no credential at all."""
