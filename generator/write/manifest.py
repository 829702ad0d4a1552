"""What went into an emitted package: the hashes that tell why it differs later on.

`.generated.json` in the package holds them. It only explains; whether a package is up to date is
found by emitting it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from generator.read.document import Document

FILE: Final = ".generated.json"
"""Its name in the emitted package."""

_HERE: Final = Path(__file__).parent.parent
_TOOLS: Final = ("openapi-python-client", "ruff", "jinja2")


def inputs(document: Document, version_: str, migrations: Path) -> dict[str, str]:
    """Return all that decides what is emitted, by what messages call it."""
    found = {
        f"the document {source.name}": _hash(source.text.encode("utf-8"))
        for source in document.sources
    }
    for path in sorted(_HERE.rglob("*")):
        if path.suffix not in (".py", ".jinja", ".toml"):
            continue
        name = f"generator/{path.relative_to(_HERE).as_posix()}"
        kind = "the template" if path.suffix == ".jinja" else "the generator's"
        found[f"{kind} {name}"] = _hash(path.read_bytes())
    for path in sorted(migrations.rglob("*.sql")):
        found[f"the migration {path.relative_to(migrations.parent).as_posix()}"] = _hash(
            path.read_bytes()
        )
    found["the version"] = version_
    for tool in _TOOLS:
        found[f"the release of {tool}"] = version(tool)
    return found


def make(given: Mapping[str, str], tree: Mapping[str, bytes]) -> bytes:
    """Return the manifest of a tree and of the inputs it was made from."""
    data = {
        "inputs": dict(given),
        "files": {path: _hash(content) for path, content in sorted(tree.items())},
    }
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def parse(content: bytes | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return inputs and files of a manifest; nothing where it is missing or damaged."""
    try:
        data: Any = json.loads(content or b"{}")
        return dict(data.get("inputs", {})), dict(data.get("files", {}))
    except (ValueError, AttributeError, TypeError):
        return {}, {}


def changed(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say which inputs are not what they were."""
    found = []
    for name in [*now, *(name for name in then if name not in now)]:
        if name not in then:
            found.append(f"{name} (new)")
        elif name not in now:
            found.append(f"{name} (gone)")
        elif then[name] != now[name]:
            short = max(len(then[name]), len(now[name])) < 20
            found.append(f"{name} ({then[name]} then, {now[name]} now)" if short else name)
    return found


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def is_hash_of(digest: str | None, content: bytes) -> bool:
    """Tell whether a digest of the manifest is that of a content."""
    return digest == _hash(content)
