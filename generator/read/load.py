"""From files to one document, and all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generator.read import accepted, overlay, settings
from generator.read.assembly import Assembly
from generator.read.document import Document
from generator.read.findings import Findings
from generator.read.position import DocumentError, Position
from generator.read.source import Source, no_garbage, read
from generator.read.validation import validate as check
from generator.text.shown import shown


def load_document(
    path: Path | str,
    *,
    name: str | None = None,
    validate: bool = True,
    overlays: Sequence[Path] = (),
) -> Document:
    """Read a document with all files that it refers to, and check it.

    Args:
        path: a YAML or JSON file.
        name: what messages call it; by default the path as given.
        validate: whether to hold it to the specification; False is for documents that were
            held to it before.
        overlays: OpenAPI Overlays to be applied, in this order.

    Raises:
        MistakesError: it cannot be read, is not valid, or refers to what is not there, and nobody has
            accepted that.
    """
    document = read_document(path, name=name, validate=validate, overlays=overlays)
    document.findings.settle()
    return document


def read_document(
    path: Path | str,
    *,
    name: str | None = None,
    validate: bool = True,
    overlays: Sequence[Path] = (),
) -> Document:
    """Read a document likewise; what is wrong with it is in its findings, and it can be used.

    Raises:
        DocumentError: it cannot be read at all.
    """
    with no_garbage():
        source = read(Path(path), name or str(path))
        findings = Findings()
        document = Document(source, checked_root(source), findings)
        with findings.collect():
            if (found := settings.load(source.path, source.name)) is not None:
                document.settings, said = found
                document.sources.append(said)
        with findings.collect():
            beside = accepted.load(source.path, source.name, findings)
            if beside is not None:
                document.sources.append(beside)
        for file in overlays:
            overlay.apply(file, document)
        Assembly(document).run()
        if validate:
            check(document)
    return document


def checked_root(source: Source) -> dict[str, Any]:
    """Return the root of a document whose version we know.

    Raises:
        DocumentError: it is none.
    """
    root = source.data
    start = Position(source.name)
    if not isinstance(root, dict):
        raise _no_document("it is not a mapping", start)
    if "swagger" in root:
        raise DocumentError(
            f"OpenAPI {root['swagger']} (Swagger) is not supported, only 3.0 to 3.2",
            source.position("/swagger"),
            "Convert the document to OpenAPI 3.1, for instance with swagger2openapi",
            "version",
        )
    version = root.get("openapi")
    if "openapi" not in root:
        raise _no_document("the key `openapi` is missing", start)
    at = source.position("/openapi")
    if not isinstance(version, str):
        raise DocumentError(
            f"The OpenAPI version is {version}, which is not text",
            at,
            "Write it with three numbers, `3.1.0`",
            "version",
        )
    if not re.match(r"3\.[012]\.\d+", version):
        raise DocumentError(
            f"OpenAPI {shown(version)[1:-1]} is not supported, only 3.0 to 3.2",
            at,
            "Write the document in OpenAPI 3.1 (3.1.0) or 3.0 (3.0.3)",
            "version",
        )
    return root


def _no_document(why: str, at: Position) -> DocumentError:
    return DocumentError(
        f"This is not an OpenAPI document: {why}", at, "Start with `openapi: 3.1.0`", "version"
    )
