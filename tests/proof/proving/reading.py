"""What came back, held against the schema: every field read, typed, and nothing lost."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from dateutil.parser import isoparse

from .document import Node
from .schemas import Direction, Facts, Rules, children_of, tags_of

_MODELS = "molam_overlays.schema.model"


def is_model(value: Any) -> bool:
    """Tell a typed object from a plain dict."""
    return hasattr(value, "to_dict") and hasattr(type(value), "__fields__")


def plain(value: Any) -> Any:
    """Return the data of a decoded value as it came."""
    if is_model(value):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


class Reader:
    """Compares decoded values with what was sent."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.direction: Direction = "response"
        self.classes: dict[str, type] = {}
        """The class that each component schema was read as, everywhere the same."""

    def problems(self, value: Any, wire: Any, *nodes: Node, at: str = "$") -> Iterator[str]:
        """Yield what is wrong with a decoded value."""
        facts = Facts.of(*nodes)
        if wire is None:
            if value is not None:
                yield f"{at}: null was read as {value!r:.60}"
            return
        base = self._kind(wire, nodes)
        if base is not None:
            yield from self.problems(value, wire, base, at=at)
            return
        owner_and_branches = facts.choices()
        if owner_and_branches:
            yield from self._union(value, wire, nodes, facts, at)
            return
        if isinstance(wire, dict):
            yield from self._object(value, wire, nodes, facts, at)
        elif isinstance(wire, list):
            if not isinstance(value, list) or len(value) != len(wire):
                yield f"{at}: a list was read as {value!r:.60}"
                return
            before = [part for node in facts.nodes for part in node.items("prefixItems")]
            items = facts.items
            for index, (one, raw) in enumerate(zip(value, wire, strict=True)):
                parts = [] if before else items
                if parts:
                    yield from self.problems(one, raw, *parts, at=f"{at}[{index}]")
                elif plain(one) != raw:
                    yield f"{at}[{index}]: {raw!r:.60} was read as {one!r:.60}"
        else:
            problem = _scalar(value, wire, facts)
            if problem:
                yield f"{at}: {problem}"

    def _kind(self, wire: Any, nodes: Sequence[Node]) -> Node | None:
        """Return the schema of one kind of a base that is used by its own name."""
        if len(nodes) != 1 or not isinstance(wire, dict):
            return None
        solved = nodes[0].solved()
        rule = solved.fact("discriminator")
        if not rule or solved.fact("oneOf") or solved.fact("anyOf"):
            return None
        return children_of(solved).get(str(wire.get(rule["propertyName"])))

    def _union(
        self, value: Any, wire: Any, nodes: Sequence[Node], facts: Facts, at: str
    ) -> Iterator[str]:
        refused: list[str] = []
        for owner, branches in facts.choices():
            rule = owner.fact("discriminator")
            fitting = [
                branch
                for branch in branches
                if not self.rules.problems(branch, wire, self.direction)
            ]
            if rule and isinstance(wire, dict):
                tagged = tags_of(owner, branches).get(str(wire.get(rule["propertyName"])))
                fitting = [tagged] if tagged is not None else fitting
            if len(fitting) > 1 and type(value).__name__ == "Model" and plain(value) == wire:
                # Nothing tells which one it is: read without a class, and nothing lost.
                continue
            refused = []
            for branch in fitting:
                # What stands beside the union may be a part of each branch.
                plain_nodes = [n for n in facts.nodes if n.fact("properties")]
                found = list(self.problems(value, wire, branch, at=at))
                if found and plain_nodes:
                    found = self._alone(value, wire, plain_nodes, at)
                if not found:
                    refused = []
                    break
                refused.extend(found)
        yield from refused[:3]

    def _alone(self, value: Any, wire: Any, nodes: Sequence[Node], at: str) -> list[str]:
        kept = Facts(tuple(nodes))
        if not isinstance(wire, dict):
            return []
        return list(self._object(value, wire, (), kept, at))

    def _object(
        self, value: Any, wire: dict[str, Any], nodes: Sequence[Node], facts: Facts, at: str
    ) -> Iterator[str]:
        properties = facts.properties
        if not isinstance(value, Mapping) and not hasattr(value, "to_dict"):
            yield f"{at}: an object was read as {type(value).__name__}"
            return
        back = plain(value)
        if is_model(value) and back != wire and not _same(back, wire):
            yield f"{at}: to_dict() is not what was sent"
        if not properties:
            extra = facts.extra
            if isinstance(extra, Node) and not facts.patterns() and isinstance(value, Mapping):
                for name, raw in wire.items():
                    item = value[name]
                    if not is_model(value):
                        yield from self.problems(item, raw, extra, at=f"{at}.{name}")
            return
        if not is_model(value):
            yield f"{at}: an object with declared properties was read as {type(value).__name__}"
            return
        yield from self._same_class(value, nodes, at)
        fields = type(value).__fields__
        for name, parts in properties.items():
            spec = fields.get(name)
            if spec is None:
                yield f"{at}: {type(value).__name__} does not declare {name!r}"
                continue
            try:
                read = getattr(value, spec.attribute)
            except AttributeError as error:
                if name in wire or not spec.required:
                    yield f"{at}.{name}: {error}"
                continue
            except Exception as error:
                yield f"{at}.{name}: reading raised {error!r:.100}"
                continue
            if name in wire:
                yield from self.problems(read, wire[name], *parts, at=f"{at}.{name}")
            elif read is not None:
                yield f"{at}.{name}: was not sent and reads as {read!r:.60}"

    def _same_class(self, value: Any, nodes: Sequence[Node], at: str) -> Iterator[str]:
        if len(nodes) != 1:
            return
        solved = nodes[0].solved()
        if "/components/schemas/" not in solved.pointer or solved.pointer.count("/") != 3:
            return
        cls: type = type(value)
        # The two clients have a page class each.
        name = cls.__name__.removeprefix("Async")
        known = self.classes.setdefault(solved.uri, cls)
        if known.__name__.removeprefix("Async") != name:
            yield f"{at}: {solved.name} is {known.__name__} elsewhere, and {name} here"
        if _letters(solved.name) not in _letters(cls.__name__) and solved.name.isascii():
            yield f"{at}: {solved.name} was read as {cls.__name__}"


