"""The table of constructs in `docs/generator.md`: complete, with verdicts, shown by real tests."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jsonschema_specifications
import openapi_spec_validator
import pytest

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "generator.md"
VERDICTS = ("emitted", "documented", "refused")


class Row(NamedTuple):
    construct: str
    verdict: str
    tests: list[str]


def rows() -> list[Row]:
    section = GUIDE.read_text(encoding="utf-8").partition("## Constructs and verdicts")[2]
    lines = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    found = []
    for line in lines[2:]:
        construct, verdict, tests = (cell.strip() for cell in line.strip("|").split("|"))
        found.append(Row(construct, verdict, re.findall(r"`([^`]+)`", tests)))
    return found


@cache
def known_tests() -> frozenset[str]:
    """Return the names of the tests of the generator."""
    return frozenset(
        node.name
        for path in HERE.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.name.startswith("test_")
    )


def keywords(value: object) -> Iterator[str]:
    """Yield what a JSON Schema gives names to: the keys of every `properties`."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "properties" and isinstance(item, dict):
                yield from item
            yield from keywords(item)
    elif isinstance(value, list):
        for item in value:
            yield from keywords(item)


def specified() -> set[str]:
    """Return every keyword of OpenAPI 3.0 and 3.1 and of JSON Schema 2020-12."""
    openapi = Path(openapi_spec_validator.__file__).parent / "resources" / "schemas"
    schema = Path(jsonschema_specifications.__file__).parent / "schemas" / "draft202012"
    files = [openapi / version / "schema.json" for version in ("v3.0", "v3.1")]
    files += [schema / "metaschema.json", *(schema / "vocabularies").iterdir()]
    return {word for file in files for word in keywords(json.loads(file.read_text("utf-8")))}


def test_the_table_is_read() -> None:
    assert len(rows()) > 60
    assert len(specified()) > 120
    assert len(known_tests()) > 100


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.construct[:60])
def test_a_row_has_a_verdict_and_a_test_that_exists(row: Row) -> None:
    assert row.verdict.startswith(VERDICTS)
    assert row.tests
    assert set(row.tests) <= known_tests()


def test_every_keyword_of_the_specification_has_a_row() -> None:
    listed = {word for row in rows() for word in re.findall(r"`([^`]+)`", row.construct)}
    assert specified() - listed == set()
