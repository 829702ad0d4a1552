"""From a file to one checked document."""

from __future__ import annotations

from pathlib import Path

from generator.read.assembly import Assembly, checked_root
from generator.read.document import Document
from generator.read.source import no_garbage, read
from generator.read.validation import validate as check


def load_document(path: Path | str, *, name: str | None = None, validate: bool = True) -> Document:
    """Read a document with all files that it refers to, and check it.

    Args:
        path: a YAML or JSON file.
        name: what messages call it; by default the path as given.
        validate: whether to hold it to the specification; False is for documents that were
            held to it before.

    Raises:
        DocumentError: it cannot be read, is not valid, or refers to what is not there.
    """
    with no_garbage():
        source = read(Path(path), name or str(path))
        document = Document(source, checked_root(source))
        Assembly(document).run()
        if validate:
            check(document)
    return document
