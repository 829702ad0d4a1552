"""Who may call, with which credentials, and where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from generator.compare.changes import change
from generator.compare.schemas.pair import Found
from generator.compare.surface import Method, Step, Surface
from generator.compare.wording import WORDS
from generator.read import pointer as pointers
from generator.understand.api import Operation

_Requirement: TypeAlias = Mapping[str, Sequence[str]]
_BASE = "Config.api_base"


def requirements(step: Step, old: Method, new: Method) -> Found:
    """Compare the credentials that a method asks for."""
    before = _requirements_of(step.old, old.operation)
    after = _requirements_of(step.new, new.operation)
    if before == after:
        return
    own = "security" in new.operation.facts
    at = step.is_(pointers.join(new.operation.at, "security") if own else "/security")
    subject = new.name if own or "security" in old.operation.facts else step.new.brand.client
    if all(any(_covers(other, one) for other in after) for one in before):
        what = f"authenticates by {_ways(after)}, by {_ways(before)} before"
        yield change("security-loosened", subject, what, at)
    else:
        what = f"authenticates by {_ways(after)} now, by {_ways(before)} before"
        yield change("security-tightened", subject, what, at)


def _requirements_of(surface: Surface, operation: Operation) -> list[_Requirement]:
    """Return the ways to authenticate; an empty one stands for none at all."""
    given = surface.api.security if operation.security is None else operation.security
    return list(given) or [{}]


def _covers(new: _Requirement, old: _Requirement) -> bool:
    """Return whether what was enough for the old requirement is enough for the new one."""
    return all(name in old and set(scopes) <= set(old[name]) for name, scopes in new.items())


def _ways(requirements: Sequence[_Requirement]) -> str:
    """Return sets of credentials in words."""
    ways = []
    for one in requirements:
        parts = [
            f"{name} ({', '.join(scopes)})" if scopes else name for name, scopes in one.items()
        ]
        ways.append(" and ".join(parts) or "nothing")
    return " or ".join(ways)


def schemes(step: Step) -> Found:
    """Compare the kinds of credentials that there are."""
    before, after = step.old.api.security_schemes, step.new.api.security_schemes
    for name, scheme in before.items():
        at = pointers.join("/components/securitySchemes", name)
        if name not in after:
            what = f"cannot authenticate by `{name}` any more"
            yield change("security-scheme-removed", step.new.brand.client, what, step.was(at))
        elif _without_words(scheme) != _without_words(after[name]):
            what = f"authenticates by `{name}` in another way"
            yield change("security-scheme-changed", step.new.brand.client, what, step.is_(at))
        elif scheme.get("bearerFormat") != after[name].get("bearerFormat"):
            what = f"takes keys of another form: {after[name].get('bearerFormat') or 'any'}"
            yield change("key-form-changed", step.new.brand.client, what, step.is_(at))
    for name in after:
        if name not in before:
            at = pointers.join("/components/securitySchemes", name)
            what = f"knows the security scheme `{name}`"
            yield change("security-scheme-added", step.new.brand.client, what, step.is_(at))


def _without_words(value: Mapping[str, Any]) -> str:
    """Return what a security scheme asks for, its descriptions left out."""
    kept = {key: item for key, item in value.items() if key not in (*WORDS, "bearerFormat")}
    return json.dumps(kept, sort_keys=True)


def brands(step: Step) -> Found:
    """Compare what clients, their error and the environment's variables are called."""
    was, is_ = step.old.brand, step.new.brand
    at = step.is_("/info/title")
    for old, new in (
        (was.client, is_.client), (was.async_client, is_.async_client), (was.error, is_.error)
    ):  # fmt: skip
        if old != new:
            yield change("client-renamed", old, f"is called {new} now", at, now=new)
    if was.environment != is_.environment:
        old, new = f"{was.environment}_API_KEY", f"{is_.environment}_API_KEY"
        what = f"is called {new} now, and the other variables likewise"
        yield change("environment-renamed", old, what, at, now=new)


def servers(step: Step) -> Found:
    """Compare where the API is."""
    was, is_ = step.old.package.server, step.new.package.server
    if was != is_:
        what = f"is `{is_}` by default now, `{was}` before"
        yield change("server-changed", _BASE, what, step.is_("/servers/0/url"))
    before, after = (
        [str(server.get("url")) for server in surface.api.servers]
        for surface in (step.old, step.new)
    )
    # The first one is the default, which is compared already.
    for index, url in enumerate(before):
        if url not in after and index:
            at = step.was(f"/servers/{index}")
            yield change("server-removed", _BASE, f"should not be `{url}` any more", at)
    for index, url in enumerate(after):
        if url not in before and index:
            yield change("server-added", _BASE, f"may be `{url}`", step.is_(f"/servers/{index}"))


def operation_servers(step: Step, old: Method, new: Method) -> Found:
    """Compare where a single method is called."""
    was, is_ = ([one.get("url") for one in each.operation.servers] for each in (old, new))
    if was != is_:
        what = f"goes to {is_[0] if is_ else 'the usual server'} now"
        at = step.is_(new.operation.at)
        yield change("server-changed: of one call", new.name, what, at)
