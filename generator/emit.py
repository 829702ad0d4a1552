"""The whole way from a document to a tree of files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import attrs

from generator.decide.plan import plan
from generator.decide.public_api import load
from generator.decide.views import Package
from generator.read.document import Document
from generator.recursion import deep
from generator.understand.api import Api
from generator.understand.normalise import normalise
from generator.write import manifest
from generator.write.account import account
from generator.write.render import Tree, render

ROOT: Final = Path(__file__).resolve().parent.parent
MIGRATIONS: Final = ROOT / "migrations"


@attrs.frozen
class Emitted:
    """A package in memory."""

    tree: Tree
    """Its files, the manifest among them."""
    inputs: dict[str, str]
    """What decided on them, see `manifest.inputs`."""
    api: Api
    """The document that it was made from, in normal form."""
    view: Package
    """What was decided about it."""


@deep()
def decide(document: Document, package: str = "") -> tuple[Api, Package]:
    """Take every decision about a document's package; what is wrong ends up in its findings.

    Raises:
        DocumentError: something is so wrong that nothing can be decided.
    """
    from generator.understand.types import Graph

    api = normalise(document)
    graph = Graph(document, api.named)
    graph.check()
    return api, plan(api, graph, load(), package)


@deep()
def emit(document: Document, package: str = "") -> Emitted:
    """Return all files of the package that a document becomes.

    Raises:
        MistakesError: something in it is wrong, or cannot be emitted, and nobody has accepted that.
    """
    with document.findings.collect():
        api, view = decide(document, package)
        if document.settings.incomplete is not None:
            raise document.settings.incomplete
    document.findings.finish()
    tree = render(view, document.root, MIGRATIONS)
    account(api, view, tree)
    inputs = manifest.inputs(document, view.brand.version, MIGRATIONS)
    tree[manifest.FILE] = manifest.make(inputs, tree)
    return Emitted(tree, inputs, api, view)
