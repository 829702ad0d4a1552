"""A raw OpenAPI document: its files, its references, its operations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs
import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class _Loader(yaml.SafeLoader):
    """YAML 1.2, and as JSON has it: dates stay text, and `on` and `no` as well."""


_ASKED = ("timestamp", "bool", "float")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in listed if tag.rpartition(":")[2] not in _ASKED]
    for first, listed in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?$|[-+]?[0-9]+[eE][-+]?[0-9]+$"),
    list("-+0123456789."),
)


def _json_keys(data: Any) -> Any:
    """Make keys text: YAML reads response statuses as numbers."""
    if isinstance(data, dict):
        return {str(key): _json_keys(value) for key, value in data.items()}
    return [_json_keys(item) for item in data] if isinstance(data, list) else data


@attrs.frozen(eq=False)
class Node:
    """A place in one of the files: what is there, and where that is."""

    document: Raw
    file: Path
    pointer: str
    value: Any

    @property
    def uri(self) -> str:
        """Return the address that a validator finds it by."""
        # An URI fragment: what may not stand in one is escaped.
        pointer = "".join(
            c
            if c.isascii() and (c.isalnum() or c in "/~._-")
            else "".join(f"%{byte:02X}" for byte in c.encode())
            for c in self.pointer
        )
        return f"{self.file.as_uri()}#{pointer}"

    @property
    def name(self) -> str:
        """Return the last part of where it stands, unescaped."""
        return self.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")

    def __getitem__(self, key: str | int) -> Node:
        part = str(key).replace("~", "~0").replace("/", "~1")
        return Node(self.document, self.file, f"{self.pointer}/{part}", self.value[key])

    def get(self, key: str) -> Node | None:
        """Return a member of an object, None when there is none."""
        return self[key] if isinstance(self.value, Mapping) and key in self.value else None

    def fact(self, key: str, default: Any = None) -> Any:
        """Return the plain value of a member."""
        return self.value.get(key, default) if isinstance(self.value, Mapping) else default

    def members(self, key: str) -> Iterator[tuple[str, Node]]:
        """Yield the members of an object that is a member of this one."""
        found = self.get(key)
        if found is not None and isinstance(found.value, Mapping):
            for name in found.value:
                yield str(name), found[name]

    def items(self, key: str) -> list[Node]:
        """Return the items of a list that is a member of this object."""
        found = self.get(key)
        if found is None or not isinstance(found.value, Sequence):
            return []
        return [found[index] for index in range(len(found.value))]

    def target(self) -> Node | None:
        """Return what its ``$ref`` names, None without one."""
        ref = self.fact("$ref")
        return self.document.find(ref, self.file) if isinstance(ref, str) else None

    def solved(self) -> Node:
        """Follow references to the end."""
        node, seen = self, {self.uri}
        while (target := node.target()) is not None:
            if target.uri in seen:
                raise ValueError(f"{target.uri} refers to itself")
            seen.add(target.uri)
            node = target
        return node


class Raw:
    """A document as it was written."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.files: dict[Path, Any] = {}
        self.root = Node(self, self.path, "", self.load(self.path))
        self.three_zero = str(self.root.fact("openapi")).startswith("3.0")

    def load(self, path: Path) -> Any:
        """Read a YAML or JSON file once."""
        if path not in self.files:
            text = path.read_text(encoding="utf-8")
            self.files[path] = (
                json.loads(text) if path.suffix == ".json" else _json_keys(yaml.load(text, _Loader))
            )
        return self.files[path]

    def find(self, ref: str, base: Path) -> Node:
        """Return what a reference in a file names."""
        place, _, fragment = ref.partition("#")
        if not place and fragment and not fragment.startswith("/"):
            raise ValueError(f"{ref!r} is no pointer")
        file = (base.parent / unquote(urlsplit(place).path)).resolve() if place else base
        node = Node(self, file, "", self.load(file))
        for part in unquote(fragment).split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            node = node[int(key) if isinstance(node.value, list) else key]
        return node

    def schema(self, name: str) -> Node:
        """Return a component schema."""
        return self.root["components"]["schemas"][name]

    def schemas(self) -> Iterator[tuple[str, Node]]:
        """Yield the component schemas."""
        components = self.root.get("components")
        if components is not None:
            yield from components.members("schemas")

    def operations(self) -> Iterator[Operation]:
        """Yield every operation below ``paths``."""
        yield from self._operations("paths")

    def webhooks(self) -> Iterator[Operation]:
        """Yield every webhook."""
        yield from self._operations("webhooks")

    def _operations(self, section: str) -> Iterator[Operation]:
        for path, item in self.root.members(section):
            if path.startswith("x-"):
                continue
            # A path item may refer to one and add to it.
            solved = item.solved()
            for method in METHODS:
                node = item.get(method) or solved.get(method)
                if node is not None:
                    yield Operation(self, method.upper(), path, node, (solved, item))


@attrs.frozen(eq=False)
class Operation:
    """One operation, as the document has it."""

    document: Raw
    method: str
    path: str
    node: Node
    around: tuple[Node, ...]
    """The path items that it stands in."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def id(self) -> str:
        return str(self.node.fact("operationId") or self)

    @property
    def parameters(self) -> list[Node]:
        """Return its parameters, those of the path item unless it has its own."""
        found: dict[tuple[str, str], Node] = {}
        for owner in (*self.around, self.node):
            for given in owner.items("parameters"):
                parameter = given.solved()
                found[parameter.fact("in"), parameter.fact("name")] = parameter
        return list(found.values())

    @property
    def body(self) -> Node | None:
        given = self.node.get("requestBody")
        return None if given is None else given.solved()

    @property
    def body_required(self) -> bool:
        return bool(self.body is not None and self.body.fact("required"))

    @property
    def responses(self) -> list[tuple[str, Node]]:
        return [
            (str(status), given.solved())
            for status, given in self.node.members("responses")
            if not str(status).startswith("x-")
        ]

    @property
    def security(self) -> list[Mapping[str, Any]]:
        """Return the alternatives of which one must be met; empty when nothing is needed."""
        own = self.node.fact("security")
        given = self.document.root.fact("security", []) if own is None else own
        return list(given)
