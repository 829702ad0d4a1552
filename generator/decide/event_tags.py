"""What tells the webhooks of a document apart, in the bodies that they carry or outside of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from generator.decide import naming
from generator.decide.prose import told
from generator.text.shown import shown
from generator.understand.api import Api, Operation
from generator.understand.schema import Named, Schema

USUAL: Final = "type"
"""The property that says what happened, where a document has nothing else to say."""
_NAMES: Final = frozenset(
    {"event", "eventtype", "eventname", "eventkind", "kind", "topic", "hook", "webhook",
     "webhooktype", "notificationtype", "notificationkind"}
)  # fmt: skip
"""What such a property is called elsewhere, without case and underscores."""


@attrs.frozen
class Event:
    """One kind of event."""

    kind: str
    """The text that it is known by: its tag's, or the name of its webhook."""
    key: str
    """Its payload."""
    tag: str
    """The property that says so; empty where the webhook's name alone does."""
    doc: str
    listed: bool = True
    """Whether the document lists that text; else it is taken for the webhook's name."""
    others: tuple[str, ...] = ()
    """More payloads of the same webhook, which nothing tells apart from the first."""


@attrs.frozen
class _Claim:
    """One way to tell a payload apart."""

    tag: str
    values: tuple[str, ...]
    listed: bool = True


def tell_apart(api: Api) -> list[Event]:
    """Return all kinds of events, each with what it is known by, in the order of the document.

    A webhook that carries no object, or cannot be told from another one, is taken down.
    """
    carried = [(webhook, list(_payloads(api, webhook))) for webhook in api.webhooks]
    rows = [
        (webhook, payload, _claims(api, webhook, payload, fixed))
        for webhook, payloads in carried
        for payload, fixed in payloads
    ]
    owners: dict[str, set[str]] = {}
    for _, payload, claims in rows:
        for claim in claims:
            for value in claim.values:
                owners.setdefault(value, set()).add(payload.key)
    found: dict[str, Event] = {}
    nameless: dict[str, str] = {}
    for webhook, payload, claims in rows:
        said = told(webhook.facts.get("description"), webhook.facts.get("summary"))
        own = (one for one in claims if all(owners[value] == {payload.key} for value in one.values))
        claim = next(own, _Claim("", (webhook.path,)))
        if not claim.tag and nameless.setdefault(webhook.path, webhook.at) == webhook.at:
            before = found.get(webhook.path)
            if before is not None and not before.tag:
                others = dict.fromkeys((*before.others, payload.key))
                others.pop(before.key, None)
                found[webhook.path] = attrs.evolve(before, others=tuple(others))
                continue
        if not claim.tag and _is_taken(api, webhook, payload, [*found.values()]):
            continue
        for value in claim.values:
            event = Event(value, payload.key, claim.tag, said, claim.listed)
            found.setdefault(value, event)
    return list(found.values())


def _is_taken(api: Api, webhook: Operation, payload: Named, before: Sequence[Event]) -> bool:
    """Tell whether the name of a webhook says nothing either, and take that down."""
    taken = any(one.kind == webhook.path and one.key != payload.key for one in before)
    if taken:
        api.document.wrong(
            f"The webhook {shown(webhook.path)} carries objects that nothing tells apart",
            webhook.at,
            "Give each a property with a text of its own, by enum or const, and require it",
            "unread-webhook",
        )
        api.document.given_up.add(webhook.at)
    return taken


# Payloads


def _payloads(api: Api, webhook: Operation) -> Iterator[tuple[Named, _Claim | None]]:
    """Yield the objects that a webhook may carry, each with the tag that its union gives it."""
    schema = webhook.body.media[0].schema if webhook.body and webhook.body.media else None
    objects = None if schema is None else list(_objects(api, schema))
    if not objects:
        api.document.wrong(
            f"The webhook {shown(webhook.path)} has no object as its body",
            webhook.at,
            "Describe the event as an object",
            "unread-webhook",
        )
        api.document.given_up.add(webhook.at)
    yield from objects or ()


def _objects(api: Api, schema: Schema) -> Iterator[tuple[Named, _Claim | None]]:
    solid = api.schemas.in_place(schema)
    if solid.kind == "object" and schema.kind == "ref":
        yield api.schemas.target_or_kinds(schema), None
    elif solid.kind == "union" and all(map(api.schemas.is_object, solid.members)):
        tags: dict[str, list[str]] = {}
        for value, key in solid.tag.members.items() if solid.tag else ():
            tags.setdefault(key, []).append(value)
        for member in solid.members:
            for named, claim in _objects(api, member):
                values = tags.get(named.key)
                if solid.tag is not None and values:
                    claim = _Claim(solid.tag.name, tuple(values))
                yield named, claim


# Tags


def _claims(
    api: Api, webhook: Operation, payload: Named, fixed: _Claim | None
) -> tuple[_Claim, ...]:
    """Return the ways in which a payload could be told apart, the best first."""
    properties = api.schemas.properties(payload.schema)
    required = api.schemas.required(payload.schema)
    others = sorted(
        (wire for wire in properties if wire != USUAL),
        key=lambda wire: not _is_called_so(wire),
    )
    found = [] if fixed is None else [fixed]
    for wire in [USUAL, *others] if USUAL in properties else others:
        claim = _claim(api, webhook, wire, properties[wire], wire in required)
        if claim is not None:
            found.append(claim)
    return tuple(found)


def _claim(api: Api, webhook: Operation, wire: str, schema: Schema, needed: bool) -> _Claim | None:
    solid = api.schemas.in_place(schema)
    called_so = wire == USUAL or _is_called_so(wire)
    values = tuple(_texts(api, [solid]))
    if values and (called_so or (needed and len(values) == 1 and solid.kind == "enum")):
        return _Claim(wire, values)
    if called_so and solid.kind == "string":
        return _Claim(wire, (webhook.path,), listed=False)
    return None


def _texts(api: Api, schemas: Iterable[Schema]) -> Iterator[str]:
    """Yield the texts that a schema lists, whatever else it allows."""
    for solid in schemas:
        if solid.kind == "enum":
            yield from (value for value in solid.values if isinstance(value, str))
        elif solid.kind == "union":
            yield from _texts(api, map(api.schemas.in_place, solid.members))


def _is_called_so(wire: str) -> bool:
    return naming.snake(wire).replace("_", "") in _NAMES
