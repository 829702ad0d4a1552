"""Emit a package from a small document, import it, and call it without HTTP."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import attrs
import pytest
import yaml

from generator.read.load import load_document
from molam_overlays.schema import lazy

if TYPE_CHECKING:
    from generator.emit import Emitted

_NUMBERS = count(1)


@attrs.frozen
class Answer:
    """What the recording adapter was asked."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: Any


class Recorder:
    """An adapter that answers from memory and keeps what it was asked."""

    def __init__(self, body: Any = None, status: int = 200) -> None:
        self.body = {} if body is None else body
        self.status = status
        self.asked: list[Answer] = []

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        json: Any = None,
        timeout: float = 0,
    ) -> tuple[int, str, dict[str, str]]:
        self.asked.append(Answer(method, url, dict(headers), json))
        return self.status, _dumps(self.body), {}

    @property
    def last(self) -> Answer:
        return self.asked[-1]


class AsyncRecorder(Recorder):
    """The same for the async client."""

    async def send(self, *given: Any, **named: Any) -> tuple[int, str, dict[str, str]]:  # type: ignore[override]
        return super().send(*given, **named)


def _dumps(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)


@attrs.frozen
class Built:
    """An emitted package."""

    name: str
    path: Path
    emitted: Emitted
    cache: Path

    def module(self, name: str = "") -> ModuleType:
        """Import the package or a module of it."""
        return importlib.import_module(f"{self.name}.{name}" if name else self.name)

    @property
    def models(self) -> Any:
        return self.module("models")

    def text(self, path: str) -> str:
        """Return the source of an emitted file."""
        return self.emitted.tree[path].decode("utf-8")

    def client(self, adapter: Any = None) -> Any:
        """Make a blocking client, without HTTP unless an adapter does it."""
        config = self.module("config").Config(
            api_key="sk_test_1", api_base="https://shop.example", webhook_secret="whsec_1"
        )
        return self.module("_product").PRODUCT.client()(config, adapter or Recorder())

    def async_client(self, adapter: Any = None) -> Any:
        config = self.module("config").Config(api_key="sk_test_1", api_base="https://shop.example")
        return self.module("_product").PRODUCT.async_client()(config, adapter or AsyncRecorder())

    def types(self, checked: str) -> str:
        """Return what mypy --strict says about code that uses the package; empty for nothing."""
        root = Path(__file__).parents[2]
        file = self.path.parent / "uses.py"
        file.write_text(checked.replace("PKG", self.name), encoding="utf-8")
        config = self.path.parent / "mypy.ini"
        config.write_text(
            "[mypy]\nstrict = true\npython_version = 3.10\nexplicit_package_bases = true\n"
            f"mypy_path = {root / 'overlays'}:{self.path.parent}\nfollow_imports = silent\n"
        )
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--config-file", config, "-p", self.name, "-m", "uses",
             "--cache-dir", self.cache],
            capture_output=True, text=True, check=False, cwd=self.path.parent,
        )  # fmt: skip
        return "" if done.returncode == 0 else done.stdout + done.stderr


Build = Callable[..., Built]


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the parts that every document must have."""
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://shop.example"}],
        **given,
    }
    if not {"paths", "webhooks", "components"} & document.keys() or (
        document["openapi"].startswith("3.0") and "paths" not in document
    ):
        document["paths"] = {}
    return document


@pytest.fixture
def build(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Build]:
    """Emit a package from a document and make it importable under a name of its own."""
    # Here, since Python 3.10 loads this file too, and has no parser for the generator.
    from generator.emit import emit
    from generator.write.disk import write

    made: list[str] = []
    # Kept from run to run: typeshed alone takes mypy seconds.
    kept = getattr(pytestconfig, "cache", None)
    cache = kept.mkdir("generator-mypy") if kept else tmp_path / "mypy"
    place = tmp_path / "emitted"
    place.mkdir()
    sys.path.insert(0, str(place))

    def make(given: Mapping[str, Any] | str, **files: str) -> Built:
        name = f"shop_{next(_NUMBERS)}"
        text = given if isinstance(given, str) else yaml.safe_dump(complete(given), sort_keys=False)
        source = tmp_path / "shop.yaml"
        source.write_text(text, encoding="utf-8")
        for file, content in files.items():
            (tmp_path / f"{file}.yaml").write_text(content, encoding="utf-8")
        emitted = emit(load_document(source, name="shop.yaml"), name)
        write(emitted.tree, place / name)
        made.append(name)
        importlib.invalidate_caches()
        return Built(name, place / name, emitted, cache)

    yield make
    sys.path.remove(str(place))
    # What no client has looked up yet, the next one would look for in a package that is gone.
    lazy._pending.clear()
    for name in list(sys.modules):
        if name.partition(".")[0] in made:
            del sys.modules[name]


def operation(**given: Any) -> dict[str, Any]:
    """Return an operation that answers with nothing unless told otherwise."""
    return {"responses": {"204": {"description": "Done."}}, **given}


def schemas(**given: Any) -> dict[str, Any]:
    """Return a document that holds these schemas alone."""
    return {"components": {"schemas": given}}


@pytest.fixture
def recorder() -> type[Recorder]:
    return Recorder


@pytest.fixture
def async_recorder() -> type[AsyncRecorder]:
    return AsyncRecorder
