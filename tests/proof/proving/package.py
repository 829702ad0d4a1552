"""An emitted package, imported."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from generator.command import run

from .calling import bare


class EmitError(Exception):
    """The generator refused the document; the message is what it said."""


@attrs.frozen
class Package:
    """A package that the generator emitted."""

    name: str
    folder: Path

    def module(self, name: str = "") -> ModuleType:
        """Import the package or a module of it."""
        return importlib.import_module(f"{self.name}.{name}" if name else self.name)

    @property
    def client(self) -> type[Any]:
        found: type[Any] = self.module("_product").PRODUCT.client()
        return found

    @property
    def async_client(self) -> type[Any]:
        found: type[Any] = self.module("_product").PRODUCT.async_client()
        return found

    def config(self, base: str, schemes: Iterable[str] = ()) -> Any:
        """Return settings with a key for each security scheme."""
        return self.module("config").Config(
            # User and password, where the scheme is basic.
            api_key="sk_test_proof:secret",
            api_base=base,
            webhook_secret="whsec_proof",
            further_keys={name: f"key_of_{name}" for name in schemes},
        )

    @property
    def events(self) -> Mapping[str, type[Any]]:
        if not (self.folder / "events.py").exists():
            return {}
        found: Mapping[str, type[Any]] = self.module("events").EVENTS
        return found

    def models(self) -> dict[str, Any]:
        """Return the models by their bare names."""
        module = self.module("models")
        return {bare(name): getattr(module, name) for name in module.__all__}

    def constants(self) -> Iterator[Any]:
        """Yield the operations of the package."""
        for file in sorted((self.folder / "api").glob("*.py")):
            if file.stem == "__init__":
                continue
            for value in vars(self.module(f"api.{file.stem}")).values():
                if hasattr(value, "method") and hasattr(value, "results"):
                    yield value


def emit(document: Path, folder: Path) -> Package:
    """Emit a package and make it importable; the folder's name becomes its name.

    Raises:
        EmitError: the generator refused.
    """
    said = io.StringIO()
    # What it tells of the change since the last commit is another matter.
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = run(["generate", "--document", str(document), "--output", str(folder)])
    if status:
        raise EmitError(said.getvalue().strip())
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))
    importlib.invalidate_caches()
    return Package(folder.name, folder)


def dumps(value: Any) -> bytes:
    """Return JSON as a server writes it."""
    return json.dumps(value, ensure_ascii=False).encode()
