"""Many files become one document."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from generator.read import pointer as pointers
from generator.read.anatomy import REFERABLE, Node, walk
from generator.read.document import Document
from generator.read.position import DocumentError, Position, endless, unknown
from generator.read.source import Source, read
from generator.text.shown import shown

_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_BARE_NAME: Final = re.compile(r"[a-zA-Z0-9._-]+\Z")


class _UnknownError(ValueError):
    """Why a reference leads nowhere."""


def checked_root(source: Source) -> dict[str, Any]:
    """Return the root of a document whose version we know."""
    root = source.data
    start = Position(source.name)
    if not isinstance(root, dict):
        raise DocumentError(
            "This is not an OpenAPI document: it is not a mapping", start, "Start with `openapi:`"
        )
    if "swagger" in root:
        raise DocumentError(
            f"OpenAPI {root['swagger']} (Swagger) is not supported, only 3.0 and 3.1",
            source.position("/swagger"),
            "Convert the document to OpenAPI 3.1, for instance with swagger2openapi",
        )
    version = root.get("openapi")
    if "openapi" not in root:
        raise DocumentError(
            "This is not an OpenAPI document: the key `openapi` is missing",
            start,
            "Start with `openapi: 3.1.0`",
        )
    at = source.position("/openapi")
    if not isinstance(version, str):
        raise DocumentError(
            f"The OpenAPI version is {version}, which is not text",
            at,
            "Write it with three numbers, `3.1.0`",
        )
    if not re.match(r"3\.[01]\.\d+", version):
        raise DocumentError(
            f"OpenAPI {shown(version)[1:-1]} is not supported, only 3.0 and 3.1",
            at,
            "Write the document in OpenAPI 3.1 (3.1.0) or 3.0 (3.0.3)",
        )
    return root


class Assembly:
    """Makes one document of many files: every reference ends up inside."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.main = document.sources[0]
        self.files: dict[Path, Source] = {self.main.path.resolve(): self.main}
        # Kind, file and pointer of what was moved in, to its new pointer.
        self.moved: dict[tuple[str, Path, str], str] = {}
        self.anchors: dict[Path, dict[str, str]] = {}
        self.seen: set[int] = set()
        # Pointers of all objects of the main file, to their kinds.
        self.kinds: dict[str, str] = {}
        # References to path items, in 3.0, which has no components for them, and where operations
        # stand beside the reference (3.1.1, 4.8.9.1).
        self.path_items: list[Node] = []

    def run(self) -> None:
        """Bring in all that is referred to, and point every reference to where it is now."""
        todo: list[tuple[Node, Source]] = [(Node("", "document", self.document.root), self.main)]
        self.kinds = {node.pointer: node.kind for node in walk(self.document.root)}
        while todo:
            start, source = todo.pop(0)
            # All nodes first: what is moved in is walked with its own file.
            for node in list(walk(start.value, start.kind, start.pointer)):
                self.check_base(node)
                if node.kind == "discriminator":
                    todo.extend(self.mapping(node, source))
                elif node.reference is not None:
                    todo.extend(self.reference(node, source))
        for node in self.path_items:
            self.inline_path(node)
        if self.path_items:
            self.drop_inlined()

    def drop_inlined(self) -> None:
        """Remove path items that were moved in and are now where they were referred to."""
        root = self.document.root
        used = {node.reference for node in walk(root) if node.kind == "pathItem"}
        moved = {new for (kind, _, _), new in self.moved.items() if kind == "pathItem"}
        components = root.get("components", {})
        section = components.get("pathItems", {})
        for name in list(section):
            at = pointers.join("/components/pathItems", name)
            if at in moved and "#" + _as_fragment(at) not in used:
                del section[name]
        if not section:
            components.pop("pathItems", None)

    def check_base(self, node: Node) -> None:
        """Refuse what changes the meaning of references."""
        if node.kind == "schema" and isinstance(node.value, dict):
            for keyword in ("$id", "$dynamicRef", "$recursiveRef"):
                if isinstance(node.value.get(keyword), str):
                    raise DocumentError(
                        f"The keyword {keyword} is not supported",
                        self.document.position(pointers.join(node.pointer, keyword)),
                        "Refer to schemas by $ref with a file name or a JSON pointer",
                    )

    def reference(self, node: Node, source: Source) -> list[tuple[Node, Source]]:
        """Point one reference to the inside; return what that brought in, still to be walked."""
        text = node.reference
        assert text is not None
        if id(node.value) in self.seen:  # Aliases share objects.
            return []
        self.seen.add(id(node.value))
        target, brought = self.target(text, node.kind, source, node.pointer)
        if target != text:
            node.value["$ref"] = target
        if node.kind == "pathItem" and (
            self.document.version == "3.0" or set(node.value) > {"$ref"}
        ):
            self.path_items.append(node)
        return brought

    def mapping(self, node: Node, source: Source) -> list[tuple[Node, Source]]:
        """Point the values of a discriminator's mapping, which are references or bare names."""
        mapping = node.value.get("mapping")
        found: list[tuple[Node, Source]] = []
        if not isinstance(mapping, dict) or id(mapping) in self.seen:
            return found
        self.seen.add(id(mapping))
        schemas = self.schemas(self.main if source is self.main else source)
        for tag, value in mapping.items():
            if not isinstance(value, str):
                continue
            # A name of a component wins over a file of that name (3.1.1, 4.8.25.4).
            if _BARE_NAME.match(value) and value in schemas:
                value = pointers.join("#/components/schemas", value)
            elif "#" not in value and "/" not in value and "." not in value:
                raise DocumentError(
                    f"The mapping of {shown(tag)} names {shown(value)}, which is no schema",
                    self.document.position(pointers.join(node.pointer, "mapping", tag)),
                    "Name a schema of components/schemas, or write a reference to one",
                )
            mapping[tag], brought = self.target(
                value, "schema", source, pointers.join(node.pointer, "mapping", tag)
            )
            found.extend(brought)
        return found

    @staticmethod
    def schemas(source: Source) -> dict[str, Any]:
        """Return the schemas of a file's components."""
        try:
            schemas = pointers.find(source.data, "/components/schemas")
        except (LookupError, TypeError):
            return {}
        return schemas if isinstance(schemas, dict) else {}

    def target(
        self, text: str, kind: str, source: Source, holder: str
    ) -> tuple[str, list[tuple[Node, Source]]]:
        """Return a reference to the same thing inside the document, and what was moved in."""
        file, _, fragment = text.partition("#")
        try:
            if _SCHEME.match(file) or file.startswith("//"):
                raise _UnknownError("is on another machine")
            other = self.file(file, source) if file else source
            pointer = self.pointer(fragment, other)
            value = pointers.find(other.data, pointer)
            found = self.kinds.get(pointer, kind) if other is self.main else kind
            if found != kind or not isinstance(value, dict if kind != "schema" else (dict, bool)):
                raise _UnknownError(f"leads to something that is no {_spaced(kind)}")
        except (LookupError, TypeError, ValueError) as error:
            why = str(error) if isinstance(error, _UnknownError) else "leads nowhere"
            place = self.document.position(pointers.join(holder, "$ref"))
            raise unknown(text, place, why) from None
        if other is self.main and pointer in self.kinds:
            return "#" + _as_fragment(pointer), []
        key = (kind, other.path.resolve(), pointer)
        if key in self.moved:
            return "#" + _as_fragment(self.moved[key]), []
        new = self.move(kind, value, other, pointer)
        self.moved[key] = new
        return "#" + _as_fragment(new), [(Node(new, kind, self.document.at(new)), other)]

    def file(self, name: str, source: Source) -> Source:
        """Return the file that another one names, read once."""
        path = source.path.parent / unquote(name)
        key = path.resolve()
        if key not in self.files:
            if not path.is_file():
                raise _UnknownError("names a file that is not there")
            self.files[key] = read(path, str(Path(source.name).parent / unquote(name)))
            self.document.sources.append(self.files[key])
        return self.files[key]

    def pointer(self, fragment: str, source: Source) -> str:
        """Return the pointer that a fragment stands for: a pointer itself, or an anchor."""
        pointer = pointers.from_fragment(fragment)
        if not pointer or pointer.startswith("/"):
            return pointer
        key = source.path.resolve()
        if key not in self.anchors:
            kind = "document" if "openapi" in source.data else "schema"
            self.anchors[key] = {
                node.value["$anchor"]: node.pointer
                for node in walk(source.data, kind)
                if node.kind == "schema"
                and isinstance(node.value, dict)
                and isinstance(node.value.get("$anchor"), str)
            }
        return self.anchors[key][pointer]

    def move(self, kind: str, value: Any, source: Source, pointer: str) -> str:
        """Copy an object of another file into `components`; return where it is now."""
        section = REFERABLE[kind]
        tokens = pointers.split(pointer)
        name = tokens[-1] if tokens else source.path.stem
        name = re.sub(r"[^a-zA-Z0-9._-]+", "_", name).strip("_") or "External"
        components = self.document.root.setdefault("components", {})
        taken = components.setdefault(section, {})
        given, count = name, 1
        while given in taken:
            count += 1
            given = f"{name}_{count}"
        # A copy: the same object, seen from two kinds or files, must not be pointed twice.
        taken[given] = copy.deepcopy(value)
        new = pointers.join("/components", section, given)
        self.document.came_from(new, source, pointer)
        return new

    def inline_path(self, node: Node) -> None:
        """Put what a path item refers to in its place."""
        seen: set[str] = set()
        while isinstance(node.value.get("$ref"), str):
            text = node.value.pop("$ref")
            if text in seen:
                raise endless(text, self.document.position(node.pointer))
            seen.add(text)
            target = pointers.from_fragment(text[1:])
            for key, item in self.document.at(target).items():
                if key not in node.value:
                    node.value[key] = copy.deepcopy(item)
                    origin = self.document.origin(pointers.join(target, key))
                    self.document.came_from(pointers.join(node.pointer, key), *origin)


def _spaced(kind: str) -> str:
    return re.sub(r"([A-Z])", r" \1", kind).lower()


def _as_fragment(pointer: str) -> str:
    """Return what stands after the ``#``; of what URIs forbid, only the ambiguous is escaped."""
    return pointer.replace("%", "%25")
