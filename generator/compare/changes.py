"""What changed between two documents, as a report: verdicts, version, changelog."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from generator.compare.rules import FAMILIES, ONE_OF_A_KIND, VERDICTS, Section, Verdict
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

    @property
    def sentence(self) -> str:
        """Subject and what happened, as Markdown."""
        return f"`{self.subject}` {self.what}"


class Collector:
    """Gathers changes; of several verdicts on one thing the worst stays."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str, str], Change] = {}

    def add(self, change: Change) -> None:
        """Take a change in."""
        # A class that is sent and received is looked at from both sides.
        family = FAMILIES.get(change.rule, change.rule)
        what = "" if family in ONE_OF_A_KIND else change.what
        key = (family, change.subject, what)
        known = self._changes.get(key)
        if known is None:
            self._changes[key] = change
        else:
            worst = min((known, change), key=lambda one: VERDICTS.index(one.verdict))
            used = tuple(dict.fromkeys((*known.used_by, *change.used_by)))
            self._changes[key] = attrs.evolve(worst, used_by=used)

    def __contains__(self, subject: str) -> bool:
        return any(change.subject == subject for change in self._changes.values())

    def touched(self, prefix: str) -> bool:
        """Return whether anything about a subject, or a part of it, is known to have changed."""
        return any(
            change.subject == prefix or change.subject.startswith((prefix + "(", prefix + "."))
            for change in self._changes.values()
        )

    def sorted(self) -> list[Change]:
        """Return all changes, worst first, each verdict in the order they were found."""
        found = list(self._changes.values())
        return sorted(found, key=lambda change: VERDICTS.index(change.verdict))


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
