"""What changed between two documents, as a report: verdicts, version, changelog."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, TypeAlias

import attrs

from generator.docs import plain
from generator.source import Position

Verdict: TypeAlias = Literal["breaking", "additive", "documentation"]

VERDICTS: Final[tuple[Verdict, ...]] = ("breaking", "additive", "documentation")
"""Worst first."""

Section: TypeAlias = Literal["Added", "Changed", "Deprecated", "Removed", "Security"]
_SECTIONS: Final[tuple[Section, ...]] = ("Added", "Changed", "Deprecated", "Removed", "Security")

_HEADINGS: Final[dict[Verdict, str]] = {
    "breaking": "Breaking",
    "additive": "Additive",
    "documentation": "Documentation",
}


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


@attrs.frozen(slots=True)
class Report:
    """All changes between two documents, worst first."""

    old: str
    """What messages call the old document."""
    new: str
    changes: tuple[Change, ...]

    def of(self, verdict: Verdict) -> tuple[Change, ...]:
        """Return the changes with one verdict, in the order of the document."""
        return tuple(change for change in self.changes if change.verdict == verdict)

    @property
    def verdict(self) -> Verdict | None:
        """The worst verdict; None when nothing changed."""
        return next((verdict for verdict in VERDICTS if self.of(verdict)), None)

    def next_version(self, version: str) -> str:
        """Return the version that the new document asks for (semver.org 2.0, 4 and 6 to 8).

        From 1.0 on breaking changes raise the major number and additions the minor one. Before,
        the minor number stands for the major one, and the patch for all the rest.
        """
        core = version.partition("-")[0].partition("+")[0]
        major, minor, patch = (int(part) for part in [*core.split("."), "0", "0"][:3])
        verdict = self.verdict
        if verdict is None:
            return version
        if major == 0:
            return f"0.{minor + 1}.0" if verdict == "breaking" else f"0.{minor}.{patch + 1}"
        if verdict == "breaking":
            return f"{major + 1}.0.0"
        if verdict == "additive":
            return f"{major}.{minor + 1}.0"
        return f"{major}.{minor}.{patch + 1}"

    def changelog(self, version: str) -> str:
        """Return a draft for the changelog (keepachangelog.com 1.1), in Markdown."""
        lines = [f"## [{self.next_version(version)}] - Unreleased"]
        for section in _SECTIONS:
            entries = [
                change
                for change in self.changes
                if change.section == section and change.verdict != "documentation"
            ]
            if entries:
                lines.extend(("", f"### {section}"))
                lines.extend(_entry(change) for change in entries)
        if self.verdict == "documentation":
            lines.extend(("", "### Changed", "- Documentation."))
        return "\n".join(lines) + "\n"

    def text(self, version: str) -> str:
        """Return the report for a terminal."""
        if not self.changes:
            return f"{self.new}: nothing changed for users since {self.old}.\n"
        lines = [f"{self.new} against {self.old}: {self.summary()}."]
        for verdict in VERDICTS:
            changes = self.of(verdict)
            if not changes:
                continue
            lines.extend(("", f"{_HEADINGS[verdict]}:"))
            for change in changes:
                where = f" [{change.position}]" if change.position else ""
                lines.append(f"  {change.subject} {change.what}.{where}")
                if change.advice:
                    lines.append(f"      {change.advice}.")
                if change.used_by:
                    lines.append(f"      In {_listed(change.used_by)}.")
        lines.extend(("", f"Version: {version} -> {self.next_version(version)}", ""))
        lines.append("Changelog draft:")
        lines.extend(f"  {line}".rstrip() for line in self.changelog(version).splitlines())
        return plain("\n".join(lines)) + "\n"

    def summary(self) -> str:
        """Return how many changes there are, by verdict."""
        counts = [f"{len(self.of(verdict))} {verdict}" for verdict in VERDICTS if self.of(verdict)]
        return ", ".join(counts) or "no changes"

    def markdown(self, version: str) -> str:
        """Return the report as a comment on a merge request."""
        if not self.changes:
            return "**What this means for users:** nothing changes.\n"
        lines = [
            f"**What this means for users:** {self.summary()}. "
            f"Version {version} becomes **{self.next_version(version)}**.",
        ]
        for verdict in VERDICTS:
            changes = self.of(verdict)
            if not changes:
                continue
            opened = " open" if verdict == "breaking" else ""
            lines.extend(
                (
                    "",
                    f"<details{opened}><summary>{_HEADINGS[verdict]} ({len(changes)})</summary>",
                    "",
                )
            )
            for change in changes:
                advice = f" {change.advice}." if change.advice else ""
                where = f" ({change.position})" if change.position else ""
                lines.append(f"- {change.sentence}.{advice}{where}")
            lines.extend(("", "</details>"))
        lines.extend(("", "<details><summary>Changelog draft</summary>", "", "```markdown"))
        lines.extend(self.changelog(version).rstrip().splitlines())
        lines.extend(("```", "", "</details>"))
        return plain("\n".join(lines)) + "\n"

    def data(self, version: str) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "old": self.old,
            "new": self.new,
            "verdict": self.verdict,
            "version": version,
            "next_version": self.next_version(version),
            "changes": [
                {
                    "verdict": change.verdict,
                    "rule": change.rule,
                    "subject": change.subject,
                    "what": change.what,
                    "advice": change.advice,
                    "section": change.section,
                    "file": change.position.file if change.position else None,
                    "line": change.position.line if change.position else None,
                    "used_by": list(change.used_by),
                }
                for change in self.changes
            ],
        }

    def json(self, version: str) -> str:
        """Return the report as JSON."""
        return json.dumps(self.data(version), indent=2, ensure_ascii=True) + "\n"


def _entry(change: Change) -> str:
    mark = "**Breaking:** " if change.verdict == "breaking" else ""
    advice = f" {change.advice}." if change.advice else ""
    return f"- {mark}{change.sentence}.{advice}"


def _listed(names: Sequence[str], most: int = 4) -> str:
    shown = [f"{name}" for name in names[:most]]
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 else shown[0]


_FAMILIES: Final = {
    "field-required-added": "field-added",
    "type-widened": "type-changed",
    "type-narrowed": "type-changed",
    "limit-loosened": "limit",
    "limit-tightened": "limit",
    "closed": "extras",
    "open": "extras",
}
_ONE_OF_A_KIND: Final = frozenset({"field-added", "extras"})


class Collector:
    """Gathers changes; of several verdicts on one thing the worst stays."""

    def __init__(self) -> None:
        self._changes: dict[tuple[str, str, str], Change] = {}

    def add(self, change: Change) -> None:
        """Take a change in."""
        # A class that is sent and received is looked at from both sides.
        family = _FAMILIES.get(change.rule, change.rule)
        what = "" if family in _ONE_OF_A_KIND else change.what
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
