"""What is different for users, gathered: of what is told of one thing the worst stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from generator.compare.rules import RULES, VERDICTS, Section, Verdict, Way
from generator.read.position import Position


@attrs.frozen(slots=True)
class Change:
    """One thing that is different for users of the emitted package."""

    verdict: Verdict
    rule: str
    """Which rule decided, such as ``argument-removed``."""
    subject: str
    """What changed, in Python terms: ``create_refund(amount)``, ``Refund.status``."""
    what: str
    """What happened to it: the rest of a sentence that begins with the subject."""
    advice: str = ""
    """What users have to do; empty when that is nothing."""
    section: Section = "Changed"
    """Where a changelog lists it (keepachangelog.com 1.1)."""
    position: Position | None = None
    """Where the new document says so, or the old one where the new is silent."""
    used_by: tuple[str, ...] = ()
    """Methods and events that hand it over or take it."""
    now: str = ""
    """What it is now, where that is its name or its type."""

    @property
    def sentence(self) -> str:
        """Subject and what happened, as Markdown."""
        return f"`{self.subject}` {self.what}"


def change(
    name: str,
    subject: str,
    what: str,
    position: Position,
    *,
    way: Way = "sent",
    now: str = "",
    used_by: tuple[str, ...] = (),
) -> Change:
    """Return a change, with what the table says of it.

    Args:
        name: the rule, and after a colon its case, as `rules.RULES` names them.
        way: how the values of the place travel, where the rule makes a difference of it.
        now: what the subject is now, for the advice.
    """
    rule = RULES[name]
    meaning = getattr(rule, way)
    return Change(
        meaning.verdict,
        name.partition(":")[0],
        subject,
        what,
        meaning.advice.format(now=now),
        rule.section,
        position,
        used_by,
        now,
    )


class Findings:
    """All changes found so far; of several verdicts on one thing the worst stays."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str, str], Change] = {}
        self.renamed: dict[str, str] = {}
        """Old names of models to new ones."""

    def add(self, change: Change) -> None:
        """Take a change in."""
        if change.rule == "model-renamed":
            if change.subject in self.renamed:
                return
            self.renamed[change.subject] = change.now
        # A class that is sent and received is looked at from both sides.
        rule = RULES[change.rule]
        key = (rule.family or change.rule, change.subject, "" if rule.once else change.what)
        known = self._changes.get(key)
        if known is None:
            self._changes[key] = change
        else:
            worst = min((known, change), key=lambda one: VERDICTS.index(one.verdict))
            used = tuple(dict.fromkeys((*known.used_by, *change.used_by)))
            self._changes[key] = attrs.evolve(worst, used_by=used)

    def __contains__(self, subject: str) -> bool:
        return any(change.subject == subject for change in self)

    def __iter__(self) -> Iterator[Change]:
        return iter(self._changes.values())

    def touched(self, subject: str) -> bool:
        """Return whether anything about a subject, or a part of it, is known to have changed."""
        parts = (subject + "(", subject + ".")
        return any(change.subject == subject or change.subject.startswith(parts) for change in self)

    def sorted(self) -> list[Change]:
        """Return all changes, worst first, each verdict in the order they were found."""
        return sorted(self, key=lambda change: VERDICTS.index(change.verdict))


def grouped(changes: Iterable[Change], most: int = 3) -> list[Change]:
    """Return the changes with those told once that one line of the document made in many places."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        key = (change.verdict, change.rule, change.what, change.advice, change.position)
        groups.setdefault(key, []).append(change)
    found: list[Change] = []
    for group in groups.values():
        if len(group) <= most:
            found.extend(group)
        else:
            others = tuple(change.subject for change in group[1:])
            used = tuple(dict.fromkeys((*others, *group[0].used_by)))
            found.append(attrs.evolve(group[0], used_by=used))
    return found
