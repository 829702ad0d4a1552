"""Bring a document into normal form: nothing behind a reference but named schemas.

Parameters, bodies, responses, headers and path items are resolved where they are used. Inline
schemas that deserve a Python name of their own are hoisted, under names made of where they stand,
so that the names are stable as long as the document's own names are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from generator.read import pointer as pointers
from generator.read.document import Document
from generator.understand.api import Api, Operation
from generator.understand.normal_form import normal_form
from generator.understand.paths import operations, resolved
from generator.understand.registry import Registry
from generator.understand.schema import Named
from generator.understand.schemas import parts_of
from generator.understand.variants import with_kinds


def normalise(document: Document) -> Api:
    """Bring a document into normal form.

    Raises:
        DocumentError: something in it cannot be emitted.
    """
    root = document.root
    components = root.get("components") or {}
    registry = Registry(document, normal_form)
    for name, value in (components.get("schemas") or {}).items():
        key = pointers.make(["components", "schemas", name])
        registry.register(key, value, name, component=True)
    calls = tuple(operations(root.get("paths") or {}, "/paths", registry))
    webhooks = tuple(operations(root.get("webhooks") or {}, "/webhooks", registry))
    named = _used(registry.settle(), [*calls, *webhooks])
    return Api(
        document=document,
        info=root.get("info") or {},
        servers=tuple(root.get("servers") or ()),
        tags={tag["name"]: tag for tag in root.get("tags") or ()},
        operations=calls,
        webhooks=webhooks,
        named=with_kinds(named, document),
        security_schemes={
            name: resolved(value, pointers.join("/components/securitySchemes", name), document)[0]
            for name, value in (components.get("securitySchemes") or {}).items()
        },
        security=tuple(root.get("security") or ()),
    )


def _used(named: Mapping[str, Named], calls: Iterable[Operation]) -> dict[str, Named]:
    """Return named schemas without the hoisted ones that others were made of in the end."""
    todo = [one.schema for one in named.values() if one.component]
    for call in calls:
        todo.extend(call.schemas())
        for callback in call.callbacks:
            todo.extend(callback.schemas())
    used: set[str] = set()
    while todo:
        for part in parts_of(todo.pop()):
            tagged = part.tag.members.values() if part.tag else ()
            for key in (part.target, part.base, *tagged):
                if key and key not in used:
                    used.add(key)
                    todo.append(named[key].schema)
    return {key: one for key, one in named.items() if one.component or key in used}
