"""What a difference is called, and what it means for those who send such values or receive them.

What is sent may only become freer, what is received only stricter: then programs that worked go on
working. Reading checks nothing, so constraints on what is received are documentation; names, types,
and whether a value is there, are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final, Literal, NamedTuple, TypeAlias

import attrs

Verdict: TypeAlias = Literal["breaking", "additive", "documentation"]

VERDICTS: Final[tuple[Verdict, ...]] = ("breaking", "additive", "documentation")
"""Worst first."""

Section: TypeAlias = Literal["Added", "Changed", "Deprecated", "Removed", "Security"]

Way: TypeAlias = Literal["sent", "received"]
"""How the values of a place travel, as callers see it."""


class Meaning(NamedTuple):
    """What a difference is to callers."""

    verdict: Verdict
    advice: str = ""
    """What they have to do; ``{now}`` stands for what the thing is now. Empty for nothing."""


@attrs.frozen
class Rule:
    """One kind of difference."""

    sent: Meaning
    received: Meaning
    section: Section
    """Where a changelog lists it (keepachangelog.com 1.1)."""
    family: str
    """Rules of one family tell the same of a subject: the worst verdict stays. Empty for none."""
    once: bool
    """Whether that holds whatever is told, and not only where the same is told."""


def _rule(
    sent: Meaning,
    received: Meaning | None = None,
    section: Section = "Changed",
    *,
    family: str = "",
    once: bool = False,
) -> Rule:
    return Rule(sent, received or sent, section, family, once)


def _breaking(advice: str = "") -> Meaning:
    return Meaning("breaking", advice)


_ADDITIVE: Final = Meaning("additive")
_DOCUMENTATION: Final = Meaning("documentation")
_ON_THE_WIRE: Final = _breaking("Nothing in calls; update what looks at requests, such as tests")
_WRITE: Final = _breaking("Write {now}")
_TIGHTER: Final = _breaking("Send values that fit")
_CREDENTIALS: Final = _breaking("Check the credentials that you give it")

RULES: Final[Mapping[str, Rule]] = {
    # Methods
    "method-added": _rule(_ADDITIVE, section="Added"),
    "method-removed": _rule(_breaking("Do without it"), section="Removed"),
    "method-renamed": _rule(_breaking("Call {now}")),
    "path-changed": _rule(_breaking("Update what matches the path, such as allow lists and tests")),
    "path-changed: of a call with a key": _rule(
        _breaking("Idempotency keys do not reach over: finish what is in flight first")
    ),
    "module-changed": _rule(
        _breaking("Import its function from there; the method of the clients stays")
    ),
    "deprecated": _rule(_ADDITIVE, section="Deprecated"),
    "deprecated: a method": _rule(
        Meaning("additive", "Look for what replaces it"), section="Deprecated"
    ),
    "not-deprecated": _rule(_ADDITIVE),
    "key-added": _rule(_ADDITIVE, section="Added"),
    "key-removed": _rule(
        _breaking("Look before you repeat a call whose fate is unknown"), section="Removed"
    ),
    # Arguments
    "argument-added": _rule(_ADDITIVE, section="Added"),
    "argument-required-added": _rule(_breaking("Give it in every call"), section="Added"),
    "argument-removed": _rule(_breaking("Do not give it"), section="Removed"),
    "argument-renamed": _rule(_WRITE),
    "argument-moved": _rule(_ON_THE_WIRE),
    "argument-required": _rule(_breaking("Give it in every call")),
    "argument-optional": _rule(_ADDITIVE),
    "wire-name-changed": _rule(_ON_THE_WIRE),
    "style-changed": _rule(_ON_THE_WIRE),
    "client-default": _rule(_breaking("Give it explicitly to be sure")),
    "client-default: of what had to be given": _rule(_ADDITIVE),
    "keyword-only": _rule(_breaking("Write {now}=")),
    "positional": _rule(_ADDITIVE),
    "order-changed": _rule(_breaking("Give them by name")),
    # Bodies, results, answers
    "body-type-added": _rule(_ADDITIVE, section="Added"),
    "body-type-removed": _rule(_breaking("Send another type"), section="Removed"),
    "body-type-removed: the last one": _rule(_breaking("Do not give it"), section="Removed"),
    "body-type-changed": _rule(_ON_THE_WIRE),
    "encoding-changed": _rule(_ON_THE_WIRE),
    "result-changed": _rule(_breaking("Expect {now}")),
    "page-changed": _rule(_breaking("Check code that pages by hand")),
    "page-changed: it comes": _rule(_breaking("Iterate over it")),
    "page-changed: it goes": _rule(_breaking("Ask for the next one yourself")),
    "status-added": _rule(_DOCUMENTATION),
    "status-removed": _rule(_DOCUMENTATION),
    "header-added": _rule(_ADDITIVE, section="Added"),
    "header-added: of a failure": _rule(_DOCUMENTATION, section="Added"),
    "header-removed": _rule(_breaking("Do without it"), section="Removed"),
    "header-removed: of a failure": _rule(_DOCUMENTATION, section="Removed"),
    # Events and models
    "event-added": _rule(_ADDITIVE, section="Added"),
    "event-removed": _rule(_breaking("Do not wait for it"), section="Removed"),
    "event-renamed": _rule(_breaking("Handle {now}")),
    "model-added": _rule(_ADDITIVE, section="Added"),
    "model-removed": _rule(_breaking("Do not import it"), section="Removed"),
    "model-renamed": _rule(_breaking("Import {now} instead")),
    # Fields
    "field-added": _rule(_ADDITIVE, section="Added", family="field-added", once=True),
    "field-required-added": _rule(
        _breaking("Send it"), _ADDITIVE, section="Added", family="field-added", once=True
    ),
    "field-removed": _rule(_breaking("Do without it"), section="Removed"),
    "field-renamed": _rule(_WRITE),
    "field-required": _rule(_breaking("Send it"), _ADDITIVE),
    "field-optional": _rule(_ADDITIVE, _breaking("Handle None")),
    "default-changed": _rule(_breaking("Give it explicitly to be sure"), _DOCUMENTATION),
    "read-only": _rule(_breaking("Leave it out"), _DOCUMENTATION),
    "not-read-only": _rule(_ADDITIVE, _DOCUMENTATION),
    "sensitive": _rule(_ADDITIVE, section="Security"),
    "not-sensitive": _rule(_breaking("Keep it out of your logs"), section="Security"),
    # Values
    "nullable": _rule(_ADDITIVE, _breaking("Handle None")),
    "not-nullable": _rule(_breaking("Leave it out"), _ADDITIVE),
    "type-changed": _rule(
        _breaking("Send {now}"), _breaking("Expect {now}"), family="type-changed"
    ),
    "type-changed: to another model": _rule(
        _breaking("Use the attributes of {now}"), family="type-changed"
    ),
    "type-changed: for no known reason": _rule(
        _breaking("Check what you do with it"), family="type-changed"
    ),
    "type-narrowed": _rule(_breaking("Send {now}"), _ADDITIVE, family="type-changed"),
    "type-widened": _rule(_ADDITIVE, _breaking("Expect {now}"), family="type-changed"),
    "type-widened: text to readers": _rule(_ADDITIVE, family="type-changed"),
    "format": _rule(_DOCUMENTATION),
    "value-added": _rule(_ADDITIVE, section="Added"),
    "value-added: to a constant": _rule(_breaking(), section="Added"),
    "value-removed": _rule(
        _breaking("Send another value"), _breaking("Do not wait for it"), section="Removed"
    ),
    "value-removed: of an open set": _rule(
        _DOCUMENTATION, _breaking("Do not wait for it"), section="Removed"
    ),
    "value-renamed": _rule(_breaking("Use {now}")),
    "value-renamed: of an open set": _rule(_DOCUMENTATION, _breaking("Use {now}")),
    "kind-added": _rule(_ADDITIVE, section="Added"),
    "kind-added: told apart by trial": _rule(_ADDITIVE, _breaking("Handle it"), section="Added"),
    "kind-removed": _rule(
        _breaking("Send another kind"), _breaking("Do not wait for it"), section="Removed"
    ),
    "tag-changed": _rule(_breaking("Check the types that you expect")),
    "limit-tightened": _rule(_TIGHTER, _DOCUMENTATION, family="limit"),
    "limit-loosened": _rule(_ADDITIVE, _DOCUMENTATION, family="limit"),
    "pattern-changed": _rule(_TIGHTER, _DOCUMENTATION),
    "pattern-removed": _rule(_ADDITIVE, _DOCUMENTATION),
    "rule-added": _rule(_breaking("See its documentation"), _DOCUMENTATION),
    "rule-removed": _rule(_ADDITIVE, _DOCUMENTATION),
    "closed": _rule(_breaking("Send declared ones only"), _ADDITIVE, family="extras", once=True),
    "open": _rule(_ADDITIVE, _breaking(), family="extras", once=True),
    "open: a model": _rule(_DOCUMENTATION, family="extras", once=True),
    "values-narrowed": _rule(_breaking("Send such values"), _ADDITIVE),
    "values-widened": _rule(_ADDITIVE, _breaking("Expect any values")),
    # Names of the package as a whole, credentials and servers
    "client-renamed": _rule(_breaking("Import {now} instead")),
    "environment-renamed": _rule(_breaking("Set {now} instead")),
    "security-tightened": _rule(_breaking("Give the client these credentials"), section="Security"),
    "security-loosened": _rule(_ADDITIVE, section="Security"),
    "security-scheme-added": _rule(_ADDITIVE, section="Security"),
    "security-scheme-removed": _rule(_breaking("Authenticate another way"), section="Security"),
    "security-scheme-changed": _rule(_CREDENTIALS, section="Security"),
    "key-form-changed": _rule(_breaking("Check the key that you give it"), section="Security"),
    "server-added": _rule(_ADDITIVE, section="Added"),
    "server-removed": _rule(_breaking("Use another server"), section="Removed"),
    "server-changed": _rule(_breaking("Give api_base to stay where you are")),
    "server-changed: of one call": _rule(_breaking("Let your network reach it")),
    # Words
    "text": _rule(_DOCUMENTATION),
    "rewritten": _rule(_DOCUMENTATION),
}
"""Every rule. What follows a colon is a case of it that means something else; reports leave it out."""


def table() -> Iterator[str]:
    """Yield the table of `docs/generator.md`: verdicts, and the rules that give them.

    Cases that differ from their rule in nothing but the advice are left out.
    """
    yield "| sent | received | what changed |"
    yield "| --- | --- | --- |"
    for verdicts in product(VERDICTS, repeat=2):
        names = [_shown(name) for name in RULES if _verdicts(name) == verdicts and _is_own(name)]
        if names:
            yield f"| {' | '.join((*verdicts, ', '.join(names)))} |"


def _verdicts(name: str) -> tuple[Verdict, Verdict]:
    return RULES[name].sent.verdict, RULES[name].received.verdict


def _is_own(name: str) -> bool:
    rule = name.partition(":")[0]
    return rule == name or _verdicts(rule) != _verdicts(name)


def _shown(name: str) -> str:
    rule, _, case = name.partition(": ")
    return f"`{rule}` ({case})" if case else f"`{rule}`"
