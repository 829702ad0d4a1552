"""JSONPath (RFC 9535) as Overlays use it: which nodes of a document an expression selects.

Names, indexes, slices, wildcards, descendants, and filters with comparisons, ``&&``, ``||``, ``!``
and parentheses. What is not read, functions above all, is an error that says so. Names behind a
dot may hold hyphens, as many write them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import attrs

from generator.read import pointer as pointers

Found: TypeAlias = tuple[str, Any]
"""The pointer of a node, and the node."""
Selector: TypeAlias = Callable[[Found, Any], Iterator[Found]]
"""Selects below a node; it is handed the root as well, for filters."""
Test: TypeAlias = Callable[[Any, Any], bool]
"""Says of a node, and the root, whether a filter takes it."""
_Values: TypeAlias = Callable[[Any, Any], list[Any]]

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
    | (?P<name>[^\W\d][\w-]*)
    | (?P<mark>\.\.|==|!=|<=|>=|&&|\|\||[$@.\[\]*?(),:<>!])
    )""",
    re.VERBOSE,
)
_WORDS: Final = {"true": True, "false": False, "null": None}


class PathError(ValueError):
    """What is wrong with an expression."""


@attrs.frozen
class Step:
    """One segment of an expression."""

    selectors: tuple[Selector, ...]
    deep: bool
    """Whether it selects below all that is below as well."""

    def select(self, found: Found, root: Any) -> Iterator[Found]:
        """Yield what it selects."""
        for one in _all_below(found) if self.deep else (found,):
            for selector in self.selectors:
                yield from selector(one, root)


def select(expression: str, root: Any) -> list[Found]:
    """Return the nodes that an expression selects, each once.

    Raises:
        PathError: it is none, or not one that is read here.
    """
    reader = _Reader(expression)
    reader.take("$")
    steps = reader.steps()
    if reader.here is not None:
        raise PathError(f"{reader.here!r} is not expected there")
    found = dict(_follow(steps, ("", root), root))
    return list(found.items())


def _follow(steps: tuple[Step, ...], start: Found, root: Any) -> Iterator[Found]:
    if not steps:
        yield start
        return
    for found in steps[0].select(start, root):
        yield from _follow(steps[1:], found, root)


def _children(found: Found) -> Iterator[Found]:
    at, value = found
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, child in pairs:
        yield pointers.join(at, key), child


def _all_below(found: Found) -> Iterator[Found]:
    todo = [found]
    while todo:
        one = todo.pop()
        yield one
        todo.extend(reversed(list(_children(one))))


