"""The whole way from a document to a tree of files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from generator import toml
from generator.decide.plan import plan
from generator.decide.public_api import load
from generator.read.document import Document
from generator.recursion import deep
from generator.understand.normalise import normalise
from generator.write import manifest
from generator.write.account import account
from generator.write.render import Tree, render

ROOT: Final = Path(__file__).resolve().parent.parent
MIGRATIONS: Final = ROOT / "migrations"
PROJECT: Final = ROOT / "pyproject.toml"


@attrs.frozen
class Emitted:
    """A package in memory."""

    tree: Tree
    """Its files, the manifest among them."""
    inputs: dict[str, str]
    """What decided on them, see `manifest.inputs`."""


@deep()
def emit(document: Document, package: str) -> Emitted:
    """Return all files of the package that a document becomes.

    Raises:
        DocumentError: something in it cannot be emitted.
    """
    from generator.understand.types import Graph

    api = normalise(document)
    graph = Graph(document, api.named)
    graph.check()
    version = toml.read(PROJECT)["project"]["version"]
    view = plan(api, graph, load(), package=package, version=version)
    tree = render(view, document.root, MIGRATIONS)
    account(api, view, tree)
    inputs = manifest.inputs(document, version, MIGRATIONS)
    tree[manifest.FILE] = manifest.make(inputs, tree)
    return Emitted(tree, inputs)
