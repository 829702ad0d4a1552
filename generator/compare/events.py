"""Events that come, go, or change their names."""

from __future__ import annotations

from generator.compare.changes import change
from generator.compare.schemas.pair import Found, Pair
from generator.compare.schemas.renames import renames
from generator.compare.surface import Step, Surface
from generator.understand.api import Operation


def events(step: Step) -> Found:
    """Compare all events and what they carry."""
    before = {webhook.path: webhook for webhook in step.old.api.webhooks}
    after = {webhook.path: webhook for webhook in step.new.api.webhooks}
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    renamed = renames(
        gone,
        come,
        alike=lambda was, now: False,
        same=lambda was, now: (
            _payload_name(step.old, before[was]) == _payload_name(step.new, after[now])
        ),
    )
    for name in gone:
        if name in renamed:
            now = renamed[name]
            what = f"is now called `{now}`"
            yield change("event-renamed", name, what, step.is_(after[now].at), now=now)
        else:
            what = "is not sent as an event any more"
            yield change("event-removed", name, what, step.was(before[name].at))
    for name in come:
        if name not in renamed.values():
            yield change("event-added", name, "is a new event", step.is_(after[name].at))
    for name, webhook in before.items():
        other = after.get(renamed.get(name, name))
        if other is not None:
            yield from _payloads(step, webhook, other)


def _payload_name(surface: Surface, webhook: Operation) -> str | None:
    """Return the name of a webhook's payload in ``models``."""
    if webhook.body is None or not webhook.body.media or webhook.body.media[0].schema is None:
        return None
    return surface.name(webhook.body.media[0].schema)


def _payloads(step: Step, old: Operation, new: Operation) -> Found:
    if old.body is None or new.body is None:
        return
    for one, two in zip(old.body.media, new.body.media, strict=False):
        if one.schema is not None and two.schema is not None:
            subject = step.new.name(two.schema) or new.path
            yield Pair(subject, one.schema, two.schema, "received", (new.path,), null=False)
