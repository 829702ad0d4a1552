"""Many files become one document."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

from generator.read import pointer as pointers
from generator.read.anatomy import CHILDREN, LIST, MAP, REFERABLE, Node, children, cut, walk
from generator.read.document import Document
from generator.read.files import Files, Target, UnknownError
from generator.read.source import Source
from generator.text.shown import shown

_BARE_NAME: Final = re.compile(r"[a-zA-Z0-9._-]+\Z")
_PROSE: Final = frozenset({"$ref", "description", "summary", "title", "externalDocs"})
"""What may stand beside a reference and changes nothing of what it leads to."""
_DYNAMIC: Final = ("$dynamicRef", "$recursiveRef")
_ANCHORS: Final = ("$dynamicAnchor", "$recursiveAnchor", "$id")


class Assembly:
    """Makes one document of many files: every reference ends up inside."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.main = document.sources[0]
        self.files = Files(self.main, document.add)
        # Kind and target of what was moved in, to its new pointer.
        self.moved: dict[tuple[str, Any], str] = {}
        self.seen: set[int] = set()
        # Pointers of all objects of the main file, to their kinds.
        self.kinds: dict[str, str] = {}
        # References to path items, in 3.0, which has no components for them, and where operations
        # stand beside the reference (3.1.1, 4.8.9.1).
        self.path_items: list[Node] = []
        self.todo: list[Node] = []
        # What refers to nothing, to be taken out once all has been looked at.
        self.lost: list[str] = []

    def run(self) -> None:
        """Bring in all that is referred to, and point every reference to where it is now."""
        root = Node("", "document", self.document.root)
        self.kinds = {node.pointer: node.kind for node in walk(root.value)}
        self.bring_in(root)
        components = self.document.root.get("components")
        if isinstance(components, dict):
            self.bring_in(Node("/components", "components", components))
            self.claim(components)
        self.todo.append(root)
        while self.todo:
            self.point(self.todo.pop(0))
        for node in self.path_items:
            self.inline_path(node)
        if self.path_items:
            self.drop_inlined()
        self.document.remove_all(self.lost)
        self.drop_anchors()
        for error in self.files.broken:
            self.document.findings.add(error)

    def point(self, start: Node) -> None:
        """Point all references in an object to where their targets are now."""
        todo = [start]
        while todo:
            node = todo.pop()
            self.bring_in(node)
            if isinstance(node.value, dict):
                if node.kind == "discriminator":
                    self.mapping(node)
                elif node.kind == "schema":
                    self.dynamic(node)
            if node.reference is not None:
                self.reference(node)
            todo.extend(reversed(list(children(node))))

    def source(self, pointer: str) -> tuple[Source, str]:
        """Return the file that what stands at a place refers from, and its pointer there."""
        return self.document.base(pointer)

    def target(self, text: str, kind: str, at: str) -> Target:
        """Return what a reference leads to.

        Raises:
            UnknownError: nothing, or something of another kind.
        """
        found = self.files.find(text, *self.source(at))
        known = self.kinds.get(found.pointer, kind) if found.source is self.main else kind
        wanted = list if kind.endswith(LIST) else (dict, bool) if kind == "schema" else dict
        if known != kind or not isinstance(found.value, wanted):
            raise UnknownError(f"leads to something that is no {_spaced(kind)}")
        return found

    def complain(self, text: str, at: str, error: UnknownError) -> None:
        """Take down that a reference leads nowhere, unless its file says so for all."""
        if str(error):
            self.document.findings.add(self.document.unknown(text, at, str(error)))

    # Where the specification has no references, and people write them all the same

    def bring_in(self, node: Node) -> None:
        """Put in place what is referred to where no reference may stand: it is what it refers to."""
        for pointer, kind, holder, token in list(_unreferable(node)):
            seen: set[Any] = set()
            while isinstance(text := _reference(holder[token]), str):
                try:
                    found = self.target(text, kind, pointer)
                    if found.key in seen:
                        raise UnknownError("leads back to itself")
                except UnknownError as error:
                    self.complain(text, pointers.join(pointer, "$ref"), error)
                    self.lost.append(pointer)
                    # Nothing of it is looked at any more.
                    holder[token] = {}
                    break
                seen.add(found.key)
                holder[token] = self.placed(found, pointer, holder[token])

    def placed(self, found: Target, pointer: str, own: dict[str, Any]) -> Any:
        """Return a copy of what was found for another place, with what stood beside it there."""
        beside = {key: value for key, value in own.items() if key != "$ref"}
        origins = {key: self.document.origin(pointers.join(pointer, key)) for key in beside}
        self.document.came_from(pointer, found.source, found.pointer)
        if not isinstance(found.value, dict):
            return copy.deepcopy(found.value)
        for key, origin in origins.items():
            self.document.came_from(pointers.join(pointer, key), *origin)
        return {**copy.deepcopy(found.value), **beside}

    def claim(self, components: dict[str, Any]) -> None:
        """Let a component that is another file, or a part of one, be what stands there."""
        for kind, section in REFERABLE.items():
            entries: Any = components.get(section)
            for name in entries if isinstance(entries, dict) else ():
                pointer = pointers.join("/components", section, name)
                while isinstance(text := _reference(entries[name]), str):
                    entry = entries[name]
                    if not set(entry) <= _PROSE:
                        break
                    try:
                        found = self.target(text, kind, pointer)
                    except UnknownError:
                        break
                    inside = found.source is self.main and found.pointer in self.kinds
                    if inside or (kind, found.key) in self.moved:
                        break
                    self.moved[kind, found.key] = pointer
                    if self.document.version == "3.0" or not isinstance(found.value, dict):
                        entry = {}
                    entries[name] = self.placed(found, pointer, entry)

    # References

    def reference(self, node: Node) -> None:
        """Point one reference to the inside."""
        text = node.reference
        assert text is not None
        if id(node.value) in self.seen:  # Aliases share objects.
            return
        self.seen.add(id(node.value))
        try:
            node.value["$ref"] = self.inside(self.target(text, node.kind, node.pointer), node.kind)
        except UnknownError as error:
            self.complain(text, pointers.join(node.pointer, "$ref"), error)
            self.lost.extend(cut(node))
            return
        if node.kind == "pathItem" and (
            self.document.version == "3.0" or set(node.value) > {"$ref"}
        ):
            self.path_items.append(node)

    def mapping(self, node: Node) -> None:
        """Point the values of a discriminator's mapping, which are references or bare names."""
        mapping = node.value.get("mapping")
        if not isinstance(mapping, dict) or id(mapping) in self.seen:
            return
        self.seen.add(id(mapping))
        source, _ = self.source(node.pointer)
        schemas = _schemas(source)
        for tag, value in list(mapping.items()):
            if not isinstance(value, str):
                continue
            at = pointers.join(node.pointer, "mapping", tag)
            # A name of a component wins over a file of that name (3.1.1, 4.8.25.4).
            if _BARE_NAME.match(value) and value in schemas:
                value = pointers.join("#/components/schemas", value)
            elif "#" not in value and "/" not in value and "." not in value:
                self.document.wrong(
                    f"The mapping of {shown(tag)} names {shown(value)}, which is no schema",
                    at,
                    "Name a schema of components/schemas, or write a reference to one",
                    "unknown-reference",
                )
                del mapping[tag]
                continue
            try:
                mapping[tag] = self.inside(self.target(value, "schema", at), "schema")
            except UnknownError as error:
                self.complain(value, at, error)
                del mapping[tag]

    def dynamic(self, node: Node) -> None:
        """Let a dynamic reference be a plain one, which is a mistake to be accepted."""
        for keyword in _DYNAMIC:
            text = node.value.get(keyword)
            if not isinstance(text, str):
                continue
            at = pointers.join(node.pointer, keyword)
            self.document.wrong(f"{keyword} is not supported", at, "Use $ref", "dynamic-reference")
            del node.value[keyword]
            try:
                found = self.files.dynamic(keyword, text, *self.source(node.pointer))
            except UnknownError:
                continue
            node.value.setdefault("$ref", self.inside(found, "schema"))
            self.seen.add(id(node.value))

    def drop_anchors(self) -> None:
        """Take out names that nothing refers by any more: an `$id` would move all references."""
        if any(word in source.text for source in self.document.sources for word in _ANCHORS):
            for node in walk(self.document.root):
                if node.kind == "schema" and isinstance(node.value, dict):
                    for word in _ANCHORS:
                        node.value.pop(word, None)

    def inside(self, found: Target, kind: str) -> str:
        """Return a reference to the same thing inside the document; move it in if it is not."""
        if found.source is self.main and found.pointer in self.kinds:
            return "#" + _as_fragment(found.pointer)
        key = (kind, found.key)
        if key not in self.moved:
            self.moved[key] = self.move(kind, found)
            self.todo.append(Node(self.moved[key], kind, self.document.at(self.moved[key])))
        return "#" + _as_fragment(self.moved[key])

    def move(self, kind: str, found: Target) -> str:
        """Copy an object of another file into `components`; return where it is now."""
        section = REFERABLE[kind]
        tokens = pointers.split(found.pointer)
        name = tokens[-1] if tokens else found.source.path.stem
        name = re.sub(r"[^a-zA-Z0-9._-]+", "_", name).strip("_") or "External"
        components = self.document.root.setdefault("components", {})
        taken = components.setdefault(section, {})
        given, count = name, 1
        while given in taken:
            count += 1
            given = f"{name}_{count}"
        # A copy: the same object, seen from two kinds or files, must not be pointed twice.
        taken[given] = copy.deepcopy(found.value)
        new = pointers.join("/components", section, given)
        self.document.came_from(new, found.source, found.pointer)
        return new

    # Path items

    def inline_path(self, node: Node) -> None:
        """Put what a path item refers to in its place."""
        seen: set[str] = set()
        while isinstance(node.value.get("$ref"), str):
            text = node.value.pop("$ref")
            if text in seen:
                error = self.document.endless(text, node.pointer)
                self.document.findings.add(error)
                return
            seen.add(text)
            target = pointers.from_fragment(text[1:])
            for key, item in self.document.at(target).items():
                if key not in node.value:
                    node.value[key] = copy.deepcopy(item)
                    origin = self.document.origin(pointers.join(target, key))
                    self.document.came_from(pointers.join(node.pointer, key), *origin)

    def drop_inlined(self) -> None:
        """Remove path items that were moved in and are now where they were referred to."""
        root = self.document.root
        used = {node.reference for node in walk(root) if node.kind == "pathItem"}
        moved = {new for (kind, _), new in self.moved.items() if kind == "pathItem"}
        components = root.get("components", {})
        section = components.get("pathItems", {})
        for name in list(section):
            at = pointers.join("/components/pathItems", name)
            if at in moved and "#" + _as_fragment(at) not in used:
                del section[name]
        if not section:
            components.pop("pathItems", None)


