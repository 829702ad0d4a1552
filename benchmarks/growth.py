"""How generation grows: ``python -m benchmarks.growth [--record]``.

Documents are made up, each operation with two models of its own. Ours and openapi-python-client's
command run on the same documents in turns, each in a process of its own: wall-clock seconds from
start to exit with everything formatted and on disk, and the most memory it or a process of its own
held.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

ROOT: Final = Path(__file__).resolve().parents[1]
RECORD: Final = ROOT / "docs" / "generator.md"
HEADING: Final = "## Growth"
BUDGET_SECONDS: Final = 12.0
"""For 1000 operations; others in proportion."""
BUDGET_MEGABYTES: Final = 400.0


@attrs.frozen
class Run:
    """One run of a generator."""

    seconds: float
    cpu: float
    """Seconds of processors, of it and its children."""
    megabytes: float
    status: int


def operations(count: int) -> dict[str, Any]:
    """Return a document with operations that have two models each, ten properties in all."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for number in range(count):
        order, draft = f"Order{number}", f"Order{number}Draft"
        schemas[order] = {
            "type": "object",
            "description": f"Order of kind {number}.",
            "required": ["id", "status", "created_at"],
            "properties": {
                "id": {"type": "string", "description": "Its id."},
                "status": {"type": "string", "enum": ["open", "paid", f"special_{number}"]},
                "created_at": {"type": "string", "format": "date-time"},
                "total": {"type": "integer", "minimum": 0, "description": "In minor units."},
                "next": {"$ref": f"#/components/schemas/Order{(number + 1) % count}Draft"},
                "notes": {"type": "array", "items": {"type": "string"}},
            },
        }
        schemas[draft] = {
            "type": "object",
            "required": ["currency"],
            "properties": {
                "currency": {"type": "string", "minLength": 3, "maxLength": 3},
                "amount": {"type": "integer", "minimum": 1},
                "memo": {"type": "string", "maxLength": 200},
                "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }
        paths[f"/orders{number}/{{order_id}}"] = {
            "post": {
                "operationId": f"update_order{number}",
                "tags": [f"group {number // 25}"],
                "summary": f"Change an order of kind {number}.",
                "parameters": [
                    {"name": "order_id", "in": "path", "required": True,
                     "schema": {"type": "string"}},
                    {"name": "expand", "in": "query", "schema": {"type": "boolean"}},
                ],
                "requestBody": {"required": True, "content": {"application/json": {
                    "schema": {"$ref": f"#/components/schemas/{draft}"}}}},
                "responses": {
                    "200": {"description": "Done.", "content": {"application/json": {
                        "schema": {"$ref": f"#/components/schemas/{order}"}}}},
                    "404": {"description": "No such order."},
                },
            }
        }  # fmt: skip
    return _document(paths, schemas)


def chain(count: int, *, ring: bool) -> dict[str, Any]:
    """Return a document of models that refer to the next one; in a ring, the last to the first."""
    schemas: dict[str, Any] = {}
    for number in range(count):
        properties: dict[str, Any] = {"id": {"type": "string"}}
        if ring or number + 1 < count:
            following = {"$ref": f"#/components/schemas/Link{(number + 1) % count}"}
            properties["next"] = following
            properties["others"] = {"type": "array", "items": following}
        schemas[f"Link{number}"] = {"type": "object", "properties": properties}
    answer = {"description": "It.", "content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/Link0"}}}}  # fmt: skip
    return _document(
        {"/links": {"get": {"operationId": "get_links", "responses": {"200": answer}}}}, schemas
    )


def _document(paths: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Growth", "version": "1"},
        "servers": [{"url": "https://shop.example"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


DOCUMENTS: Final[Mapping[str, dict[str, Any]]] = {
    **{f"{count} operations": operations(count) for count in (100, 300, 1000, 3000)},
    "300 chained models": chain(300, ring=False),
    "300 models in a ring": chain(300, ring=True),
}


def measure(command: Sequence[str | Path]) -> Run:
    """Run a command to its end; time it, and take the most memory of it and its children."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    # Linux counts in kilobytes, macOS in bytes (getrusage(2)).
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    seconds = time.perf_counter() - began
    cpu = usage.ru_utime + usage.ru_stime
    return Run(seconds, cpu, usage.ru_maxrss / unit, process.returncode)


def ours(document: Path, place: Path) -> list[str | Path]:
    """Return our command."""
    return [sys.executable, "-m", "generator", "generate", "--document", document,
            "--output", place]  # fmt: skip


def theirs(document: Path, place: Path) -> list[str | Path]:
    """Return openapi-python-client's command."""
    return [sys.executable, "-m", "openapi_python_client", "generate", "--path", document,
            "--output-path", place, "--meta", "none"]  # fmt: skip


def table(given: Sequence[str]) -> tuple[str, bool]:
    """Measure; return the table, and whether all of ours succeeded within the budget."""
    lines = [
        "| document | ours | openapi-python-client 0.29.1 | budget |",
        "| --- | --- | --- | --- |",
    ]
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(given):
            document = Path(folder, f"document{number}.json")
            document.write_text(json.dumps(DOCUMENTS[name]), encoding="utf-8")
            mine = measure(ours(document, Path(folder, f"ours{number}")))
            other = measure(theirs(document, Path(folder, f"theirs{number}")))
            budget = ""
            if name.endswith("operations"):
                share = int(name.split()[0]) / 1000
                # A process has a size of its own, whatever the document.
                seconds, size = BUDGET_SECONDS * share, BUDGET_MEGABYTES * max(share, 1)
                if share >= 1:
                    budget = f"{seconds:.0f} s, {size:.0f} MB"
                    good = good and mine.seconds <= seconds and mine.megabytes <= size
            good = good and mine.status == 0
            lines.append(f"| {name} | {_shown(mine)} | {_shown(other)} | {budget} |")
            print(lines[-1], flush=True)
    return "\n".join(lines), good


def _shown(run: Run) -> str:
    if run.status:
        return f"fails after {run.seconds:.1f} s"
    return f"{run.seconds:.1f} s ({run.cpu:.1f}), {run.megabytes:.0f} MB"


def record(measured: str) -> None:
    """Write the table into the generator's page."""
    text = RECORD.read_text(encoding="utf-8")
    section = (
        f"{HEADING}\n`python -m benchmarks.growth --record` runs both on the same documents in "
        "turns: seconds until\neverything is formatted and on disk, in brackets seconds of processors, "
        "and the most memory. Each\noperation has two models of its own.\n\n"
        f"{measured}\n"
    )
    before, found, after = text.partition(f"{HEADING}\n")
    rest = after.partition("\n## ")[2]
    kept = f"\n## {rest}" if rest else ""
    RECORD.write_text(
        f"{before if found else text.rstrip() + chr(10) * 2}{section}{kept}", encoding="utf-8"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth")
    parser.add_argument("--record", action="store_true", help="write docs/generator.md")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DOCUMENTS))
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in DOCUMENTS]
    if unknown:
        parser.error(f"no document {unknown[0]!r}; there are {', '.join(DOCUMENTS)}")
    measured, good = table(given.names or list(DOCUMENTS))
    if given.record:
        record(measured)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