class _Reader:
    """Reads an expression token by token."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        text = text.rstrip()
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise PathError(f"{text[at:].strip()[:20]!r} cannot be read")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        self._tokens.reverse()

    @property
    def here(self) -> str | None:
        """The token to be read next, None at the end."""
        return (
            self._tokens[-1][1]
            if self._tokens and self._kind != "text"
            else ("a text" if self._tokens else None)
        )

    @property
    def _kind(self) -> str:
        return self._tokens[-1][0] if self._tokens else ""

    def _is(self, *marks: str) -> bool:
        return self._kind in ("mark", "name") and self._tokens[-1][1] in marks

    def _next(self) -> str:
        if not self._tokens:
            raise PathError("it ends too early")
        return self._tokens.pop()[1]

    def take(self, mark: str) -> None:
        """Read one mark."""
        if not self._is(mark):
            raise PathError(f"{mark!r} is expected, not {self.here!r}")
        self._tokens.pop()

    def _takes(self, mark: str) -> bool:
        if self._is(mark):
            self._tokens.pop()
            return True
        return False

    def steps(self) -> tuple[Step, ...]:
        """Read all segments that follow."""
        found = []
        while self._is(".", "..", "["):
            deep = self._takes("..")
            if self._takes("["):
                found.append(Step(self._bracket(), deep))
                continue
            if not deep:
                self.take(".")
            if self._takes("*"):
                found.append(Step((_wildcard,), deep))
            elif self._kind in ("name", "number") or self._is("$"):
                # `$ref` and `200` are names that documents are full of.
                name = self._next()
                name += self._next() if name == "$" else ""
                found.append(Step((_name(name),), deep))
            else:
                raise PathError(f"a name is expected, not {self.here!r}")
        return tuple(found)

    def _bracket(self) -> tuple[Selector, ...]:
        found = [self._selector()]
        while self._takes(","):
            found.append(self._selector())
        self.take("]")
        return tuple(found)

    def _selector(self) -> Selector:
        if self._takes("*"):
            return _wildcard
        if self._takes("?"):
            return _filter(self._either())
        if self._kind == "text":
            return _name(_unquoted(self._next()))
        bounds: list[int | None] = [self._whole()]
        while self._takes(":"):
            bounds.append(self._whole())
        if len(bounds) > 3 or bounds == [None]:
            raise PathError(f"a name, an index or a filter is expected, not {self.here!r}")
        if len(bounds) == 1:
            return _index(bounds[0])
        return _slice(slice(*bounds))

    def _whole(self) -> int | None:
        if self._kind != "number":
            return None
        text = self._next()
        if not text.lstrip("-").isdigit():
            raise PathError(f"{text} is no index")
        return int(text)

    # Filters

    def _either(self) -> Test:
        tests = [self._both()]
        while self._takes("||"):
            tests.append(self._both())
        return lambda node, root: any(test(node, root) for test in tests)

    def _both(self) -> Test:
        tests = [self._basic()]
        while self._takes("&&"):
            tests.append(self._basic())
        return lambda node, root: all(test(node, root) for test in tests)

    def _basic(self) -> Test:
        if self._takes("!"):
            test = self._basic()
            return lambda node, root: not test(node, root)
        if self._takes("("):
            inner = self._either()
            self.take(")")
            return inner
        left, is_query = self._operand()
        for mark, compare in _COMPARISONS.items():
            if self._takes(mark):
                right, _ = self._operand()
                return lambda node, root: compare(left(node, root), right(node, root))
        if not is_query:
            raise PathError("a value alone is no test")
        return lambda node, root: bool(left(node, root))

    def _operand(self) -> tuple[_Values, bool]:
        if self._is("@", "$"):
            start = self._next()
            steps = self.steps()
            return lambda node, root: [
                value for _, value in _follow(steps, ("", node if start == "@" else root), root)
            ], True
        kind, text = self._kind, self._next()
        if kind == "text":
            value: Any = _unquoted(text)
        elif kind == "number":
            value = float(text) if not text.lstrip("-").isdigit() else int(text)
        elif kind == "name" and text in _WORDS and not self._is("("):
            value = _WORDS[text]
        elif kind == "name" and self._is("("):
            raise PathError(f"the function {text}() is not supported")
        else:
            raise PathError(f"{text!r} is not expected there")
        return lambda node, root: [value], False


def _unquoted(text: str) -> str:
    plain = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
    known = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
    return plain.sub(
        lambda match: chr(int(match[1], 16)) if match[1] else known.get(match[2], match[2]),
        text[1:-1],
    )


# Selectors


def _wildcard(found: Found, root: Any) -> Iterator[Found]:
    yield from _children(found)


def _name(name: str) -> Selector:
    def selects(found: Found, root: Any) -> Iterator[Found]:
        at, value = found
        if isinstance(value, dict) and name in value:
            yield pointers.join(at, name), value[name]

    return selects


def _index(index: int | None) -> Selector:
    assert index is not None
    return _slice(slice(index, index + 1 if index != -1 else None))


def _slice(bounds: slice) -> Selector:
    def selects(found: Found, root: Any) -> Iterator[Found]:
        at, value = found
        if isinstance(value, list) and bounds.step != 0:
            for index in range(*bounds.indices(len(value))):
                yield pointers.join(at, index), value[index]

    return selects


def _filter(test: Test) -> Selector:
    def selects(found: Found, root: Any) -> Iterator[Found]:
        yield from (child for child in _children(found) if test(child[1], root))

    return selects


# Comparisons: of what selects one node at most


def _equal(left: list[Any], right: list[Any]) -> bool:
    if len(left) != 1 or len(right) != 1:
        return not left and not right
    (one,), (other,) = left, right
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _less(left: list[Any], right: list[Any]) -> bool:
    if len(left) != 1 or len(right) != 1:
        return False
    (one,), (other,) = left, right
    numbers = all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, other)
    )
    texts = isinstance(one, str) and isinstance(other, str)
    return bool(one < other) if numbers or texts else False


_COMPARISONS: Final[dict[str, Callable[[list[Any], list[Any]], bool]]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<=": lambda left, right: _less(left, right) or _equal(left, right),
    ">=": lambda left, right: _less(right, left) or _equal(left, right),
    "<": _less,
    ">": lambda left, right: _less(right, left),
}
