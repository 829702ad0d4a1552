"""`python -m generator`: generate, check and diff."""

from __future__ import annotations

import argparse
import keyword
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from generator.compare import review
from generator.emit import ROOT, Emitted, emit
from generator.read.document import DocumentError
from generator.read.load import load_document
from generator.write import drift
from generator.write.disk import read, write
from generator.write.formatter import FormatterError

DOCUMENT: Final = ROOT / "openapi" / "molam.yaml"
OUTPUT: Final = ROOT / "molam_sdk"


def run(arguments: Sequence[str]) -> int:
    """Run one command; return the exit status: 0, 1 for a finding, 2 for a wrong call."""
    words = list(arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words.insert(0, "generate")
    given = _parser().parse_args(words)
    try:
        if given.command == "diff":
            return review.run(given)
        if given.command == "check":
            return _check(given)
        return _generate(given)
    except (DocumentError, FormatterError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        where = error.filename or getattr(given, "output", "generator")
        print(f"{where}: {error.strerror or error}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m generator",
        description="Turn an OpenAPI document into a Python package.",
        epilog="Without a command: generate.",
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
    said = "tell what a change of the document means for users"
    command = commands.add_parser("diff", help=said, description=said)
    review.add_arguments(command)
    return parser


def _emitted(given: argparse.Namespace) -> Emitted:
    package = given.output.resolve().name
    if not package.isidentifier() or keyword.iskeyword(package):
        raise DocumentError(
            f"The folder {package!r} cannot be imported by that name",
            None,
            "Let --output end in a Python name, such as acme_sdk",
        )
    document = load_document(given.document, name=_shown(given.document))
    return emit(document, package)


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
    review.announce(given.document, _shown(given.document))
    return 0


def _check(given: argparse.Namespace) -> int:
    emitted = _emitted(given)
    output: Path = given.output.resolve()
    said = drift.explain(read(output), emitted.tree, emitted.inputs, _shown(output))
    if said:
        print(said, file=sys.stderr)
        return 1
    return 0


def _shown(path: Path) -> str:
    """Return a path as messages and emitted files show it: below the checkout where it is."""
    try:
        return path.resolve().relative_to(ROOT).as_posix()
    except ValueError:
        return path.name
