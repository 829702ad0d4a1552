"""Taking a next step of an object's life from its page: by the API where that can, else by force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import attrs

from molam_overlays.sandbox.answer import Refusal
from molam_overlays.sandbox.behaviour import run_timer
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.ledger import Thing
from molam_overlays.sandbox.life import LIVES

Way = Literal["api", "customer", "itself"]


@attrs.frozen
class Step:
    """One transition that is possible now."""

    action: str
    after: str
    way: Way
    """Who takes it: a call of the API, the customer, or time."""
    operation: str = ""
    """The operation of an API call."""
    body: Mapping[str, Any] = attrs.field(factory=dict)
    customer: str = ""
    """What the customer does."""

    @property
    def label(self) -> str:
        """What the button says."""
        if self.way == "customer":
            return f"Customer: {self.customer}"
        if self.way == "api":
            return self.operation + "".join(f" {value}" for value in self.body.values())
        return f"Let it {self.action}"


_METHODS: Final = {
    "authorise": "pm_success",
    "charge": "pm_success",
    "challenge": "pm_action",
    "process": "pm_processing",
    "refuse": "pm_declined",
}
_DECISIONS: Final = {"authorise": "pay", "charge": "pay", "fail": "decline", "cancel": "cancel"}


def steps_of(thing: Thing) -> list[Step]:
    """List what can come next, by the table of the object's life."""
    status = thing.body["status"]
    skipped = "authorise" if thing.body.get("capture") else "charge"
    return [
        _step(thing.kind, status, action, after)
        for (before, action), after in LIVES[thing.kind].items()
        if before == status and action != skipped
    ]


def _step(kind: str, status: str, action: str, after: str) -> Step:
    if kind == "payment_intent":
        if status == "requires_action":
            return Step(action, after, "customer", customer=_DECISIONS.get(action, action))
        if action in _METHODS and status != "processing":
            body = {"payment_method": _METHODS[action]}
            return Step(action, after, "api", "confirmPaymentIntent", body)
        if action in {"capture", "cancel"}:
            return Step(action, after, "api", f"{action}PaymentIntent")
    if kind == "payout" and action == "cancel":
        return Step(action, after, "api", "cancelPayout")
    return Step(action, after, "itself")


def force(core: Core, thing: Thing, action: str) -> None:
    """Let time do now what it would do later, or would not do.

    Raises:
        Refusal: 409, the action is not possible in its status.
    """
    due = [when for when, what in core.search.timers_of(thing) if what == action]
    if due:
        # What is due anyway happens at its time, and everything before it.
        core.clock.advance(max(0, due[0] - core.clock.now_ms()))
        core.tick()
        core.woken()
        return
    with core.state.transaction():
        fresh = core.ledger.get(thing.id)
        if fresh is None:
            raise Refusal(404, "resource_missing", "There is no such object.")
        run_timer(core.ledger, fresh, "take" if action in {"authorise", "charge"} else action)
    core.woken()
