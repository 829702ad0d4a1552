"""The report on a step between two documents: text, Markdown, JSON, changelog, next version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import attrs

from generator.compare.changes import Change
from generator.compare.rules import VERDICTS, Section, Verdict
from generator.text.literal import plain

_SECTIONS: Final[tuple[Section, ...]] = ("Added", "Changed", "Deprecated", "Removed", "Security")

_HEADINGS: Final[dict[Verdict, str]] = {
    "breaking": "Breaking",
    "additive": "Additive",
    "documentation": "Documentation",
}


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
