"""YAML 1.2 from PyYAML's nodes, with the place of every node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Final

import yaml

from generator.read import pointer as pointers
from generator.read.json_source import INFINITE, Content, offset_position
from generator.read.position import DocumentError, Position, duplicate

_PyYaml: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_PyYaml):  # type: ignore[misc]
    """PyYAML's reader, without its opinion (YAML 1.1's) of what a plain text means."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z")
_OTHER_BASE: Final = re.compile(r"0o([0-7]+)\Z|0x([0-9a-fA-F]+)\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_WORDS: Final[dict[str, Any]] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAY_BE_TYPED: Final = frozenset("+-.0123456789")
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(_TAG + kind for kind in ("int", "float", "bool", "null"))
_MERGE: Final = "<<"
_MOST_NODES: Final = 5_000_000
"""As many may there be once every alias is written out; more is a trap, not a document."""


def read_yaml(text: str, name: str) -> Content:
    """Return the data of a YAML text, where in it each node stands, and what is wrong there.

    Raises:
        DocumentError: it cannot be read.
    """
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = Position(name, mark.line + 1, mark.column + 1) if mark else Position(name)
        raise DocumentError(
            f"Not valid YAML: {_yaml_problem(error)}", position, _ADVICE, "syntax"
        ) from None
    except yaml.reader.ReaderError as error:
        offset = min(error.position, len(text)) if isinstance(error.position, int) else 0
        raise DocumentError(
            f"Not valid YAML: {error.reason}",
            offset_position(text, offset, name),
            _ADVICE,
            "syntax",
        ) from None
    if root is None:
        raise DocumentError(
            "The file is empty", Position(name), "Write an OpenAPI document", "syntax"
        )
    maker = _Maker(name, text)
    data = maker.make(root)

    index: dict[int, dict[str, tuple[Any, Any]]] = {}

    def locate(pointer: str) -> Position:
        return _mark(name, _yaml_node(root, pointers.split(pointer), index))

    return data, locate, maker.problems


_ADVICE: Final = "Correct the syntax; indentation and quotes are the usual causes"


def _yaml_problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "unknown problem"
    if error.context and error.context_mark:
        return f"{problem}, {error.context} that begins in line {error.context_mark.line + 1}"
    return f"{problem}, {error.context}" if error.context else str(problem)


def _mark(name: str, node: Any) -> Position:
    return Position(name, node.start_mark.line + 1, node.start_mark.column + 1)


def _yaml_node(node: Any, tokens: list[str], index: dict[int, dict[str, tuple[Any, Any]]]) -> Any:
    """Return the node of a key or item; where there is none, of the nearest one above."""
    found = node
    for token in tokens:
        if isinstance(node, yaml.MappingNode):
            if id(node) not in index:
                # What is written out wins over what is merged, and of two the last.
                written = {key.value: (key, value) for key, value in _written(node)}
                for key, value in _merged(node):
                    written.setdefault(key.value, (key, value))
                index[id(node)] = written
            entry = index[id(node)].get(token)
            if entry is None:
                return found
            found, node = entry
        elif isinstance(node, yaml.SequenceNode) and token.isdigit():
            if int(token) >= len(node.value):
                return found
            found = node = node.value[int(token)]
        else:
            return found
    return found


def _written(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the keys and values that a mapping writes out."""
    return (
        (key, value)
        for key, value in node.value
        if isinstance(key, yaml.ScalarNode) and not _is_merge(key)
    )


def _merged(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the keys and values that a mapping merges, the first of each name the one that holds."""
    for key, value in node.value:
        if _is_merge(key):
            parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for part in parts:
                if isinstance(part, yaml.MappingNode):
                    yield from _written(part)
                    yield from _merged(part)


def _is_merge(key: Any) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.value == _MERGE and not key.style


class _Maker:
    """Makes plain data of nodes. An alias gives the very same object as its anchor."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.made: dict[int, Any] = {}
        self.open: set[int] = set()
        self.count = 0
        self.sizes: dict[int, int] = {}
        self.problems: list[DocumentError] = []
        # Keys and indexes down to where we are.
        self.here: list[str | int] = []

    def make(self, node: Any) -> Any:
        self.count += 1
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        key = id(node)
        if key in self.made:
            self.count += self.sizes[key]
            if self.count > _MOST_NODES:
                raise DocumentError(
                    f"Aliases multiply the document to more than {_MOST_NODES:,} nodes",
                    _mark(self.name, node),
                    "Use $ref instead of aliases",
                    "syntax",
                )
            return self.made[key]
        before = self.count
        if key in self.open:
            raise DocumentError(
                f"An alias in {pointers.make(self.here)} stands for something that contains it",
                _mark(self.name, node),
                "Use $ref for recursion",
                "syntax",
            )
        self.open.add(key)
        if isinstance(node, yaml.SequenceNode):
            self.tag(node, "seq")
            value: Any = []
            for index, item in enumerate(node.value):
                self.here.append(index)
                value.append(self.make(item))
                self.here.pop()
        else:
            self.tag(node, "map")
            value = self.mapping(node)
        self.open.discard(key)
        self.made[key] = value
        self.sizes[key] = self.count - before
        return value

    def mapping(self, node: Any) -> dict[str, Any]:
        value: dict[str, Any] = {}
        merges = []
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.wrong("A key is not text", key, "Write a plain or quoted text")
                continue
            if _is_merge(key):
                merges.append(item)
                continue
            self.here.append(key.value)
            if key.value in value:
                self.problems.append(
                    duplicate(key.value, pointers.make(self.here), _mark(self.name, key))
                )
            value[key.value] = self.make(item)
            self.here.pop()
        for merge in merges:
            parts = merge.value if isinstance(merge, yaml.SequenceNode) else [merge]
            for part in parts:
                if not isinstance(part, yaml.MappingNode):
                    self.wrong(
                        "A merge key << takes a mapping or a list of mappings",
                        part,
                        "Give it the alias of a mapping",
                    )
                    continue
                for key, item in self.make(part).items():
                    value.setdefault(key, item)
        return value

    def tag(self, node: Any, kind: str) -> None:
        if node.tag != _TAG + kind:
            self.unknown_tag(node)

    def unknown_tag(self, node: Any) -> None:
        shown = node.tag.replace(_TAG, "!!")
        self.wrong(f"The tag {shown} has no meaning in an OpenAPI document", node, "Remove it")

    def wrong(self, what: str, node: Any, advice: str) -> None:
        """Take down what is wrong with one node."""
        at = "#" + pointers.make(self.here)
        self.problems.append(DocumentError(what, _mark(self.name, node), advice, "syntax", at))

    def scalar(self, node: Any) -> Any:
        text: str = node.value
        tag: str = node.tag
        if tag == _TAG + "str":
            if not node.style and not self.text.startswith("!", node.start_mark.index):
                return self.plain(node, text)
            return text
        if tag not in _PLAIN_TAGS:
            self.unknown_tag(node)
        return self.plain(node, text)

    def plain(self, node: Any, text: str) -> Any:
        """Read a plain text by the core schema (YAML 1.2.2, section 10.3.2)."""
        if text[:1] not in _MAY_BE_TYPED:
            return _WORDS.get(text, text)
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.match(text):
            return int(text)
        other = _OTHER_BASE.match(text)
        if other:
            return int(other[1], 8) if other[1] else int(other[2], 16)
        number = float(text) if _FLOAT.match(text) else None
        if number in INFINITE or _NOT_FINITE.match(text):
            self.wrong(f"{text} is not a JSON value", node, "Write a number or null")
            return None
        return text if number is None else number
