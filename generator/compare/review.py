"""`python -m generator diff`: what a change of the document means for users."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from generator import toml
from generator.read.document import Document, DocumentError
from generator.read.load import load_document

ROOT: Final = Path(__file__).resolve().parents[2]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of `diff`."""
    where = "a file, or REVISION:PATH for one of git, such as HEAD:openapi/molam.yaml"
    parser.add_argument("old", metavar="OLD", help=f"the document as it was: {where}")
    parser.add_argument("new", metavar="NEW", help="the document as it is: the same")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the report as JSON")
    form.add_argument("--markdown", action="store_true", help="print it as a comment for CI")
    form.add_argument("--changelog", action="store_true", help="print the changelog draft alone")
    parser.add_argument(
        "--fail-on",
        choices=("breaking", "additive"),
        help="exit 1 when a change is as bad as this or worse",
    )
    parser.add_argument(
        "--packages",
        action="store_true",
        help="also compare the emitted packages with griffe",
    )
    parser.add_argument(
        "--type-tests",
        metavar="DIR",
        help="also hold type tests, such as HEAD:tests/typing, against the new package",
    )


def run(given: argparse.Namespace) -> int:
    """Print what changed; return 0, or 1 when `--fail-on` says so.

    Raises:
        DocumentError: a document cannot be read or emitted.
    """
    from generator.compare.diff import compare

    with ExitStack() as stack:
        overlays = getattr(given, "overlay", ())
        old = _load(stack.enter_context(_path(given.old)), given.old, overlays)
        new = _load(stack.enter_context(_path(given.new)), given.new, overlays)
        report = compare(old, new)
        version = current_version()
        if given.json:
            text = report.json(version)
        elif given.markdown:
            text = report.markdown(version)
        elif given.changelog:
            text = report.changelog(version)
        else:
            text = report.text(version)
        sys.stdout.write(text)
        if given.packages or given.type_tests:
            place = Path(stack.enter_context(TemporaryDirectory()))
            opinions = _opinions(given, old, new, place, stack)
            # JSON on standard output stays JSON.
            print(opinions, file=sys.stderr if given.json else sys.stdout)
    worst = report.verdict
    failed = worst == "breaking" or (worst == "additive" and given.fail_on == "additive")
    return 1 if given.fail_on and failed else 0


def announce(path: Path, name: str, overlays: Sequence[Path] = ()) -> None:
    """Print what a document means for users once it differs from the last commit's.

    Args:
        path: the document.
        name: what messages call it.
        overlays: what is applied to both.

    Nothing is printed outside of a checkout, and nothing is raised: this is a courtesy.
    """
    from generator.compare.history import at_revision, differs

    try:
        if not differs(path):
            return
        from generator.compare.diff import compare

        with at_revision(path, "HEAD") as old:
            report = compare(
                load_document(old, name=f"HEAD:{name}", overlays=overlays),
                load_document(path, name=name, overlays=overlays),
            )
        sys.stdout.write(report.text(current_version()))
    except DocumentError as error:
        print(f"Not compared with the last commit. {error}", file=sys.stderr)


def current_version() -> str:
    """Return the version of the package, which pyproject.toml holds."""
    return str(toml.read(ROOT / "pyproject.toml")["project"]["version"])


@contextmanager
def _path(text: str) -> Generator[Path]:
    """Give the file or folder that an argument stands for."""
    from generator.compare.history import at_revision

    revision, colon, inside = text.partition(":")
    if Path(text).exists() or not colon or not revision:
        yield Path(text)
        return
    with at_revision(Path(inside), revision) as found:
        yield found


def _load(path: Path, name: str, overlays: Sequence[Path]) -> Document:
    return load_document(path, name=name, overlays=overlays)


def _opinions(
    given: argparse.Namespace, old: Document, new: Document, place: Path, stack: ExitStack
) -> str:
    from generator.compare import opinion

    emitted = opinion.emitted(new, place / "new")
    lines: list[str] = []
    if given.packages:
        said = opinion.griffe_says(opinion.emitted(old, place / "old"), emitted)
        lines.append(f"griffe on the emitted packages: {len(said) or 'no'} breaking changes")
        lines.extend(f"  {line}" for line in said)
    if given.type_tests:
        tests = stack.enter_context(_path(given.type_tests))
        said = opinion.type_tests_say(tests, emitted)
        lines.append(f"Type tests of {given.type_tests}: {len(said) or 'no'} errors")
        lines.extend(f"  {line}" for line in said)
    return "\n".join(lines)
