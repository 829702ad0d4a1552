"""One file of a document: its data, and where in the file each node stands.

YAML is read by the core schema of YAML 1.2, which is JSON's types: `no` and `on` are text, and so
are dates. JSON is read by `json`; the places in it are found only when somebody asks.
"""

from __future__ import annotations

import gc
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs
import yaml

from generator import pointer as pointers


@attrs.frozen(slots=True, order=True)
class Position:
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class DocumentError(Exception):
    """Something is wrong with the document. The message is one line, ready to be printed."""

    def __init__(self, what: str, position: Position | None, advice: str = "") -> None:
        self.what = _sentence(what)
        """What is wrong."""
        self.position = position
        """Where; None when no file could be read at all."""
        self.advice = _sentence(advice)
        """What to do about it."""
        where = f"{position}: " if position else ""
        super().__init__(" ".join(f"{where}{self.what} {self.advice}".split()))


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text[-1] in ".?!" else text + "."


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
        data, locate = _read_json(text, name) if is_json else _read_yaml(text, name)
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


# JSON


class _ConstantError(Exception):
    """NaN or Infinity."""


def _read_json(text: str, name: str) -> tuple[Any, Callable[[str], Position]]:
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            seen: set[str] = set()
            repeated.extend(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return found

    def constant(value: str) -> Any:
        raise _ConstantError(value)

    def number(value: str) -> float:
        return constant(value) if float(value) in _INFINITE else float(value)

    try:
        data = json.loads(
            text, object_pairs_hook=pairs, parse_constant=constant, parse_float=number
        )
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"Not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}",
            Position(name, error.lineno, error.colno),
            "Correct the syntax",
        ) from None
    except _ConstantError as error:
        at = re.search(rf"(?<![\"\w]){re.escape(str(error))}\b", text)
        raise DocumentError(
            f"{error} is not a JSON value",
            _offset_position(text, at.start() if at else 0, name),
            "Write a number or null",
        ) from None
    if repeated:
        for key, pointer, offset, known in _json_keys(text):
            if known:
                raise _duplicate(key, pointer, _offset_position(text, offset, name))
    if _SURROGATE.search(text):
        for match in _JSON_TOKEN.finditer(text):
            if match[0][0] == '"' and _is_broken(json.loads(match[0], strict=False)):
                raise DocumentError(
                    "A text holds half of a surrogate pair, which is no character",
                    _offset_position(text, match.start(), name),
                    "Write the character itself, or both halves",
                )
    offsets: dict[str, int] = {}
    starts: list[int] = []

    def locate(pointer: str) -> Position:
        if not offsets:
            for _, at, offset, _ in _json_keys(text):
                offsets.setdefault(at, offset)
            starts.append(0)
            starts.extend(match.end() for match in re.finditer("\n", text))
        while pointer and pointer not in offsets:
            pointer = pointer.rpartition("/")[0]
        offset = offsets.get(pointer, 0)
        line = bisect_right(starts, offset)
        return Position(name, line, offset - starts[line - 1] + 1)

    return data, locate


_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


_JSON_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


def _json_keys(text: str) -> Iterator[tuple[str, str, int, bool]]:
    """Yield every node of a JSON text: key or index, pointer, offset, whether it came before."""
    # One entry an open bracket: its pointer, the index to come (-1 in objects), and the keys.
    stack: list[tuple[str, int, set[str]]] = []
    expect_key = False
    here = ""
    yield "", "", 0, False
    for match in _JSON_TOKEN.finditer(text):
        symbol = match.group()
        if stack and stack[-1][1] >= 0 and symbol not in "],:" and not expect_key:
            # The next item of a list.
            base, index, _ = stack[-1]
            if here == base:
                here = f"{base}/{index}"
                yield str(index), here, match.start(), False
        if expect_key and symbol[0] == '"':
            key = json.loads(symbol, strict=False)
            base, _, keys = stack[-1]
            here = pointers.join(base, key)
            yield key, here, match.start(), key in keys
            keys.add(key)
            expect_key = False
        elif symbol == "{":
            stack.append((here, -1, set()))
            expect_key = True
        elif symbol == "[":
            stack.append((here, 0, set()))
        elif symbol in "]}":
            stack.pop()
            expect_key = False
        elif symbol == "," and stack:
            base, index, keys = stack[-1]
            here = base
            if index >= 0:
                stack[-1] = (base, index + 1, keys)
            else:
                expect_key = True


