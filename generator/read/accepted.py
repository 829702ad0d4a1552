"""The file of accepted mistakes, beside the document that they are in.

It names each by rule and place, with the reason why it is lived with. It is written for review:
sorted, an entry a mistake, so that a new one is a line in a diff.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from generator.read import pointer as pointers
from generator.read.findings import Accepted, Findings
from generator.read.position import DocumentError
from generator.read.rules import ORDER, RULES
from generator.read.source import Source, read

_KEYS: Final = ("rule", "pointer", "reason")


def path_of(document: Path) -> Path:
    """Return where the accepted mistakes of a document stand: ``shop.accepted.yaml``."""
    return document.with_name(f"{document.stem}.accepted.yaml")


def load(document: Path, name: str, findings: Findings) -> Source | None:
    """Read the accepted mistakes of a document into its findings; None where there are none.

    Raises:
        DocumentError: the file cannot be read.
    """
    path = path_of(document)
    if not path.is_file():
        return None
    source = read(path, str(Path(name).with_name(path.name)))
    for problem in source.problems:
        findings.add(problem)
    listed = source.data.get("accepted") if isinstance(source.data, dict) else None
    if not isinstance(listed, list) or set(source.data) != {"accepted"}:
        raise _wrong(source, "", "The file of accepted mistakes is not a list under `accepted`")
    for index, entry in enumerate(listed):
        with findings.collect():
            one = _entry(entry, source, f"/accepted/{index}")
            known = findings.accepted.setdefault((one.rule, one.address), one)
            if known is not one:
                raise _wrong(source, f"/accepted/{index}", f"{one.rule} is accepted twice there")
    return source


def _entry(entry: Any, source: Source, at: str) -> Accepted:
    if (
        not isinstance(entry, Mapping)
        or set(entry) != set(_KEYS)
        or not all(isinstance(entry[key], str) and entry[key].strip() for key in _KEYS)
    ):
        raise _wrong(source, at, "An accepted mistake has a rule, a pointer and a reason, as text")
    rule = RULES.get(entry["rule"])
    if rule is None or not rule.acceptable:
        why = "is no rule" if rule is None else "is no mistake that can be accepted"
        raise _wrong(source, f"{at}/rule", f"{entry['rule']} {why}")
    return Accepted(entry["rule"], entry["pointer"], entry["reason"], source.position(at))


def _wrong(source: Source, at: str, what: str) -> DocumentError:
    return DocumentError(
        what,
        source.position(at),
        "Let `python -m generator accept` write the file, and correct the reasons alone",
        "accepted-file",
        f"{source.name}#{at}",
    )


def written(findings: Findings, name: str) -> str:
    """Return the file that accepts what can be accepted; reasons that were given stay."""
    entries: dict[tuple[str, str], str] = {}
    for error in [*findings.mistakes, *findings.lived_with]:
        if error.rule.acceptable:
            known = findings.accepted.get((error.rule.name, error.address))
            reason = known.reason if known else f"{error.what} {error.rule.living}."
            entries.setdefault((error.rule.name, error.address), reason)
    return "".join(_lines(entries, name)) if entries else ""


def _lines(entries: Mapping[tuple[str, str], str], name: str) -> Iterator[str]:
    yield f"# Mistakes of {name} that its package lives with: which, where, and why.\n"
    yield "# `python -m generator accept` writes this file. Review what it adds, and say why.\n"
    yield "accepted:\n"
    for (rule, address), reason in sorted(entries.items(), key=_order):
        yield f"  - rule: {rule}\n"
        yield f"    pointer: {_quoted(address)}\n"
        yield f"    reason: {_quoted(reason)}\n"


def _order(entry: tuple[tuple[str, str], str]) -> tuple[int, Any]:
    (rule, address), _ = entry
    return ORDER[rule], pointers.order(address)


def _quoted(text: str) -> str:
    """Return a text as YAML; JSON's quotes are YAML's too."""
    return json.dumps(text, ensure_ascii=False)
