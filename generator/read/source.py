"""One file of a document: its data, and where in the file each node stands.

YAML is read by the core schema of YAML 1.2, which is JSON's types: `no` and `on` are text, and so
are dates. JSON is read by `json`; the places in it are found only when somebody asks.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from generator.read.json_source import (
    read_json,
)
from generator.read.position import DocumentError, Position
from generator.read.yaml_source import (
    read_yaml,
)


@contextmanager
def no_garbage() -> Generator[None]:
    """Do not look for garbage meanwhile: in a large document that takes longer than reading it."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Source:
    """A file that has been read."""

    def __init__(
        self, path: Path, name: str, text: str, data: Any, locate: Callable[[str], Position]
    ) -> None:
        self.path = path
        """Where it is."""
        self.name = name
        """What messages call it."""
        self.text = text
        self.data = data
        """Plain dicts with text as keys, lists, text, numbers, booleans and None."""
        self.position = locate
        """The place of a node by its JSON pointer, or of the nearest one above it."""


def read(path: Path, name: str) -> Source:
    """Read a YAML or JSON file.

    Raises:
        DocumentError: it cannot be read, or is not YAML or JSON.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DocumentError(
            f"The file cannot be read: {reason}", Position(name), "Check the path"
        ) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            "The file is not text in UTF-8", Position(name, line), "Save it as UTF-8"
        ) from None
    try:
        # Nearly all JSON is YAML too, but not its escapes of surrogate pairs.
        is_json = path.suffix.lower() == ".json" or text.lstrip()[:1] in ("{", "[")
        data, locate = read_json(text, name) if is_json else read_yaml(text, name)
    except RecursionError:
        raise DocumentError(
            "The document is nested too deeply", Position(name), "Nest less than 200 levels"
        ) from None
    except ValueError as error:
        # Python refuses to read numbers of more than 4300 digits.
        raise DocumentError(
            f"A value cannot be read: {error}", Position(name), "Write a shorter number"
        ) from None
    return Source(path, name, text, data, locate)
