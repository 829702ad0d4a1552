"""`python -m generator`: generate, check and diff."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from generator.document import Document, DocumentError
from generator.emit import ROOT, emit
from generator.render import FormatterError
from generator.write import write

DOCUMENT: Final = ROOT / "openapi" / "molam.yaml"
OUTPUT: Final = ROOT / "molam_sdk"


def run(arguments: Sequence[str]) -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m generator", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    for name, said in (
        ("generate", "emit the package (the default)"),
        ("check", "tell whether the package is what would be emitted"),
    ):
        command = commands.add_parser(name, help=said)
        command.add_argument("--document", type=Path, default=DOCUMENT)
        command.add_argument("--output", type=Path, default=OUTPUT)
    words = list(arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words.insert(0, "generate")
    given = parser.parse_args(words)
    try:
        document = Document.load(given.document, name=_shown(given.document))
        write(emit(document, given.output.resolve().name), given.output)
    except (DocumentError, FormatterError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _shown(path: Path) -> str:
    """Return a path as messages and emitted files show it: below the checkout where it is."""
    try:
        return path.resolve().relative_to(ROOT).as_posix()
    except ValueError:
        return path.name
