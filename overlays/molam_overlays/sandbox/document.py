"""The API document, read for serving: which operation, which rules, which answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, cast
from urllib.parse import quote, unquote

import attrs

from molam_overlays import wire
from molam_overlays.message.media import JSON

METHODS = tuple(method.lower() for method in wire.METHODS)


@attrs.frozen
class Parameter:
    """One parameter of an operation."""

    name: str
    place: str
    """``path``, ``query``, ``header`` or ``cookie``."""
    required: bool
    schema: str
    """JSON pointer to its schema."""


@attrs.frozen(eq=False)
class Operation:
    """One operation of the document."""

    id: str
    method: str
    template: str
    """Path with ``{names}``."""
    pattern: re.Pattern[str]
    parameters: tuple[Parameter, ...]
    body: str | None
    """JSON pointer to the schema of its JSON body, None without one."""
    body_required: bool
    success: int
    """The status of success."""
    result: str | None
    """JSON pointer to the media type object of the successful answer, None without a body."""
    page: Mapping[str, str] | None
    """``x-molam-page``: which parameters and fields make a list, None for what is no list."""
    errors: Mapping[str, str]
    """Status (``404``, ``5XX``) to the JSON pointer of its response."""
    behaviour: str
    """``x-molam-behaviour``: what it does here; empty for an answer from its schema."""
    security: Sequence[Mapping[str, Any]] | None
    """What it wants to be asked with; None for what the whole document says."""


@attrs.frozen
class Key:
    """Where the API key of a request is."""

    place: str
    """``header``, ``query`` or ``cookie``."""
    name: str
    scheme: str = ""
    """What stands before it in the header."""


def escape(name: str) -> str:
    """Write a key as one step of a JSON pointer (RFC 6901 section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


class Document:
    """The document, with its references followed."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.operations = tuple(self._operations())
        # Templates without placeholders first: /refunds/search is not /refunds/{refund_id}.
        self._by_weight = sorted(self.operations, key=lambda each: each.template.count("{"))

    def at(self, pointer: str) -> Any:
        """Return what a JSON pointer names.

        Raises:
            LookupError: nothing is there.
        """
        found: Any = self.root
        for step in pointer.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found[key]
        return found

    def follow(self, pointer: str) -> str:
        """Return where a chain of references ends."""
        for _ in range(100):
            found = self.at(pointer)
            if not (isinstance(found, dict) and isinstance(found.get("$ref"), str)):
                return pointer
            pointer = unquote(cast("str", found["$ref"]).removeprefix("#"))
        raise LookupError(f"references run in a circle at {pointer}")

    def resolve(self, pointer: str) -> tuple[str, Any]:
        """Follow references; return the last pointer and what is there."""
        end = self.follow(pointer)
        return end, self.at(end)

    def properties(self, pointer: str) -> dict[str, str]:
        """Map the properties of an object schema to the pointers of their schemas."""
        end, schema = self.resolve(pointer)
        found: dict[str, str] = {}
        for index in range(len(schema.get("allOf", ()))):
            found.update(self.properties(f"{end}/allOf/{index}"))
        for name in schema.get("properties", {}):
            found[name] = f"{end}/properties/{escape(name)}"
        return found

    def match(self, method: str, path: str) -> tuple[Operation | None, dict[str, str], list[str]]:
        """Find the operation of a request.

        Returns:
            The operation or None, the decoded path parameters, and, when the path is known and the
            method is not, the methods that it has.
        """
        allowed: list[str] = []
        for operation in self._by_weight:
            found = operation.pattern.fullmatch(path)
            if found is None:
                continue
            if operation.method == method:
                names = [each.name for each in operation.parameters if each.place == "path"]
                order = re.findall(r"\{([^{}]+)\}", operation.template)
                values = dict(zip(order, map(_unquoted, found.groups()), strict=True))
                return operation, {name: values[name] for name in names if name in values}, []
            allowed.append(operation.method)
        return None, {}, allowed

    def key_of(self, operation: Operation | None) -> Key | None:
        """Return where the key of a request is, None where none is wanted.

        What the document does not know wants what the whole document wants.
        """
        own = operation.security if operation else None
        wanted = self.root.get("security", ()) if own is None else own
        named = next((name for one in wanted for name in one), None)
        if named is None or {} in wanted:
            return None
        _, scheme = self.resolve(f"/components/securitySchemes/{escape(named)}")
        if scheme["type"] == "apiKey":
            return Key(scheme["in"], scheme["name"])
        return Key("header", "Authorization", str(scheme.get("scheme") or "bearer").capitalize())

    def doing(self, behaviour: str) -> str:
        """Return the id of the operation that does something here; empty where none does."""
        return next((one.id for one in self.operations if one.behaviour == behaviour), "")

    def webhook_types(self) -> list[str]:
        """List the event types of the document, in its order."""
        return list(self.root.get("webhooks", {}))

    def webhook_example(self, type_: str) -> Any:
        """Return the pointer of an event's media type object."""
        end, hook = self.resolve(f"/webhooks/{escape(type_)}")
        method = next(each for each in METHODS if each in hook)
        body, _ = self.resolve(f"{end}/{method}/requestBody")
        return f"{body}/content/{escape(JSON)}"

    @cached_property
    def sensitive(self) -> frozenset[str]:
        """Name every property that the document marks as sensitive."""

        def visit(node: Any) -> Iterator[str]:
            if isinstance(node, dict):
                for name, schema in cast("dict[str, Any]", node).items():
                    if name == "properties" and isinstance(schema, dict):
                        for field, rule in cast("dict[str, Any]", schema).items():
                            if self._is_sensitive(rule, frozenset()):
                                yield field
                    yield from visit(schema)
            elif isinstance(node, list):
                for each in node:
                    yield from visit(each)

        return frozenset(visit(self.root.get("components", {})))

    def _is_sensitive(self, schema: Any, seen: frozenset[str]) -> bool:
        """Tell whether a place is marked, by itself, by a name or in what it is made of."""
        if not isinstance(schema, dict):
            return False
        rule = cast("dict[str, Any]", schema)
        if rule.get("x-molam-sensitive"):
            return True
        parts = [rule[name] for name in ("items", "additionalProperties") if name in rule]
        for name in ("allOf", "anyOf", "oneOf"):
            parts += rule.get(name) or ()
        ref = rule.get("$ref")
        if isinstance(ref, str) and ref.startswith("#") and ref not in seen:
            seen |= {ref}
            parts.append(self.at(ref[1:]))  # one step: each name on the way may be marked
        return any(self._is_sensitive(part, seen) for part in parts)

    def _operations(self) -> Iterator[Operation]:
        for template in self.root.get("paths", {}):
            place, item = self.resolve(f"/paths/{escape(template)}")
            for method in METHODS:
                if method in item:
                    yield self._operation(template, method, place, item)

    def _operation(self, template: str, method: str, place: str, item: Any) -> Operation:
        at = f"{place}/{method}"
        found = item[method]
        parameters: dict[tuple[str, str], Parameter] = {}
        for base, holder in ((place, item), (at, found)):
            for index in range(len(holder.get("parameters", ()))):
                where, parameter = self.resolve(f"{base}/parameters/{index}")
                key = (parameter["in"], parameter["name"])
                parameters[key] = Parameter(
                    parameter["name"],
                    parameter["in"],
                    bool(parameter.get("required", False)),
                    f"{where}/schema",
                )
        body, required = None, False
        if "requestBody" in found:
            where, request = self.resolve(f"{at}/requestBody")
            required = bool(request.get("required", False))
            if JSON in request.get("content", {}):
                body = f"{where}/content/{escape(JSON)}/schema"
        responses: dict[str, str] = {
            str(status): self.follow(f"{at}/responses/{status}")
            for status in found.get("responses", {})
        }
        good = sorted(status for status in responses if status.startswith("2"))
        status = good[0] if good else "default" if "default" in responses else "200"
        result = None
        if status in responses:
            content = self.at(responses[status]).get("content", {})
            if JSON in content:
                result = f"{responses[status]}/content/{escape(JSON)}"
        return Operation(
            id=found.get("operationId") or f"{method} {template}",
            method=method.upper(),
            template=template,
            pattern=re.compile(
                "".join(
                    "([^/]+)" if part.startswith("{") else re.escape(part)
                    for part in re.split(r"(\{[^{}]+\})", template)
                )
            ),
            parameters=tuple(parameters.values()),
            body=body,
            body_required=required,
            success=int(status) if status.isdigit() else 200,
            result=result,
            page=found.get("x-molam-page"),
            errors={key: where for key, where in responses.items() if key[0] in "45"},
            behaviour=found.get("x-molam-behaviour", ""),
            security=found.get("security"),
        )


def path_of(operation: Operation, values: Mapping[str, str]) -> str:
    """Fill the path of an operation."""
    path = operation.template
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe="", errors="replace"))
    return path


def _unquoted(text: str) -> str:
    return unquote(text, errors="replace")
