"""The whole way from a document to a tree of files."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Final

from generator.document import Document
from generator.normalise import normalise
from generator.plan import plan
from generator.public_api import load
from generator.render import Tree, render

ROOT: Final = Path(__file__).resolve().parent.parent
MIGRATIONS: Final = ROOT / "migrations"
PROJECT: Final = ROOT / "pyproject.toml"


def emit(document: Document, package: str) -> Tree:
    """Return all files of the package that a document becomes.

    Raises:
        DocumentError: something in it cannot be emitted.
    """
    # Chains of schemas are followed by recursion; a document may chain some hundred.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))
    from generator.types import Graph

    api = normalise(document)
    graph = Graph(document, api.named)
    graph.check()
    version = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    view = plan(api, graph, load(), package=package, version=version)
    return render(view, document.root, MIGRATIONS)