def _offset_position(text: str, offset: int, name: str) -> Position:
    line = text.count("\n", 0, offset) + 1
    return Position(name, line, offset - (text.rfind("\n", 0, offset) + 1) + 1)


def _duplicate(key: str, pointer: str, position: Position) -> DocumentError:
    parent = pointer.rpartition("/")[0]
    where = f" in {parent}" if parent else ""
    return DocumentError(
        f"The key {key!r} appears twice{where}", position, "Remove or rename one of the two"
    )


# YAML

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
_INFINITE: Final = (float("inf"), float("-inf"))
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(_TAG + kind for kind in ("int", "float", "bool", "null"))
_MERGE: Final = "<<"
_MOST_NODES: Final = 5_000_000
"""As many may there be once every alias is written out; more is a trap, not a document."""


def _read_yaml(text: str, name: str) -> tuple[Any, Callable[[str], Position]]:
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = Position(name, mark.line + 1, mark.column + 1) if mark else Position(name)
        raise DocumentError(f"Not valid YAML: {_yaml_problem(error)}", position, _ADVICE) from None
    except yaml.reader.ReaderError as error:
        offset = min(error.position, len(text)) if isinstance(error.position, int) else 0
        raise DocumentError(
            f"Not valid YAML: {error.reason}", _offset_position(text, offset, name), _ADVICE
        ) from None
    if root is None:
        raise DocumentError("The file is empty", Position(name), "Write an OpenAPI document")
    maker = _Maker(name, text)
    data = maker.make(root)

    index: dict[int, dict[str, tuple[Any, Any]]] = {}

    def locate(pointer: str) -> Position:
        return _mark(name, _yaml_node(root, pointers.split(pointer), index))

    return data, locate


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
                # What is written out wins over what is merged, which comes last.
                entries = reversed(list(_entries(node)))
                index[id(node)] = {key.value: (key, value) for key, value in entries}
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


def _entries(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield keys and values of a mapping, then those that it merges."""
    merged = []
    for key, value in node.value:
        if _is_merge(key):
            merged.append(value)
        else:
            yield key, value
    for value in merged:
        parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for part in parts:
            if isinstance(part, yaml.MappingNode):
                yield from _entries(part)


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
                )
            return self.made[key]
        before = self.count
        if key in self.open:
            raise DocumentError(
                f"An alias in {pointers.make(self.here)} stands for something that contains it",
                _mark(self.name, node),
                "Use $ref for recursion",
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
                raise DocumentError(
                    "A key is not text", _mark(self.name, key), "Write a plain or quoted text"
                )
            if _is_merge(key):
                merges.append(item)
                continue
            self.here.append(key.value)
            if key.value in value:
                raise _duplicate(key.value, pointers.make(self.here), _mark(self.name, key))
            value[key.value] = self.make(item)
            self.here.pop()
        for merge in merges:
            parts = merge.value if isinstance(merge, yaml.SequenceNode) else [merge]
            for part in parts:
                if not isinstance(part, yaml.MappingNode):
                    raise DocumentError(
                        "A merge key << takes a mapping or a list of mappings",
                        _mark(self.name, part),
                        "Give it the alias of a mapping",
                    )
                for key, item in self.make(part).items():
                    value.setdefault(key, item)
        return value

    def tag(self, node: Any, kind: str) -> None:
        if node.tag != _TAG + kind:
            raise self.unknown_tag(node)

    def unknown_tag(self, node: Any) -> DocumentError:
        shown = node.tag.replace(_TAG, "!!")
        return DocumentError(
            f"The tag {shown} has no meaning in an OpenAPI document",
            _mark(self.name, node),
            "Remove it",
        )

    def scalar(self, node: Any) -> Any:
        text: str = node.value
        tag: str = node.tag
        if tag == _TAG + "str":
            if not node.style and not self.text.startswith("!", node.start_mark.index):
                return self.plain(node, text)
            return text
        if tag not in _PLAIN_TAGS:
            raise self.unknown_tag(node)
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
        if number in _INFINITE or _NOT_FINITE.match(text):
            raise DocumentError(
                f"{text} is not a JSON value", _mark(self.name, node), "Write a number or null"
            )
        return text if number is None else number
