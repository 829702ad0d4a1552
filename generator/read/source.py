"""One file of a document: its data, and where in the file each node stands.

YAML is read by the core schema of YAML 1.2, which is JSON's types: `no` and `on` are text, and so
are dates. JSON is read by `json`; the places in it are found only when somebody asks.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from generator.read.json_source import Content, NoJsonError, read_json
from generator.read.position import DocumentError, Position
from generator.read.yaml_source import read_yaml


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


_JSON: Final = re.compile(r"\s*(?:\{\s*\"|\[\s*[\[{])")


class Source:
    """A file that has been read."""

    def __init__(self, path: Path, name: str, text: str, content: Content) -> None:
        self.path = path
        """Where it is."""
        self.name = name
        """What messages call it."""
        self.text = text
        self.data, self.position, self.problems = content
        """``data``: plain dicts with text as keys, lists, text, numbers, booleans and None.
        ``position``: the place of a node by its JSON pointer, or of the nearest one above it.
        ``problems``: what is wrong with single nodes."""


def read(path: Path, name: str) -> Source:
    """Read a YAML or JSON file.

    Raises:
        DocumentError: it cannot be read, or is not YAML or JSON.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DocumentError(
            f"The file cannot be read: {reason}", Position(name), "Check the path", "syntax"
        ) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            "The file is not text in UTF-8", Position(name, line), "Save it as UTF-8", "syntax"
        ) from None
    try:
        content = _content(path, text, name)
    except RecursionError:
        raise DocumentError(
            "The document is nested too deeply",
            Position(name),
            "Nest less than 200 levels",
            "syntax",
        ) from None
    except ValueError as error:
        # Python refuses to read numbers of more than 4300 digits.
        raise DocumentError(
            f"A value cannot be read: {error}", Position(name), "Write a shorter number", "syntax"
        ) from None
    return Source(path, name, text, content)


def _content(path: Path, text: str, name: str) -> Content:
    """Read what looks like JSON as JSON; where it is not, a YAML file may begin like that too."""
    if path.suffix.lower() != ".json" and text.lstrip()[:1] not in ("{", "["):
        return read_yaml(text, name)
    try:
        # Nearly all JSON is YAML too, but not its escapes of surrogate pairs.
        return read_json(text, name)
    except NoJsonError as error:
        if path.suffix.lower() == ".json":
            raise
        try:
            return read_yaml(text, name)
        except DocumentError as no_yaml:
            # What begins like JSON to the second character was meant to be JSON.
            raise (error if _JSON.match(text) else no_yaml) from None