def _letters(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _same(left: Any, right: Any) -> bool:
    """Compare JSON data, numbers by what they are worth."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _scalar(value: Any, wire: Any, facts: Facts) -> str | None:
    form = facts.first("format")
    if facts.first("contentEncoding") == "base64":
        form = "byte"
    if isinstance(wire, bool):
        return None if value is wire else f"{wire} was read as {value!r:.60}"
    if isinstance(wire, (int, float, Decimal)):
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
            return f"{wire} was read as {value!r:.60}"
        if Decimal(str(value)) != Decimal(str(wire)):
            return f"{wire} was read as {value!r:.60}"
        exact = facts.types == ("number",) and form not in ("float", "double") and not facts.enum
        if exact and not isinstance(value, Decimal):
            return f"{wire}, a number, was read as {type(value).__name__}, not Decimal"
        return None
    if facts.enum is None and "string" in facts.types:
        return _formatted(value, wire, form)
    return None if value == wire else f"{wire!r:.60} was read as {value!r:.60}"


def _formatted(value: Any, wire: str, form: Any) -> str | None:
    expected: Any = wire
    try:
        match form:
            case "date-time":
                expected = isoparse(wire)
                if expected.tzinfo is None:
                    expected = wire
            case "date":
                expected = date.fromisoformat(wire)
            case "uuid":
                expected = UUID(wire)
            case "decimal":
                expected = Decimal(wire)
            case "byte":
                expected = base64.b64decode(wire, validate=True)
            case "duration" if isinstance(value, timedelta):
                expected = value
            case "time" if isinstance(value, time):
                expected = value
    except (ValueError, ArithmeticError):
        expected = wire
    if value == expected and isinstance(value, type(expected)):
        if isinstance(expected, date) and isinstance(value, datetime) != isinstance(
            expected, datetime
        ):
            return f"{wire!r} was read as {value!r:.60}"
        return None
    return f"{wire!r:.60} was read as {value!r:.60}"


def typed(value: Any, *nodes: Node) -> Any:
    """Return a value as a program would hand it over: moments, dates and decimals for text."""
    facts = Facts.of(*nodes)
    if facts.choices() or facts.enum is not None:
        return value
    if isinstance(value, dict):
        properties = facts.properties
        return {
            name: typed(item, *properties[name]) if name in properties else item
            for name, item in value.items()
        }
    if isinstance(value, list):
        items = facts.items
        return [typed(item, *items) for item in value] if items else value
    if isinstance(value, float) and facts.types == ("number",):
        return value if facts.first("format") in ("float", "double") else Decimal(str(value))
    if isinstance(value, str) and "string" in facts.types:
        match facts.first("format"):
            case "date-time":
                return isoparse(value)
            case "date":
                return date.fromisoformat(value)
            case "uuid":
                return UUID(value)
            case "decimal":
                return Decimal(value)
            case "byte":
                return base64.b64decode(value)
    return value
