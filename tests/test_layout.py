"""Who may import whom. Read off the sources, so that an import inside a function counts too.

`molam_sdk -> molam_overlays -> httpx, attrs, dateutil, the standard library`, never upward. The
checker is itself tested, against small trees that break one rule each.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

OURS = {"molam_sdk", "molam_overlays", "generator"}
# The HTTP library and what only it should touch: the day to switch must touch one folder.
WIRE = {"httpx", "httpcore", "anyio", "h11"}
# What the distribution depends on without any extra.
RUNTIME = {"attr", "attrs", "dateutil"}
# Modules that are imported only where their extra is installed; these may import it at their top.
OPTIONAL = (
    "overlays/molam_overlays/sandbox",
    "overlays/molam_overlays/contrib",
    "overlays/molam_overlays/cli",
    "overlays/molam_overlays/transport/pyreqwest",
    "overlays/molam_overlays/pytest_plugin",
    "overlays/molam_overlays/schema/pydantic",
    "molam_sdk/sandbox",
    "molam_sdk/contrib",
    "molam_sdk/http/pyreqwest",
    "molam_sdk/pytest_plugin",
)


class Import(NamedTuple):
    """One import statement: of which module, on which line, and whether it runs on import."""

    module: str
    line: int
    eager: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


class Rule(NamedTuple):
    """Which of our own packages the files under a folder may import, and which others never."""

    folder: str
    ours: set[str]
    never: set[str]


RULES = [
    Rule("molam_sdk", ours={"molam_sdk", "molam_overlays"}, never=WIRE),
    Rule("overlays/molam_overlays", ours={"molam_overlays"}, never=WIRE),
    Rule("generator", ours={"generator"}, never=set()),
    Rule("examples", ours={"molam_sdk"}, never=set()),
    Rule("tests/sdk", ours={"molam_sdk"}, never=set()),
    Rule("tests/test_client.py", ours={"molam_sdk"}, never=set()),
]
SHIPPED = ("molam_sdk", "overlays/molam_overlays")


def imports_of(source: str) -> Iterator[Import]:
    """Find every import, relative ones left out (they cannot leave their package)."""

    def visit(node: ast.AST, eager: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            match child:
                case ast.Import(names=names):
                    for alias in names:
                        yield Import(alias.name, child.lineno, eager)
                case ast.ImportFrom(module=str(module), level=0):
                    yield Import(module, child.lineno, eager)
                case ast.Call(
                    func=ast.Name(id="import_module" | "__import__")
                    | ast.Attribute(attr="import_module"),
                    args=[ast.Constant(value=str(module)), *_],
                ) if not module.startswith("."):
                    yield Import(module, child.lineno, eager)
                case _:
                    pass
            match child:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                    yield from visit(child, False)
                case ast.If(
                    test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")
                ):
                    for part in child.body:
                        yield from visit(ast.Module([part], []), False)
                    for part in child.orelse:
                        yield from visit(ast.Module([part], []), eager)
                case _:
                    yield from visit(child, eager)

    yield from visit(ast.parse(source), True)


def sources(root: Path, folder: str) -> list[Path]:
    place = root / folder
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def violations(root: Path) -> list[str]:
    """Name every import under root that breaks a rule, as `path:line: what`."""
    found = []
    for rule in RULES:
        for path in sources(root, rule.folder):
            at = path.relative_to(root).as_posix()
            never = rule.never
            if at.startswith("overlays/molam_overlays/transport/"):
                never = set()
            for imported in imports_of(path.read_text(encoding="utf-8")):
                if imported.top in never or imported.top in OURS - rule.ours:
                    found.append(f"{at}:{imported.line}: imports {imported.module}")
                elif (
                    rule.folder in SHIPPED
                    and imported.eager
                    and not at.startswith(OPTIONAL)
                    and imported.top not in sys.stdlib_module_names | RUNTIME | OURS | WIRE
                ):
                    found.append(f"{at}:{imported.line}: imports {imported.module} at its top")
                elif (
                    imported.top == "openapi_python_client"
                    and at != "generator/understand/types.py"
                ):
                    found.append(f"{at}:{imported.line}: imports {imported.module}")
    return found


def test_nobody_imports_upward_or_past_its_neighbour() -> None:
    assert violations(ROOT) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.folder)
def test_every_rule_has_files_to_look_at(rule: Rule) -> None:
    if not (ROOT / rule.folder).exists():
        pytest.skip(f"there is no {rule.folder}")
    assert [path for path in sources(ROOT, rule.folder) if path.stat().st_size]


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ("overlays/molam_overlays/calls/retry.py", "import molam_sdk"),
        ("overlays/molam_overlays/calls/retry.py", "from molam_sdk.models import Refund"),
        ("overlays/molam_overlays/calls/retry.py", "def f():\n    import molam_sdk.client"),
        ("overlays/molam_overlays/calls/retry.py", "importlib.import_module('molam_sdk.client')"),
        ("overlays/molam_overlays/calls/retry.py", "import generator.decide.plan"),
        ("overlays/molam_overlays/calls/blocking.py", "import httpx"),
        (
            "overlays/molam_overlays/calls/blocking.py",
            "if TYPE_CHECKING:\n    from httpx import Request",
        ),
        ("overlays/molam_overlays/calls/blocking.py", "async def f():\n    import anyio"),
        ("overlays/molam_overlays/store/postgres.py", "import psycopg"),
        (
            "overlays/molam_overlays/watch/observe.py",
            "try:\n    import rich\nexcept ImportError: ...",
        ),
        ("overlays/molam_overlays/transport/httpx_adapter.py", "import molam_sdk"),
        ("molam_sdk/client.py", "import httpcore"),
        ("molam_sdk/client.py", "import generator"),
        ("molam_sdk/__main__.py", "import typer"),
        ("generator/decide/plan.py", "import molam_overlays.schema"),
        ("generator/decide/plan.py", "from molam_sdk import Config"),
        ("generator/decide/plan.py", "import openapi_python_client"),
        ("examples/checkout_server.py", "import molam_overlays"),
        ("tests/sdk/test_refunds.py", "from molam_overlays import schema"),
        ("tests/test_client.py", "from molam_overlays import schema"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, at: str, line: str) -> None:
    path = tmp_path / at
    path.parent.mkdir(parents=True)
    path.write_text(f"'''A module.'''\n{line}\n")
    (found,) = violations(tmp_path)
    assert found.startswith(f"{at}:")


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ("overlays/molam_overlays/transport/httpx_adapter.py", "import httpx, httpcore, anyio"),
        ("overlays/molam_overlays/schema/types.py", "import json, attrs, dateutil.parser"),
        ("overlays/molam_overlays/store/postgres.py", "def connect():\n    import psycopg"),
        ("overlays/molam_overlays/store/postgres.py", "if TYPE_CHECKING:\n    import psycopg"),
        ("overlays/molam_overlays/sandbox/app.py", "import starlette"),
        ("molam_sdk/client.py", "from molam_overlays.calls.blocking import Blocking"),
        ("generator/understand/types.py", "from openapi_python_client import schema"),
        ("examples/webhook_receiver.py", "import flask, molam_sdk"),
        ("tests/sdk/test_refunds.py", "import httpx, molam_sdk"),
    ],
)
def test_an_allowed_import_is_not_reported(tmp_path: Path, at: str, line: str) -> None:
    path = tmp_path / at
    path.parent.mkdir(parents=True)
    path.write_text(f"'''A module.'''\n{line}\n")
    assert violations(tmp_path) == []


# Floors: imports go down only, and rooms on one floor do not know each other

FLOORS = {
    "overlays/molam_overlays": [
        "pytest_plugin cli calls contrib",
        "sandbox store config",
        "webhook message",
        "money transport watch schema",
        "errors",
        "outcome",
        "product wire drive",
        "annotations integers keywords redact frames",
        "home",
    ],
    "generator": [
        "__main__",
        "command",
        "compare",
        "emit pages",
        "write",
        "decide",
        "understand",
        "read",
        "text",
        "recursion toml",
    ],
}


def modules(root: Path, house: str) -> dict[str, Path]:
    """Return every module below a house, by the name it is imported by."""
    place = root / house
    found = {}
    for path in sources(root, house):
        name = ".".join((place.name, *path.relative_to(place).with_suffix("").parts))
        found[name.removesuffix(".__init__")] = path
    return found


def known(root: Path, house: str, *, running: bool = False) -> dict[str, dict[str, int]]:
    """Return whom each module of a house imports, and on which line; late imports count.

    With `running`, what is imported for type checkers alone does not.
    """
    all_of_it = modules(root, house)
    found: dict[str, dict[str, int]] = {}
    for name, path in all_of_it.items():
        found[name] = {}
        tree = ast.parse(path.read_text(encoding="utf-8"))
        skipped = {
            id(inner)
            for node in ast.walk(tree)
            if running and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for part in node.body
            for inner in ast.walk(part)
        }
        for node in ast.walk(tree):
            if id(node) in skipped or not isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            module = getattr(node, "module", None)
            for alias in node.names:
                wanted = f"{module}.{alias.name}" if module else alias.name
                target = wanted if wanted in all_of_it else module
                if target in all_of_it and target != name:
                    found[name].setdefault(target, node.lineno)
    return found


def climbs(root: Path, house: str, floors: list[str]) -> list[str]:
    """Name each import that does not go down."""
    floor = {room: level for level, rooms in enumerate(floors) for room in rooms.split()}
    found = []
    for name, imported in known(root, house).items():
        here = [*name.split("."), ""][1]
        for other, line in imported.items():
            there = [*other.split("."), ""][1]
            if here and there and here != there and floor[here] >= floor[there]:
                found.append(f"{name}:{line}: imports {other}")
    return found


def circles(graph: dict[str, dict[str, int]]) -> list[str]:
    """Name every module that reaches itself."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(graph[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(graph[name])
        return seen

    return [name for name in graph if name in reached(name)]


