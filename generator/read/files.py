"""The files of a document, and what a reference in one of them means."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urldefrag, urljoin

import attrs

from generator.read import pointer as pointers
from generator.read.anatomy import Node, walk
from generator.read.position import DocumentError
from generator.read.source import Source, read

_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")


class UnknownError(ValueError):
    """Why a reference leads nowhere; empty once something else has said so."""


@attrs.frozen
class Target:
    """What a reference leads to."""

    source: Source
    pointer: str
    value: Any

    @property
    def key(self) -> tuple[Path, str]:
        """What two references to the same thing share."""
        return self.source.path.resolve(), self.pointer


class Files:
    """The files that a document is made of, each read once."""

    def __init__(self, main: Source, found: Callable[[Source], None]) -> None:
        self.main = main
        self.broken: list[DocumentError] = []
        """Why files could not be read."""
        self._found = found
        self._files: dict[Path, Source | None] = {}
        self._anchors: dict[Path, dict[str, str]] = {}
        # Base URIs: where each `$id` says that it is, and of each file which pointers have one.
        self._ids: dict[str, tuple[Source, str]] = {}
        self._bases: dict[Path, dict[str, str]] = {}
        self._take(main)

    def _take(self, source: Source) -> None:
        key = source.path.resolve()
        self._files[key] = source
        if "$id" not in source.text:
            return
        bases: dict[str, str] = {}
        for node in walk(source.data, _kind(source)):
            if node.kind == "schema" and isinstance(node.value, dict):
                own = node.value.get("$id")
                if isinstance(own, str):
                    uri, _ = urldefrag(urljoin(_above(bases, node.pointer), own))
                    bases[node.pointer] = uri
                    self._ids.setdefault(uri, (source, node.pointer))
        self._bases[key] = bases

    def find(self, text: str, source: Source, at: str) -> Target:
        """Return what a reference in a file leads to.

        Args:
            text: the reference.
            source: the file that it stands in.
            at: the pointer in that file of the object that holds it.

        Raises:
            UnknownError: it leads nowhere.
        """
        try:
            found = self._by_id(text, source, at)
            if found is not None:
                return found
            file, _, fragment = text.partition("#")
            if _SCHEME.match(file) or file.startswith("//"):
                raise UnknownError("is on another machine")
            other = self._open(file, source) if file else source
            return self._inside(other, fragment)
        except UnknownError:
            raise
        except (LookupError, TypeError, ValueError):
            raise UnknownError("leads nowhere") from None

    def _inside(self, source: Source, fragment: str, base: str = "") -> Target:
        pointer = pointers.from_fragment(fragment)
        if pointer and not pointer.startswith("/"):
            pointer = self._anchor(pointer, source)
        else:
            pointer = base + pointer
        return Target(source, pointer, pointers.find(source.data, pointer))

    def _by_id(self, text: str, source: Source, at: str) -> Target | None:
        """Return what a reference means by the base URIs that `$id` gives, if anything."""
        if not self._ids:
            return None
        base = _above(self._bases.get(source.path.resolve(), {}), at)
        uri, fragment = urldefrag(urljoin(base, text))
        known = self._ids.get(uri) if uri else None
        if known is None:
            return None
        other, holder = known
        try:
            return self._inside(other, fragment, holder)
        except (LookupError, TypeError, ValueError):
            # Many who write an `$id` go on referring to their document by `#/components`.
            return None

    def _open(self, name: str, source: Source) -> Source:
        """Return the file that another one names."""
        path = source.path.parent / unquote(name)
        key = path.resolve()
        if key not in self._files:
            if not path.is_file():
                raise UnknownError("names a file that is not there")
            try:
                read_now = read(path, str(Path(source.name).parent / unquote(name)))
            except DocumentError as error:
                self._files[key] = None
                self.broken.append(error)
            else:
                self._take(read_now)
                self._found(read_now)
        found = self._files[key]
        if found is None:
            raise UnknownError("")
        return found

    def _anchor(self, name: str, source: Source) -> str:
        """Return the pointer that an anchor stands for."""
        key = source.path.resolve()
        if key not in self._anchors:
            self._anchors[key] = {
                node.value[word]: node.pointer
                for node in walk(source.data, _kind(source))
                if node.kind == "schema" and isinstance(node.value, dict)
                for word in ("$dynamicAnchor", "$anchor")
                if isinstance(node.value.get(word), str)
            }
        return self._anchors[key][name]

    def dynamic(self, keyword: str, text: str, source: Source, at: str) -> Target:
        """Return what a dynamic reference leads to while nothing is put in its place.

        Raises:
            UnknownError: it leads nowhere.
        """
        if keyword == "$dynamicRef":
            return self.find(text, source, at)
        # The outermost schema around it that says so, in the words of JSON Schema 2019-09.
        start = Node("", _kind(source), source.data)
        around = [
            node
            for node in walk(start.value, start.kind)
            if node.kind == "schema" and (at == node.pointer or at.startswith(node.pointer + "/"))
        ]
        said = [node for node in around if node.value.get("$recursiveAnchor") is True] or around
        if text != "#" or not said:
            raise UnknownError("leads nowhere")
        return Target(source, said[0].pointer, said[0].value)


def _kind(source: Source) -> str:
    return "document" if isinstance(source.data, dict) and "openapi" in source.data else "schema"


def _above(bases: dict[str, str], at: str) -> str:
    """Return the base URI of a place: that of the nearest schema around it with an `$id`."""
    while at not in bases:
        if not at:
            return ""
        at = at.rpartition("/")[0]
    return bases[at]
