"""Events that a document tells apart otherwise than by a text ``type``.

By a text property of another name, or by the name of the webhook: then the body alone does not say
what happened, and whoever receives it does, since each webhook has a path or a header of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from molam_overlays.annotations import at_home
from molam_overlays.errors import WebhookPayloadError
from molam_overlays.outcome import NO_RESPONSE, ResponseInfo
from molam_overlays.schema.digits import Origin
from molam_overlays.schema.jsontext import read
from molam_overlays.schema.model import Model, adopt
from molam_overlays.schema.unions import Union
from molam_overlays.webhook.router import EventRouter
from molam_overlays.webhook.signature import SecretSource, verify_signature

E = TypeVar("E", bound=Model)


class NamedEvent(ResponseInfo):
    """The `response` of an event that was read by the name of its webhook."""

    name: str

    def __reduce__(self) -> tuple[Any, ...]:
        return named, (self.name,)


def named(name: str) -> NamedEvent:
    """Return the note on an event that says by which name it was read."""
    note = NamedEvent()
    note.name = name
    return note


class Kinds(Generic[E]):
    """What tells the events of one document apart."""

    def __init__(
        self,
        known: Mapping[str, type[E]],
        fallback: type[E],
        tags: Sequence[str] = (),
        only: str | None = None,
        several: Mapping[str, Union] | None = None,
    ) -> None:
        """Note the rules.

        Args:
            known: the class of each kind of event: by the text that its tag has, or by the name of
                its webhook.
            fallback: the class of kinds that the document does not know.
            tags: properties whose text says the kind, in the order in which they are asked.
            only: the name of the one webhook there is, which needs no telling apart.
            several: the classes of webhooks that carry several objects which nothing tells apart;
                each is read as the nearest.
        """
        self.known = known
        self.fallback = fallback
        self.tags = tuple(tags)
        self.only = only
        self._several = several or {}

    def kind_of(self, event: Mapping[str, Any]) -> str | None:
        """Return the kind of an event that was read, or of its body; None where nothing tells."""
        note = getattr(event, "response", None)
        if isinstance(note, NamedEvent):
            return note.name
        texts = [event[tag] for tag in self.tags if isinstance(event.get(tag), str)]
        known = (text for text in texts if text in self.known)
        return next(known, texts[0] if texts else self.only)

    def read(self, body: bytes, name: str | None = None) -> E:
        """Read a body that was verified; see the emitted `read_event`."""
        try:
            data, digits = read(body)
        except ValueError:
            data, digits = None, {}
        if not isinstance(data, dict):
            raise WebhookPayloadError(
                "The webhook is signed but is not an event: expected a JSON object. Answer 400 and "
                "look at what was sent."
            )
        kind = own = self.kind_of(data)
        # Who names every webhook names those as well that say in their body what they are.
        if name is not None and (name in self.known or own not in self.known):
            kind = name
        if kind is None:
            tags = "".join(f", or has a text `{tag}`" for tag in self.tags)
            raise WebhookPayloadError(
                "The webhook is signed, but its body does not say which event it is: pass "
                f"name=… as its path or header tells it{tags}."
            )
        told = NO_RESPONSE if kind == own and own != self.only else named(kind)
        return adopt(self._class(kind, data), data, Origin(told, digits))

    def _class(self, kind: str, data: Mapping[str, Any]) -> type[E]:
        union = self._several.get(kind)
        member = None if union is None else union.member(data)
        return getattr(member, "model", None) or self.known.get(kind, self.fallback)

    def construct(
        self,
        signature_header: str | None,
        raw_body: bytes,
        get_secret_by_kid: SecretSource,
        tolerance_ms: int,
        name: str | None = None,
    ) -> E:
        """Verify a webhook and read it; see the emitted `construct_event`."""
        verify_signature(signature_header, raw_body, get_secret_by_kid, tolerance_ms)
        return self.read(bytes(raw_body), name)


class KindRouter(EventRouter[E]):
    """A router of events that are told apart by `Kinds`."""

    kinds: ClassVar[Kinds[Any]]

    def handlers(self, event: E) -> tuple[Callable[[Any], Any], ...]:
        """Return the handlers that an event goes to, in order."""
        kind = self.kinds.kind_of(event)
        return tuple(self._default if kind is None else self._handlers.get(kind, self._default))


at_home("molam_sdk.events", KindRouter)
