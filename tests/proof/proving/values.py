"""Values that a raw schema allows, the same in every run.

Variant 0 has what is required and nothing more; the others have everything, and take another
branch of every union each. A value that validates is the promise: where the schema asks for what
this module does not read (``not``, ``if``), other branches are tried, then the document's own
examples, and at last `Unmakeable` is raised.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Literal, TypeAlias

import hypothesis
from hypothesis import strategies

from .document import Node
from .schemas import Direction, Facts, Rules, children_of, tags_of

Place: TypeAlias = Literal["body", "path", "query", "header", "cookie"]

_DEEP = 7
"""Levels after which optional properties are left out."""
_WIDE = 60
"""Optional properties of one object, below the first two levels."""

_TEXTS: dict[Place, str] = {
    "body": 'ü "q" \\ {b} \n☂',
    "path": "a b/é&?#%;=+",
    "query": "a b/é&?#%;=+[]",
    "header": "a b/&?#%;=+",
    "cookie": "ab/é&?#%=+",
}
_FORMATS = {
    "date-time": "2025-01-16T12:00:{n:02d}Z",
    "date": "2025-01-{m:02d}",
    "time": "12:00:{n:02d}Z",
    "duration": "P1DT{n}H",
    "uuid": "12345678-1234-4678-9234-5678123456{n:02d}",
    "uri": "https://shop.example/{n}?a=b&c=d",
    "url": "https://shop.example/{n}",
    "uri-reference": "/orders/{n}",
    "email": "jane.doe{n}@shop.example",
    "hostname": "host{n}.shop.example",
    "ipv4": "192.0.2.{n}",
    "ipv6": "2001:db8::{n}",
    "decimal": "{n}.50",
    "json-pointer": "/a/{n}",
    "regex": "^a{n}$",
}


class UnmakeableError(Exception):
    """No value was found that the schema allows."""


class OutOfReachError(UnmakeableError):
    """A schema needs itself, or has a pattern that is not Python's: what is optional is left out."""


