"""`events.py`: webhooks as classes, by type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from generator.decide import views
from generator.decide.homes import Homes
from generator.decide.imports import isort, settle, use
from generator.decide.prose import told
from generator.decide.runtime import of_runtime, of_runtime_for_types
from generator.text.literal import literal
from generator.text.shown import shown
from generator.understand.api import Api, Operation
from generator.understand.schema import Named

_OWN: Final = frozenset(
    {"EVENTS", "EventRouter", "EventType", "WebhookEvent", "construct_event", "read_event"}
)
"""What the file defines."""


def events(api: Api, homes: Homes) -> views.Events | None:
    """Decide on the file of events, None where the API sends none.

    Raises:
        DocumentError: a webhook is no object.
    """
    if not api.webhooks:
        return None
    found: dict[str, tuple[str, str]] = {}
    for webhook in api.webhooks:
        payload = _payload(api, webhook)
        said = told(webhook.facts.get("description"), webhook.facts.get("summary"))
        for kind in _types(api, webhook, payload):
            found.setdefault(kind, (payload.key, said))
    base = _base(api, (key for key, _ in found.values()))
    view = views.Events(
        events=tuple(
            views.Event(literal(kind), _class(homes, key), doc)
            for kind, (key, doc) in found.items()
        ),
        base=_class(homes, base) if base else of_runtime("Model"),
        classes=tuple(dict.fromkeys(_class(homes, key) for key, _ in found.values())),
    )
    fixed = (
        *(use("typing", name)
          for name in ("Any", "Final", "Literal", "TypeAlias", "TypeVar", "overload")),
        use("collections.abc", "Callable"), use("collections.abc", "Mapping"),
        of_runtime("DEFAULT_TOLERANCE_MS"), of_runtime("sealed"), of_runtime_for_types("SecretSource"),
    )  # fmt: skip
    (settled, _), imports = settle((view, fixed), here=f"{homes.package}.events", taken=_OWN)
    names = sorted({*_OWN, *settled.classes, settled.base}, key=isort)
    return attrs.evolve(settled, names=tuple(names), imports=imports)


def _class(homes: Homes, key: str) -> str:
    return use(homes[key].module, homes[key].name)


def _payload(api: Api, webhook: Operation) -> Named:
    schema = webhook.body.media[0].schema if webhook.body and webhook.body.media else None
    target = api.schemas.target_or_kinds(schema) if schema and schema.kind == "ref" else None
    if target is None or target.schema.kind != "object":
        raise api.document.error(
            f"The webhook {shown(webhook.path)} has no object as its body",
            webhook.at,
            "Describe the event as an object",
        )
    return target


def _types(api: Api, webhook: Operation, payload: Named) -> tuple[str, ...]:
    """Return the values of ``type`` that name an event; the webhook's key without them."""
    prop = api.schemas.properties(payload.schema).get("type")
    solid = None if prop is None else api.schemas.in_place(prop)
    if solid and solid.kind == "enum" and all(isinstance(one, str) for one in solid.values):
        return solid.values
    return (webhook.path,)


def _base(api: Api, keys: Iterable[str]) -> str:
    """Return the key of the one object that all events extend; empty for none."""
    bases = {api.named[key].schema.base for key in keys}
    return bases.pop() if len(bases) == 1 else ""
