"""Count what went in against what came out.

The document is walked once more, by its own structure and without the normal form, and everything
found is looked for in the emitted source. What is missing is a defect of the generator, and it is
fatal: nobody would notice a field that is not there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from generator.decide.runtime import IDEMPOTENCY, NEVER_SENT
from generator.decide.views import Client, Package
from generator.read import pointer as pointers
from generator.read.anatomy import METHODS, Node, children
from generator.read.document import Document, DocumentError
from generator.read.findings import MistakesError
from generator.understand.api import Api
from generator.write import guards
from generator.write.emitted import (
    Operation,
    assigned,
    called_in,
    chunks_of,
    constants_of,
    emitted_classes,
    emitted_operations,
)
from generator.write.render import Tree

_KEY: Final = ("header", IDEMPOTENCY.lower())
_IGNORED: Final = {("header", name) for name in NEVER_SENT}
_UNEMITTED: Final = ("not", "if", "then", "else", "contains", "dependentSchemas",
                     "unevaluatedItems", "contentSchema", "propertyNames",
                     # Reached by reference alone.
                     "$defs", "definitions")  # fmt: skip
_COMPOSED: Final = re.compile(r"/(?:allOf|oneOf|anyOf)/")


def account(api: Api, package: Package, tree: Tree) -> None:
    """Hold the emitted source against the document.

    Raises:
        MistakesError: something in the document is not in the source; all of it, with its place.
    """
    counted = _Account(api, package, tree)
    counted.run()
    if counted.lost:
        raise MistakesError(sorted(counted.lost, key=lambda error: error.rank))


class _Account:
    def __init__(self, api: Api, package: Package, tree: Tree) -> None:
        self.api = api
        self.document: Document = api.document
        self.package = package
        self.lost: list[DocumentError] = []
        self.texts = {
            path: content.decode("utf-8") for path, content in tree.items() if path[-3:] == ".py"
        }

        self.apis = self.parsed("api/")
        self.models = self.parsed("models/")
        self.usual = assigned(ast.parse(self.texts["config.py"]), "credentials")

    def parsed(self, folder: str) -> dict[str, ast.Module]:
        return {
            path: ast.parse(text) for path, text in self.texts.items() if path.startswith(folder)
        }

    def run(self) -> None:
        self.check(guards.bound_twice({**self.apis, **self.models}))
        self.operations()
        self.schemas()
        self.events()

    def missing(self, what: str, at: str) -> None:
        """Take down that something did not arrive."""
        error = self.document.error(
            f"{what} did not arrive in the emitted package, which is a defect of the generator",
            at,
            "Report it with this part of the document",
            "defect",
        )
        self.lost.append(error)

    def check(self, lost: Iterable[guards.Lost]) -> None:
        for what, at in lost:
            self.missing(what, at)

    # Operations

    def operations(self) -> None:
        emitted: dict[tuple[str, str], list[Operation]] = {}
        for source in self.apis.values():
            for operation in emitted_operations(source):
                emitted.setdefault((operation.method, operation.path), []).append(operation)
        methods = {
            "client.py": self.methods(self.package.client),
            "async_client.py": self.methods(self.package.async_client),
        }
        count = 0
        for path, item, item_at in self.items("/paths"):
            for verb in METHODS:
                if verb not in item:
                    continue
                count += 1
                at = pointers.join(item_at, verb)
                found = emitted.get((verb.upper(), path))
                if found is None:
                    self.missing(f"The operation {verb.upper()} {path}", at)
                    continue
                for one in found:
                    self.operation(one, item, item_at, item[verb], at, methods)
                self.answers(found, item[verb], at, methods)
        if count != len(emitted) and not self.lost:
            self.missing("One of two operations with the same path", "/paths")

    def methods(self, client: Client) -> dict[str, str]:
        """Return the source of a client's methods, by the functions of operations they stand for.

        In a group they are what they call; elsewhere that is their own name as well.
        """
        folder = "async_groups/" if client is self.package.async_client else "groups/"
        parts = [part.module.removeprefix(f"{self.package.name}.") for part in client.parts]
        found: dict[str, str] = {}
        for name in ("client" if folder == "groups/" else "async_client", *parts):
            found.update(chunks_of(self.texts[f"{name.replace('.', '/')}.py"]))
        if client.groups:
            reached = {group.attribute for group in client.groups}
            assert reached <= found.keys(), "a group is not reachable"
            for path, text in self.texts.items():
                if path.startswith(folder):
                    found.update(called_in(text))
        return found

    def items(self, at: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
        try:
            section = self.document.at(at)
        except LookupError:
            return
        for path, raw in (section or {}).items():
            if not path.startswith("x-"):
                item, item_at = self.document.follow(raw, pointers.join(at, path))
                kept = {
                    key: value
                    for key, value in item.items()
                    if pointers.join(item_at, key) not in self.document.given_up
                }
                yield path, kept, item_at

    def operation(
        self,
        found: Operation,
        item: Mapping[str, Any],
        item_at: str,
        raw: Mapping[str, Any],
        at: str,
        methods: Mapping[str, Mapping[str, str]],
    ) -> None:
        for path, chunks in methods.items():
            if found.function not in chunks:
                self.missing(f"The method {found.function} of {path}", at)
        given_at: dict[tuple[str, str], tuple[Mapping[str, Any], str]] = {}
        for owner, owner_at in ((item, item_at), (raw, at)):
            for index, given in enumerate(owner.get("parameters") or ()):
                own = pointers.join(owner_at, "parameters", index)
                value, own = self.document.follow(given, own)
                key = (value["in"], value["name"])
                lowered = (key[0], key[1].lower())
                given_at[key] = value, own
                if lowered == _KEY:
                    if not found.keyed:
                        self.missing(f"The header {value['name']}", own)
                elif lowered not in _IGNORED and key not in found.parameters:
                    self.missing(f"The parameter {value['name']}", own)
        self.check(guards.defaults(self.document, found, given_at))
        self.check(guards.credentials(self.document, found, raw, at, self.usual))
        if "requestBody" in raw:
            body, own = self.document.follow(raw["requestBody"], pointers.join(at, "requestBody"))
            for media in guards.media_types(self.document, body, own):
                if media not in found.bodies:
                    self.missing(f"The request body {media}", own)
            given = [chunks.get(found.function, "") for chunks in methods.values()]
            self.check(guards.open_bodies(self.document, body, own, given))
            self.check(guards.optional_body(found, body, own))
            self.check(guards.read_only_arguments(self.document, found, body, own))

    def answers(
        self,
        found: list[Operation],
        raw: Mapping[str, Any],
        at: str,
        methods: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Look for each answer of an operation in the methods that it has become."""
        chunks = [methods["client.py"].get(one.function, "") for one in found]
        chunk = " ".join(" ".join(chunks).split())
        results = set[tuple[str, str]]().union(*(one.results for one in found))
        answers = raw.get("responses") or {}
        any_good = any(status.startswith("2") for status in answers)
        for status, given in answers.items():
            if status.startswith("x-"):
                continue
            own = pointers.join(at, "responses", status)
            answer, own = self.document.follow(given, own)
            label = status if status == "default" else status.upper()
            if status.startswith("2") or (status == "default" and not any_good):
                medias = guards.media_types(self.document, answer, own, answer=True)
                for media in medias or [""]:
                    known = {kind for one, kind in results if one == label}
                    if not known or (media and media not in known and "" not in known):
                        self.missing(f"The response {status} {media}", own)
                self.check(guards.streams(found, methods, answer, label, own))
            elif f"{'any other status' if label == 'default' else label}:" not in chunk:
                self.missing(f"The error response {status}", own)

    # Schemas

    def schemas(self) -> None:
        attributes: dict[str, set[str]] = {}
        sources: dict[str, set[str]] = {}
        members: dict[str, dict[str, ast.Call]] = {}
        parsed = self.models
        held = {path: constants_of(source) for path, source in parsed.items()}
        written = {
            name: fields for source in parsed.values() for name, fields in emitted_classes(source)
        }
        for module in self.package.models:
            constants = held[f"models/{module.module.rpartition('.')[2]}.py"]
            for model in module.classes:
                fields = written.get(model.name, {})
                wires = {field.wire for field in model.fields}
                if fields.keys() != wires:
                    lost = sorted(wires ^ fields.keys())
                    self.missing(f"{model.name} with {', '.join(lost)}", _real(model.key))
                attributes.setdefault(model.key, set()).update(wires)
                if "[" not in model.bases:  # a page, which is never sent
                    members[model.key] = fields
                sources[model.key] = constants
            for alias in module.aliases:
                sources[alias.key] = constants
        for key in attributes:
            base = self.api.named[key].schema.base if key in self.api.named else ""
            while base:
                attributes[key] |= attributes[base]
                sources[key] = sources[key] | sources[base]
                base = self.api.named[base].schema.base
        everything = set[str]().union(*held.values(), *map(constants_of, self.apis.values()))
        for node in self.reachable():
            value = node.value
            if not isinstance(value, dict):
                continue
            for name, part in _properties(value):
                at = pointers.join(node.pointer, "properties", name)
                if part is not False and not self.has(attributes, node.pointer, name):
                    self.missing(f"The property {name}", at)
            if held_by := members.get(node.pointer):
                self.check(guards.read_only_members(self.document, value, node.pointer, held_by))
            listed = value.get("enum") or ([value["const"]] if "const" in value else [])
            for one in listed:
                shown = repr(one)
                # What stands in a place of its own must be there; what was merged, anywhere.
                here = sources.get(node.pointer, everything)
                if one is not None and shown not in here:
                    self.missing(f"The value {shown}", pointers.join(node.pointer, "enum"))

    def has(self, attributes: Mapping[str, set[str]], owner: str, name: str) -> bool:
        """Tell whether an emitted class for this place, or around it, has a property."""
        here = owner
        while here:
            known = attributes.get(here)
            if known is not None and name in known:
                return True
            here = here.rpartition("/")[0]
        # What was put together anew stands under names of its own, below the same schema.
        head = _COMPOSED.split(owner, maxsplit=1)[0]
        return any(
            name in known for key, known in attributes.items() if key.startswith((head, owner))
        )

    def reachable(self) -> Iterator[Node]:
        """Yield every schema that operations, webhooks and components of the document use."""
        starts = [
            Node(pointers.join(section, name), kind, value)
            for section, kind in (
                ("/paths", "pathItem"),
                ("/webhooks", "pathItem"),
                ("/components/schemas", "schema"),
            )
            for name, value in self.section(section)
            if not (name.startswith("x-") and kind == "pathItem")
        ]
        seen: set[str] = set()
        todo = list(reversed(starts))
        while todo:
            node = todo.pop()
            if node.pointer in seen or node.pointer in self.document.given_up:
                continue
            seen.add(node.pointer)
            ref = node.reference
            if ref is not None:
                target = self.document.resolve(ref, node.pointer)
                todo.append(Node(target, node.kind, self.document.at(target)))
                if node.kind != "schema":
                    continue
            carried = guards.carried(node)
            if carried is not None:
                todo.append(carried)
                continue
            if node.kind == "schema":
                yield node
            todo.extend(
                child
                for child in reversed(list(children(node)))
                if not (node.kind == "schema" and _keyword(node, child) in _UNEMITTED)
            )

    def section(self, at: str) -> Iterable[tuple[str, Any]]:
        try:
            found = self.document.at(at)
        except LookupError:
            return ()
        return (found or {}).items()

    # Events

    def events(self) -> None:
        if self.package.events is None:
            if any(verb in item for _, item, _ in self.items("/webhooks") for verb in METHODS):
                self.missing("The webhooks", "/webhooks")
            return
        text = self.texts["events.py"]
        for event in self.package.events.events:
            if text.count(f"{event.type}:") < 1 or text.count(event.type) < 3:
                self.missing(f"The event {event.type}", "/webhooks")
        self.check(guards.events(self.document, self.items("/webhooks"), ast.parse(text)))
        # A document may give several webhooks one payload: then its class stands for all.
        told = sum(one.at not in self.document.given_up for one in self.api.webhooks)
        if told != sum(
            sum(verb in item for verb in METHODS) for _, item, _ in self.items("/webhooks")
        ):
            self.missing("A webhook", "/webhooks")


def _properties(schema: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Return the properties of a schema that objects may fit; of text they say nothing."""
    kinds = schema.get("type") or "object"
    named = [kinds] if isinstance(kinds, str) else kinds
    return (schema.get("properties") or {}).items() if "object" in named else ()


def _real(key: str) -> str:
    return key.partition("#")[0]


def _keyword(node: Node, child: Node) -> str:
    rest = pointers.split(child.pointer[len(node.pointer) :])
    return rest[0] if rest else ""
