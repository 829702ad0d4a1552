"""`python -m generator`: generate, check, accept and diff."""

from __future__ import annotations

import argparse
import keyword
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from generator.compare import review
from generator.emit import ROOT, Emitted, decide, emit
from generator.pages import tree as pages
from generator.read import accepted, report
from generator.read.document import Document, DocumentError
from generator.read.findings import Findings
from generator.read.load import read_document
from generator.write import drift
from generator.write.disk import read, write
from generator.write.formatter import FormatterError

DOCUMENT: Final = ROOT / "openapi" / "molam.yaml"
OUTPUT: Final = ROOT / "molam_sdk"
PAGES: Final = ROOT / "docs" / "api"
"""Where people read about our own document."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; return the exit status: 0, 1 for a finding, 2 for a wrong call."""
    words = list(arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words.insert(0, "generate")
    given = _parser().parse_args(words)
    try:
        return _COMMANDS[given.command](given)
    except DocumentError as error:
        _refuse(error, given)
    except FormatterError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        where = error.filename or getattr(given, "output", "generator")
        print(f"{where}: {error.strerror or error}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m generator",
        description="Turn an OpenAPI document into a Python package.",
        epilog="Without a command: generate. All that is wrong with a document is listed at once; "
        "`accept DOCUMENT` writes down beside it what is to be lived with, for review.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, said in (
        ("generate", "emit the package"),
        ("check", "tell whether the package is what would be emitted, and if not, why"),
    ):
        command = commands.add_parser(name, help=said, description=said)
        command.add_argument(
            "--document",
            type=Path,
            default=DOCUMENT,
            metavar="FILE",
            help="the OpenAPI document (default: openapi/molam.yaml)",
        )
        command.add_argument(
            "--output",
            type=Path,
            default=OUTPUT,
            metavar="DIR",
            help="the package folder; its name is the import name (default: molam_sdk)",
        )
        command.add_argument("--json", action="store_true", help="list what is wrong as JSON")
        _add_overlay(command)
    said = "write down the mistakes of a document that are to be lived with"
    command = commands.add_parser(
        "accept",
        help=f"{said}: DOCUMENT.accepted.yaml, for review",
        description=f"{said.capitalize()}, in a file beside it: rule, place and reason of each. "
        "Reasons that were given stay; what is no mistake any more goes.",
    )
    command.add_argument("document", type=Path, metavar="DOCUMENT", help="the OpenAPI document")
    _add_overlay(command)
    said = "tell what a change of the document means for users"
    command = commands.add_parser("diff", help=said, description=said)
    review.add_arguments(command)
    _add_overlay(command)
    return parser


def _add_overlay(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--overlay",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an OpenAPI Overlay that patches the document first; may be given several times",
    )


def _read(given: argparse.Namespace) -> Document:
    document = read_document(given.document, name=_shown(given.document), overlays=given.overlay)
    given.findings = document.findings
    return document


def _emitted(given: argparse.Namespace) -> Emitted:
    package = given.output.resolve().name
    if not package.isidentifier() or keyword.iskeyword(package):
        raise DocumentError(
            f"The folder {package!r} cannot be imported by that name",
            None,
            "Let --output end in a Python name, such as acme_sdk",
        )
    document = _read(given)
    emitted = emit(document, package)
    if given.json:
        print(report.as_json([], document.findings))
    elif found := document.findings.warnings:
        print(report.warnings(found), file=sys.stderr)
    return emitted


def _is_ours(given: argparse.Namespace) -> bool:
    """Tell whether it is our own document, which has pages, and not patched."""
    return bool((given.document, given.output, given.overlay) == (DOCUMENT, OUTPUT, []))


def _refuse(error: DocumentError, given: argparse.Namespace) -> None:
    """Print all that is wrong."""
    errors = report.each(error)
    findings: Findings | None = getattr(given, "findings", None)
    if getattr(given, "json", False) and given.command != "diff":
        print(report.as_json(errors, findings))
        return
    print(report.text(errors, str(getattr(given, "document", ""))), file=sys.stderr)
    if findings and (found := findings.warnings):
        print(report.warnings(found), file=sys.stderr)


def _generate(given: argparse.Namespace) -> int:
    output: Path = given.output.resolve()
    if output.exists() and not output.is_dir():
        print(f"{given.output}: is a file, a folder is needed", file=sys.stderr)
        return 1
    if output.is_dir() and any(output.iterdir()) and not (output / "openapi.json").exists():
        print(
            f"{given.output}: holds files that no generator wrote; name an empty folder or a new "
            "one",
            file=sys.stderr,
        )
        return 1
    emitted = _emitted(given)
    if read(output) != emitted.tree:
        write(emitted.tree, output)
    if _is_ours(given) and read(PAGES) != (paged := pages.pages(emitted.api, emitted.view)):
        write(paged, PAGES)
    if not given.json:
        review.announce(given.document, _shown(given.document), given.overlay)
    return 0


def _check(given: argparse.Namespace) -> int:
    emitted = _emitted(given)
    output: Path = given.output.resolve()
    said = [drift.explain(read(output), emitted.tree, emitted.inputs, _shown(output))]
    if _is_ours(given):
        paged = pages.pages(emitted.api, emitted.view)
        said.append(pages.difference(read(PAGES), paged, _shown(PAGES)))
    for text in filter(None, said):
        print(text, file=sys.stderr)
    return 1 if any(said) else 0


def _accept(given: argparse.Namespace) -> int:
    document = _read(given)
    findings = document.findings
    with findings.collect():
        decide(document)
    path = accepted.path_of(given.document)
    text = accepted.written(findings, given.document.name)
    if text:
        path.write_text(text, encoding="utf-8")
        count = text.count("\n  - rule: ")
        print(f"{path}: {count} accepted; review them, and say why in each reason")
    else:
        path.unlink(missing_ok=True)
        print(f"{given.document}: there is nothing to accept")
    left = [error for error in findings.mistakes if not error.rule.acceptable]
    # What the file itself says wrong is written anew.
    left = [error for error in left if error.rule.name != "accepted-file"]
    if left:
        print(report.text(left, str(given.document)), file=sys.stderr)
    return 1 if left else 0


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], int]]] = {
    "generate": _generate,
    "check": _check,
    "accept": _accept,
    "diff": review.run,
}


def _shown(path: Path) -> str:
    """Return a path as messages and emitted files show it: below the checkout where it is."""
    try:
        return path.resolve().relative_to(ROOT).as_posix()
    except ValueError:
        return path.name