class Maker:
    """Makes one variant of values."""

    def __init__(
        self,
        rules: Rules,
        direction: Direction,
        variant: int,
        *,
        place: Place = "body",
        binary: bool = False,
        avoid: str = "",
        left_out: list[str] | None = None,
    ) -> None:
        self.rules = rules
        self.direction = direction
        self.variant = variant
        self.place = place
        self.binary = binary
        """Whether ``format: binary`` is bytes here, or text in a JSON body."""
        self.text = "".join(c for c in _TEXTS[place] if c not in avoid)
        self.count = variant * 100
        self.left_out: list[str] = [] if left_out is None else left_out
        """Why optional properties got no value, unless that is out of reach."""
        self._open: list[str] = []

    @property
    def full(self) -> bool:
        return self.variant > 0

    def make(self, *nodes: Node, name: str = "value") -> Any:
        """Return a value that all of these schemas allow.

        Raises:
            UnmakeableError: none was found.
        """
        facts = Facts.of(*nodes)
        here = [node.uri for node in facts.nodes]
        if len(self._open) > 40 or any(self._open.count(uri) >= 2 for uri in here):
            raise OutOfReachError(f"{nodes[0].uri} goes round in a circle")
        self._open.extend(here)
        try:
            return self._make(nodes, facts, name)
        finally:
            del self._open[len(self._open) - len(here) :]

    def _make(self, nodes: Sequence[Node], facts: Facts, name: str) -> Any:
        if facts.forbids:
            raise UnmakeableError(f"{nodes[0].uri} allows nothing")
        base = self._base_with_kinds(nodes, facts)
        attempts: list[Callable[[], Any]] = []
        if base is not None:
            kinds = list(base.items())
            for offset in range(len(kinds)):
                tag, kind = kinds[(self.variant + offset) % len(kinds)]
                attempts.append(partial(self._tagged, kind, tag, name))
        elif facts.choices():
            longest = max(len(branches) for _, branches in facts.choices())
            for offset in range(longest):
                pick = max(self.variant - 1, 0) + offset
                attempts.append(partial(self._chosen, nodes, facts, pick, name))
        else:
            attempts = [partial(self._single, facts, name), partial(self._single, facts, name, 1)]
        problems: list[str] = []
        far = False
        for attempt in attempts:
            try:
                value = attempt()
            except UnmakeableError as error:
                far = far or isinstance(error, OutOfReachError)
                problems.append(str(error))
                continue
            if isinstance(value, bytes) or self.binary:
                return value
            found = [p for node in nodes for p in self.rules.problems(node, value, self.direction)]
            if not found:
                return value
            problems.extend(found)
        for example in self._examples(facts):
            if not any(self.rules.problems(node, example, self.direction) for node in nodes):
                return example
        refusal = OutOfReachError if far else UnmakeableError
        raise refusal(f"{nodes[0].uri}: {'; '.join(problems[:3])}")

    @staticmethod
    def _examples(facts: Facts) -> list[Any]:
        found = [*facts.all("example"), *facts.all("default")]
        for listed in facts.all("examples"):
            found.extend(listed.values() if isinstance(listed, dict) else listed)
        return found

    # Unions

    def _base_with_kinds(self, nodes: Sequence[Node], facts: Facts) -> dict[str, Node] | None:
        """Return the kinds of an object that is used by the name of their base."""
        if len(nodes) != 1:
            return None
        solved = nodes[0].solved()
        if not solved.fact("discriminator") or solved.fact("oneOf") or solved.fact("anyOf"):
            return None
        if self._open.count(solved.uri) > 1:
            return None
        return children_of(solved) or None

    def _tagged(self, kind: Node, tag: str, name: str) -> Any:
        value = self.make(kind, name=name)
        for node in Facts.of(kind).nodes:
            rule = node.fact("discriminator")
            if rule and isinstance(value, dict):
                value = self._with_tag(value, rule["propertyName"], tag, Facts.of(kind))
        return value

    @staticmethod
    def _with_tag(value: dict[str, Any], wire: str, tag: str, facts: Facts) -> dict[str, Any]:
        declared = facts.properties.get(wire)
        allowed = Facts.of(*declared).enum if declared else None
        if allowed is None or tag in allowed:
            return {**value, wire: tag}
        return value

    def _chosen(self, nodes: Sequence[Node], facts: Facts, pick: int, name: str) -> Any:
        chosen: list[Node] = []
        marks: list[tuple[str, str]] = []
        for owner, branches in facts.choices():
            branch = branches[pick % len(branches)]
            chosen.append(branch)
            if owner.fact("discriminator"):
                tags = tags_of(owner, branches)
                target = branch.solved().uri
                mine = [tag for tag, node in tags.items() if node.solved().uri == target]
                if mine:
                    marks.append(
                        (owner.fact("discriminator")["propertyName"], mine[pick % len(mine)])
                    )
        plain = facts.nodes
        inner = Facts.of(*plain, *chosen)
        deeper = [c for node in chosen for c in Facts.of(node).choices()]
        if deeper:
            value = self.make(*chosen, name=name)
            if isinstance(value, dict) and any(node.fact("properties") for node in plain):
                value = {**self._single(Facts(plain), name), **value}
        else:
            here = [node.uri for node in inner.nodes if node.uri not in self._open]
            if any(self._open.count(node.uri) >= 2 for node in inner.nodes):
                raise OutOfReachError(f"{nodes[0].uri} goes round in a circle")
            self._open.extend(here + [node.uri for node in Facts.of(*chosen).nodes])
            try:
                value = self._single(inner, name)
            finally:
                del self._open[len(self._open) - len(here) - len(Facts.of(*chosen).nodes) :]
        for owner, branches in facts.choices():
            if isinstance(value, dict) and all(
                set(b.value or ()) == {"required"} for b in branches
            ):
                # Nothing but names that exclude each other.
                mine = branches[pick % len(branches)].value["required"]
                others = {name for b in branches for name in b.value["required"]}
                if owner.fact("oneOf"):
                    value = {k: v for k, v in value.items() if k in mine or k not in others}
        for wire, tag in marks:
            if isinstance(value, dict):
                value = self._with_tag(value, wire, tag, inner)
        return value

    # One kind of value

    def _single(self, facts: Facts, name: str, attempt: int = 0) -> Any:
        self.count += 1
        allowed = facts.enum
        if allowed is not None:
            if self.variant > 1 or len(allowed) == 1:
                usable = allowed
            else:
                usable = [value for value in allowed if value is not None] or allowed
            if not usable:
                raise UnmakeableError(f"{facts.nodes[0].uri} allows no value")
            return usable[(self.variant + attempt) % len(usable)]
        types = facts.types
        if not types:
            return self._anything(attempt)
        solid = [kind for kind in types if kind != "null"]
        if not solid or (self.variant >= 3 and "null" in types and len(self._open) > 2):
            return None
        match solid[(max(self.variant - 1, 0) + attempt) % len(solid)]:
            case "object":
                return self._object(facts)
            case "array":
                return self._array(facts, name)
            case "boolean":
                return self.variant % 2 == 1
            case "integer":
                return self._integer(facts)
            case "number":
                return self._number(facts)
            case _:
                return self._string(facts, name)

    def _anything(self, attempt: int) -> Any:
        # Parameters are text: there a number could not be told from its digits.
        free = [{"free": ["form", 1, True, None]}, "anything", ["anything", 1]]
        return (
            free[(self.variant + attempt) % 3]
            if self.place == "body" and not self.binary
            else "anything"
        )

    def _object(self, facts: Facts) -> dict[str, Any]:
        properties = facts.properties
        required = facts.required
        hidden = "readOnly" if self.direction == "request" else "writeOnly"
        depth = len(set(self._open))
        found: dict[str, Any] = {}
        optional = 0
        for wire, parts in properties.items():
            inner = Facts.of(*parts)
            if inner.any(hidden):
                continue
            needed = wire in required
            if not needed:
                optional += 1
                if not self.full or depth > 4 * _DEEP or (depth > 8 and optional > _WIDE):
                    continue
            try:
                found[wire] = self.make(*parts, name=wire)
            except UnmakeableError as error:
                if needed:
                    raise
                if not isinstance(error, OutOfReachError):
                    self.left_out.append(str(error))
        for wire in required:
            if wire not in properties and wire not in found:
                found[wire] = self._extra(facts, wire)
        least = max(facts.all("minProperties"), default=0)
        if (self.full and not properties) or len(found) < least:
            patterns = facts.patterns()
            if patterns and self.variant % 2:
                pattern, schema = patterns[0]
                found[_matching(pattern, 1, 20)] = self.make(schema, name="value")
            elif facts.extra is not False:
                for number in range(max(1, least - len(found))):
                    wire = f"extra_{number}"
                    for names in (node.get("propertyNames") for node in facts.nodes):
                        if names is not None:
                            wire = str(self.make(names, name=wire))
                    try:
                        found[wire] = self._extra(facts, wire)
                    except OutOfReachError:
                        if len(found) < least:
                            raise
        most = min(facts.all("maxProperties"), default=None)
        if most is not None:
            for wire in [wire for wire in found if wire not in required][: len(found) - most]:
                del found[wire]
        return found

    def _extra(self, facts: Facts, wire: str) -> Any:
        for pattern, schema in facts.patterns():
            if re.search(pattern, wire):
                return self.make(schema, name=wire)
        extra = facts.extra
        if isinstance(extra, Node):
            return self.make(extra, name=wire)
        return f"{wire} {self.count}"

    def _array(self, facts: Facts, name: str) -> list[Any]:
        least = max(facts.all("minItems"), default=0)
        most = min(facts.all("maxItems"), default=1_000)
        size = min(max(least, 2 if self.full else 1), most)
        before = [part for node in facts.nodes for part in node.items("prefixItems")]
        items = facts.items
        found: list[Any] = []
        for number in range(max(size, len(before)) if before else size):
            parts = [before[number]] if number < len(before) else items
            if parts and parts[0].value is False:
                break
            try:
                found.append(self.make(*parts, name=name) if parts else f"{name} {number}")
            except UnmakeableError:
                if number < least:
                    raise
                break
        if facts.any("uniqueItems"):
            kept: list[Any] = []
            for item in found:
                if item not in kept:
                    kept.append(item)
            if len(kept) < least and items and Facts.of(*items).enum:
                kept = list(Facts.of(*items).enum or ())[:least]
            return kept
        return found

    def _limits(self, facts: Facts) -> tuple[Any, Any, Any]:
        low = [_exact(n) for n in facts.all("minimum")]
        high = [_exact(n) for n in facts.all("maximum")]
        step = max((_exact(n) for n in facts.all("multipleOf")), default=None)
        tick = step or (Decimal(1) if "integer" in facts.types else Decimal("0.5"))
        for node in facts.nodes:
            for key, bounds, sign in (("exclusiveMinimum", low, 1), ("exclusiveMaximum", high, -1)):
                edge = node.fact(key)
                if edge is True:
                    edge = node.fact("minimum" if sign == 1 else "maximum")
                if edge is not None and edge is not False:
                    bounds.append(_exact(edge) + sign * tick)
        return max(low, default=None), min(high, default=None), step

    def _integer(self, facts: Facts) -> int:
        low, high, step = self._limits(facts)
        value = Decimal(1_000 + self.count)
        if facts.first("format") == "int64" and self.full and self.place == "body":
            value += 2**40
        return int(_between(value, low, high, step))

    def _number(self, facts: Facts) -> Any:
        low, high, step = self._limits(facts)
        value = _between(Decimal(self.count) + Decimal("0.25"), low, high, step)
        number = float(value)
        return int(number) if number.is_integer() and self.variant % 2 else number

    def _string(self, facts: Facts, name: str) -> Any:
        form = facts.first("format")
        if (form == "binary" or facts.first("contentMediaType")) and self.binary:
            return b"\x00\xff bytes %d" % self.count
        least = max(facts.all("minLength"), default=0)
        most = min(facts.all("maxLength"), default=1_000_000)
        for pattern in facts.all("pattern"):
            return _matching(pattern, least, most)
        if form in ("byte", "base64") or facts.first("contentEncoding") == "base64":
            return base64.b64encode(f"bytes {self.count}".encode()).decode()
        if form in _FORMATS:
            n = self.count % 60
            return _FORMATS[form].format(n=n, m=n % 28 + 1)
        ascii_only = self.place == "header"
        text = f"{_plain(name)}{self.count}" + (self.text if self.full else "")
        if len(text) > most:
            text = text[-most:].strip("\n ./") if most > 3 else "abc"[:most]
        text = text.ljust(least, "x")
        return text.encode("ascii", "ignore").decode() if ascii_only else text


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "", name)[:12] or "text"