@pytest.mark.parametrize("house", FLOORS)
def test_every_room_is_on_a_floor(house: str) -> None:
    rooms = {name.split(".")[1] for name in modules(ROOT, house) if "." in name}
    assert rooms == {room for rooms in FLOORS[house] for room in rooms.split()}


@pytest.mark.parametrize("house", FLOORS)
def test_imports_go_down_only(house: str) -> None:
    assert climbs(ROOT, house, FLOORS[house]) == []


@pytest.mark.parametrize("house", FLOORS)
def test_no_module_reaches_itself(house: str) -> None:
    assert circles(known(ROOT, house, running=True)) == []


def test_a_climb_and_a_circle_are_found(tmp_path: Path) -> None:
    house = tmp_path / "house"
    for room in ("up", "down"):
        (house / room).mkdir(parents=True)
        (house / room / "__init__.py").write_text("")
    (house / "up" / "stairs.py").write_text("from house.down.thing import it\n")
    (house / "down" / "thing.py").write_text("def it():\n    import house.up.stairs\n")
    assert climbs(tmp_path, "house", ["up", "down"]) == [
        "house.down.thing:2: imports house.up.stairs"
    ]
    assert circles(known(tmp_path, "house")) == ["house.down.thing", "house.up.stairs"]


@pytest.mark.parametrize("house", FLOORS)
def test_each_room_says_what_is_in_it_and_what_never_is(house: str) -> None:
    for path in (ROOT / house).glob("*/__init__.py"):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert re.search(r"\b[Nn]ever\b", said), path
