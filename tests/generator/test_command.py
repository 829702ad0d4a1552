"""The generator as it is run: generate, check, and what it says when something is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from generator import command
from generator.command import run
from generator.write import disk, manifest

ROOT = Path(__file__).parents[2]
DOCUMENT = """\
openapi: 3.1.0
info:
  title: Shop
  version: '1'
servers:
  - url: https://shop.example
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      parameters:
        - name: id
          in: path
          required: true
          schema:
            type: string
      responses:
        '200':
          description: The order.
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Order'
components:
  schemas:
    Order:
      type: object
      properties:
        id:
          type: string
"""


class Place:
    """A document and the package that is emitted from it."""

    def __init__(self, folder: Path) -> None:
        self.document = folder / "shop.yaml"
        self.output = folder / "shop_sdk"
        self.document.write_text(DOCUMENT)

    def run(self, name: str = "generate") -> int:
        return run([name, "--document", str(self.document), "--output", str(self.output)])

    def edit(self, old: str, new: str) -> None:
        text = self.document.read_text()
        assert old in text
        self.document.write_text(text.replace(old, new, 1))

    def files(self) -> dict[str, bytes]:
        return disk.read(self.output)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    assert found.run() == 0
    return found


def test_our_package_is_what_our_document_becomes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check"]) == 0, capsys.readouterr().err


def test_every_run_emits_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for seed in ("1", "2"):
        output = tmp_path / seed / "shop_sdk"
        subprocess.run(
            [sys.executable, "-m", "generator", "--output", output],
            check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed, "TZ": f"X{seed}"},
        )  # fmt: skip
        trees.append(disk.read(output))
    first, second = trees
    assert len(first) > 60
    assert (
        manifest.parse(first.pop(manifest.FILE))[1] == manifest.parse(second.pop(manifest.FILE))[1]
    )
    assert first == second


def test_check_is_quiet_about_a_package_that_is_up_to_date(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert place.run("check") == 0
    assert capsys.readouterr() == ("", "")


def test_check_names_the_document_when_it_changed(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.edit("description: The order.", "description: The order as it stands.")
    assert place.run("check") == 1
    said = capsys.readouterr().err
    assert "client.py: would be emitted differently now" in said
    assert "the document shop.yaml" in said
    assert "the template" not in said
    assert "edited by hand" not in said


@pytest.mark.parametrize(
    ("file", "cause"),
    [
        (
            "write/templates/client.py.jinja",
            "the template generator/write/templates/client.py.jinja",
        ),
        ("decide/plan.py", "the generator's generator/decide/plan.py"),
    ],
)
def test_check_names_the_template_or_source_that_changed(
    place: Place,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    cause: str,
) -> None:
    # As if the package had been emitted by a generator whose file was another, and said so.
    stale = place.output / "client.py"
    stale.write_bytes(stale.read_bytes() + b"# an older template's output\n")
    then = manifest.parse((place.output / manifest.FILE).read_bytes())[0]
    then[cause] = "0" * 64
    tree = {path: content for path, content in place.files().items() if path != manifest.FILE}
    (place.output / manifest.FILE).write_bytes(manifest.make(then, tree))
    assert place.run("check") == 1
    said = capsys.readouterr().err
    assert "client.py: would be emitted differently now" in said
    assert f"Changed since the last generation:\n  {cause}\n" in said


def test_check_shows_what_was_edited_by_hand(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    edited = place.output / "models" / "order.py"
    edited.write_text(edited.read_text().replace("class Order(", "class Order2("))
    assert place.run("check") == 1
    said = capsys.readouterr().err
    assert "models/order.py: edited by hand" in said
    assert "-class Order(Model):" in said
    assert "+class Order2(Model):" in said


def test_check_names_missing_and_extra_files(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.output / "py.typed").unlink()
    (place.output / "extra.py").write_text("")
    assert place.run("check") == 1
    said = capsys.readouterr().err
    assert "py.typed: is missing" in said
    assert "extra.py: is not emitted by the generator" in said
    assert "somebody added or removed" in said


@pytest.mark.parametrize("content", [None, b"{", b'{"files": {}}'])
def test_check_misses_the_manifest(place: Place, content: bytes | None) -> None:
    file = place.output / manifest.FILE
    file.unlink() if content is None else file.write_bytes(content)
    assert place.run("check") == 1
    assert place.run() == 0
    assert place.run("check") == 0


def test_check_of_a_package_that_is_not_there_says_so(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(place.output)
    assert place.run("check") == 1
    assert "client.py: is missing" in capsys.readouterr().err


BAD: list[tuple[str, str, str, int, str]] = [
    ("syntax", "info:", "info: [", 4, "Not valid YAML"),
    ("a key twice", "  title: Shop", "  title: Shop\n  title: Store", 4, "appears twice"),
    ("unknown $ref", "schemas/Order'", "schemas/Ordre'", 23, "leads nowhere"),
    ("unknown type", "type: object", "type: objekt", 27, "objekt"),
    ("two fields with one pattern", "type: object", "type: object\n      $dynamicRef: '#x'", 28,
     "$dynamicRef"),
    ("false schema", "        id:\n          type: string\n", "        ids:\n          items: false\n"
     "          type: array\n", 30, "allows no value"),
    ("contradiction", "      type: object\n      properties:\n        id:\n          type: string\n", "      allOf:\n        - type: string\n"
     "        - type: integer\n", 26, "no value can be at once"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "words"), [row[1:] for row in BAD],
                         ids=[row[0] for row in BAD])  # fmt: skip
def test_a_bad_document_is_one_message_with_its_line(
    place: Place,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    line: int,
    words: str,
) -> None:
    before = place.files()
    place.edit(old, new)
    assert place.run() == 1
    out, said = capsys.readouterr()
    assert out == ""
    assert said.startswith(f"shop.yaml:{line}: "), said
    assert words in said
    assert said.count("\n") == 1
    assert place.files() == before


def test_a_document_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["generate", "--document", str(tmp_path / "no.yaml")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("no.yaml:1: The file cannot be read")
    assert said.count("\n") == 1


def test_a_folder_that_the_generator_did_not_write_is_left_alone(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place.output = tmp_path / "holiday"
    place.output.mkdir()
    (place.output / "photo.jpg").write_bytes(b"x")
    assert place.run() == 1
    assert "holds files that no generator wrote" in capsys.readouterr().err
    assert place.files() == {"photo.jpg": b"x"}


@pytest.mark.parametrize("name", ["not-a-name", "3d", "class"])
def test_a_folder_that_cannot_be_imported_is_refused(
    place: Place, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    place.output = place.output.with_name(name)
    assert place.run() == 1
    assert "cannot be imported" in capsys.readouterr().err
    assert not place.output.exists()


@pytest.mark.parametrize("failing", ["write_bytes", "replace"])
def test_a_failure_while_writing_leaves_the_package_as_it_was(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failing: str
) -> None:
    before = place.files()
    place.edit("title: Shop", "title: Store")
    calls = [0]
    real: Callable[..., Any] = getattr(Path, failing, None) or os.replace

    def fail(*given: Any) -> Any:
        calls[0] += 1
        if calls[0] == (5 if failing == "write_bytes" else 2):
            raise OSError(28, "No space left on device", "client.py")
        return real(*given)

    if failing == "write_bytes":
        monkeypatch.setattr(Path, "write_bytes", fail)
    else:
        monkeypatch.setattr(disk.os, "replace", fail)
    assert place.run() == 1
    assert "No space left on device" in capsys.readouterr().err
    monkeypatch.undo()
    assert place.files() == before
    assert [path.name for path in sorted(place.output.parent.iterdir())] == [
        "shop.yaml", "shop_sdk",
    ]  # fmt: skip


def test_generate_leaves_a_package_that_is_up_to_date_untouched(place: Place) -> None:
    stamp = (place.output / "client.py").stat().st_mtime_ns
    assert place.run() == 0
    assert (place.output / "client.py").stat().st_mtime_ns == stamp


def test_our_version_is_that_of_the_project() -> None:
    from generator import toml

    version = toml.read(ROOT / "pyproject.toml")["project"]["version"]
    assert f'__version__ = "{version}"' in (ROOT / "molam_sdk" / "__init__.py").read_text()


def test_a_python_without_the_parser_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from generator import __main__

    monkeypatch.setattr(
        __main__, "sys", type("S", (), {"version_info": _Version(3, 10), "exit": sys.exit})
    )
    with pytest.raises(SystemExit, match=r"needs Python 3.11 or newer, this is 3.10"):
        __main__.main()


class _Version(NamedTuple):
    major: int
    minor: int


def test_a_formatter_of_another_release_is_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from generator.write import formatter

    monkeypatch.setattr(formatter, "FORMATTER", "0.0.1")
    assert place.run() == 1
    assert "pip install ruff==0.0.1" in capsys.readouterr().err


def test_the_pins_are_those_of_the_project() -> None:
    from generator.understand.types import PARSER
    from generator.write.formatter import FORMATTER

    project = (ROOT / "pyproject.toml").read_text()
    assert f'"ruff=={FORMATTER}"' in project
    assert f'"openapi-python-client=={PARSER};' in project


def test_nothing_loaded_to_generate_is_left_out_of_the_manifest() -> None:
    listed = manifest.parse((command.OUTPUT / manifest.FILE).read_bytes())[0]
    for path in (ROOT / "generator").rglob("*"):
        if path.suffix in (".py", ".jinja", ".toml"):
            name = path.relative_to(ROOT).as_posix()
            assert any(key.endswith(name) for key in listed), name
