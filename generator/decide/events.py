"""`events.py`: webhooks as classes, by type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from generator.decide import views
from generator.decide.annotations import joined
from generator.decide.event_tags import USUAL, Event, tell_apart
from generator.decide.homes import Homes
from generator.decide.imports import isort, settle, use
from generator.decide.runtime import of_runtime
from generator.text.literal import literal
from generator.understand.api import Api

_OWN: Final = frozenset(
    {"EVENTS", "EventRouter", "EventType", "WebhookEvent", "construct_event", "read_event"}
)
"""What the file defines."""


def events(api: Api, homes: Homes, signature_header: str) -> views.Events | None:
    """Decide on the file of events, None where the API sends none.

    What cannot be told apart is taken down.
    """
    if not api.webhooks:
        return None
    found = tell_apart(api)
    if not found:
        return None
    keys = [key for event in found for key in (event.key, *event.others)]
    base = _base(api, keys)
    view = views.Events(
        events=tuple(
            views.Event(
                literal(event.kind),
                _class(homes, event.key),
                event.doc,
                joined(*(_class(homes, key) for key in (event.key, *event.others))),
            )
            for event in found
        ),
        base=_class(homes, base) if base else of_runtime("Model"),
        classes=tuple(dict.fromkeys(_class(homes, key) for key in keys)),
        signature_header=signature_header,
    )
    view = _with_kinds(view, found, homes)
    fixed = (
        *(use("typing", name)
          for name in ("Any", "ClassVar", "Final", "Literal", "TypeAlias", "TypeVar", "overload")),
        use("collections.abc", "Callable"), use("collections.abc", "Mapping"),
        of_runtime("DEFAULT_TOLERANCE_MS"), of_runtime("sealed"), of_runtime("SecretSource"),
    )  # fmt: skip
    (settled, _), imports = settle((view, fixed), here=f"{homes.package}.events", taken=_OWN)
    names = sorted({*_OWN, *settled.classes, settled.base}, key=isort)
    return attrs.evolve(settled, names=tuple(names), imports=imports)


def _with_kinds(view: views.Events, found: Sequence[Event], homes: Homes) -> views.Events:
    """Add what a document says of telling events apart; nothing where ``type`` does."""
    if all(event.tag == USUAL and event.listed for event in found):
        return view
    tags = tuple(dict.fromkeys(event.tag for event in found if event.tag))
    nameless = any(not event.tag or not event.listed for event in found)
    only = len(found) == 1 and not tags
    telling = f"only={literal(found[0].kind)}" if only else f"tags={literal(tags)}"
    several = [
        f"{literal(event.kind)}: {of_runtime('Union')}"
        f"({', '.join(_class(homes, key) for key in (event.key, *event.others))})"
        for event in found
        if event.others
    ]
    if several:
        telling += f", several={{{', '.join(several)}}}"
    return attrs.evolve(
        view,
        kinds=of_runtime("Kinds"),
        telling=telling,
        router=of_runtime("KindRouter"),
        by_name="EventType | None" if nameless else "",
    )


def _class(homes: Homes, key: str) -> str:
    return use(homes[key].module, homes[key].name)


def _base(api: Api, keys: Iterable[str]) -> str:
    """Return the key of the one object that all events extend; empty for none."""
    bases = {api.named[key].schema.base for key in keys}
    return bases.pop() if len(bases) == 1 else ""