def _reference(value: Any) -> Any:
    return value.get("$ref") if isinstance(value, dict) else None


def _unreferable(node: Node) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield the places right below an object where the specification has no references.

    Each with its pointer, kind, and what holds it under which key.
    """
    known = CHILDREN.get(node.kind)
    if known is None or not isinstance(node.value, dict):
        return
    for name, item in node.value.items():
        kind = known.get(name) if "*" not in known else None
        if kind is None or not isinstance(item, (dict, list)):
            continue
        at = pointers.join(node.pointer, name)
        bare = kind.rstrip("*[]")
        if kind != bare and isinstance(_reference(item), str):
            yield at, kind, node.value, name
        elif bare in REFERABLE:
            continue
        elif kind == bare:
            yield at, kind, node.value, name
        else:
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
            for key, _ in pairs:
                yield pointers.join(at, key), bare, item, key


def _schemas(source: Source) -> dict[str, Any]:
    """Return the schemas of a file's components."""
    try:
        schemas = pointers.find(source.data, "/components/schemas")
    except (LookupError, TypeError):
        return {}
    return schemas if isinstance(schemas, dict) else {}


def _spaced(kind: str) -> str:
    if kind.endswith((MAP, LIST)):
        return ("map of " if kind.endswith(MAP) else "list of ") + _spaced(kind.rstrip("*[]")) + "s"
    return re.sub(r"([A-Z])", r" \1", kind).lower()


def _as_fragment(pointer: str) -> str:
    """Return what stands after the ``#``; of what URIs forbid, only the ambiguous is escaped."""
    return pointer.replace("%", "%25")
