"""The table of rules: complete, used, and the one that `docs/generator.md` prints."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from generator.compare.rules import RULES, table

ROOT: Final = Path(__file__).parents[3]
GUIDE: Final = ROOT / "docs" / "generator.md"
NOTED_BY: Final = {"change": 0, "told": 2}
"""Functions to the place of the argument that names a rule."""


def nodes() -> Iterator[ast.AST]:
    """Yield all nodes of the comparers' sources, the table left out."""
    for path in (ROOT / "generator" / "compare").rglob("*.py"):
        if path.name != "rules.py":
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def test_every_rule_of_the_table_is_told_by_a_comparer() -> None:
    written = {node.value for node in nodes() if isinstance(node, ast.Constant)}
    assert set(RULES) - written == set()


def test_every_rule_that_a_comparer_tells_is_in_the_table() -> None:
    told = {
        named.value
        for node in nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        for named in node.args[NOTED_BY.get(node.func.id, len(node.args)) :][:1]
        if isinstance(named, ast.Constant)
    }
    assert len(told) > 40
    assert told - set(RULES) == set()


@pytest.mark.parametrize("name", [name for name in RULES if ":" in name])
def test_a_case_is_listed_with_its_rule(name: str) -> None:
    rule, case = RULES[name.partition(":")[0]], RULES[name]
    assert (case.section, case.family, case.once) == (rule.section, rule.family, rule.once)
    assert (case.sent, case.received) != (rule.sent, rule.received)


def test_the_guide_has_the_verdicts_of_the_table() -> None:
    printed = "\n".join(table())
    assert printed in GUIDE.read_text(encoding="utf-8"), f"docs/generator.md needs\n{printed}"