def _exact(number: Any) -> Decimal:
    return Decimal(str(number))


def _between(value: Decimal, low: Any, high: Any, step: Any) -> Decimal:
    if high is not None and value > high:
        value = high
    if low is not None and value < low:
        value = low
    if step:
        value -= value % step
        if low is not None and value < low:
            value += step
    return value


_made: dict[tuple[str, int, int], str] = {}


def _matching(pattern: str, least: int, most: int) -> str:
    """Return the simplest text that matches a pattern and has an allowed length."""
    known = (pattern, least, most)
    if known not in _made:
        try:
            compiled = re.compile(pattern, re.ASCII)
        except re.error as error:
            # ECMA-262 has what Python has not, such as \\p{L}.
            raise OutOfReachError(f"{pattern} is no pattern of Python's") from error
        strategy = strategies.from_regex(compiled).filter(
            lambda text: text.isprintable() and text == text.strip()
        )
        try:
            with_length = hypothesis.find(
                strategy,
                lambda text: max(least, 1) <= len(text) <= most,
                settings=hypothesis.settings(
                    max_examples=500, database=None, deadline=None, phases=[hypothesis.Phase.generate],
                    suppress_health_check=list(hypothesis.HealthCheck),
                ),
                random=random.Random(0),
            )  # fmt: skip
        except (hypothesis.errors.NoSuchExample, hypothesis.errors.Unsatisfiable) as error:
            raise UnmakeableError(f"no text of {least} to {most} matches {pattern}") from error
        _made[known] = with_length
    return _made[known]
