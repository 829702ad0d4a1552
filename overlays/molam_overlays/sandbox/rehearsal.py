"""A webhook endpoint put to the test: what is sent to it, and what its answers say of it.

`rehearse` decides and does no I/O: it yields what to post and when to count, and returns its
findings. Every event has an id of its own unless it is a duplicate on purpose, so that nothing that
is remembered of one step excuses the next.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Generator, Mapping
from copy import deepcopy
from functools import partial
from typing import Any, Final

import attrs

from molam_overlays.message.media import JSON
from molam_overlays.webhook.signature import SIGNATURE_HEADER, generate_signature

OLD_MS: Final = 600_000
"""How old the old signature is."""
UNHEARD_OF: Final = "rehearsal.type_that_came_later"
"""An event type that no receiver knows."""


@attrs.frozen
class Check:
    """One thing that is true of a good endpoint."""

    name: str
    right: str
    """What a good endpoint does."""
    advice: str
    """Why, and what to do."""


CHECKS: Final = (
    Check(
        "genuine",
        "takes an event that is signed rightly",
        "Both sides must have the same secret: ours is MOLAM_WEBHOOK_SECRET or --secret.",
    ),
    Check(
        "wrong_signature",
        "refuses an event that another secret signed",
        "Whoever learns the URL can make you deliver. Verify Molam-Signature before anything else.",
    ),
    Check(
        "no_signature",
        "refuses an event without a signature",
        "A request without Molam-Signature comes from somebody else. Answer 401.",
    ),
    Check(
        "altered_body",
        "refuses a body that was altered after it was signed",
        "Compute the HMAC over `t`, a full stop and the whole raw body, not over parts of it.",
    ),
    Check(
        "old_signature",
        "refuses a signature that is ten minutes old",
        "Compare `t`, unix milliseconds, with your clock; five minutes either way are enough.",
    ),
    Check(
        "second_v1",
        "takes an event with two `v1` of which either is right",
        "While a secret rotates the header has both signatures: compare every `v1`.",
    ),
    Check(
        "new_kid",
        "takes a key id that it has not seen",
        "`kid` is a hint. Where it is unknown, try the secrets that you have.",
    ),
    Check(
        "raw_body",
        "takes a body however its JSON is written",
        "Verify the bytes as they came, before a parser and a serializer have changed them.",
    ),
    Check(
        "unknown_type",
        "answers 2xx to a type that it does not know",
        "New types come without notice. What is not answered 2xx is sent again for three days.",
    ),
    Check(
        "duplicate",
        "answers 2xx to an event that it had before",
        "Events come more than once. Answer as the first time; else they keep coming.",
    ),
    Check(
        "in_time",
        "answers within the time-out",
        "Store the event, answer 200, and do the work afterwards.",
    ),
    Check(
        "duplicate_effect",
        "acts once when an event comes twice",
        "Keep the ids of events with a unique constraint, in the transaction that does the work.",
    ),
    Check(
        "reordering_effect",
        "acts once when events come late and out of order",
        "Keep the id of every event, not only the last; act on what the payment is, not on its past.",
    ),
)
"""All checks, in the order of the report. The last two need a command that counts."""
_BY_NAME: Final = {each.name: each for each in CHECKS}


@attrs.frozen
class Send:
    """Post this; the answer to it is a `Seen`."""

    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes = attrs.field(repr=False)


@attrs.frozen
class Count:
    """Count effects: wait until there are other than so many, or until nothing more will happen."""

    other_than: int | None


@attrs.frozen
class Seen:
    """How the endpoint answered."""

    status: int | None
    """None for no answer."""
    seconds: float
    error: str | None = None

    @property
    def taken(self) -> bool:
        """Whether Molam would take this for a delivery."""
        return self.status is not None and 200 <= self.status <= 299

    def __str__(self) -> str:
        return f"answered {self.status}" if self.status is not None else f"{self.error}"


@attrs.frozen
class Finding:
    """What one check found."""

    check: Check
    passed: bool | None
    """None: it could not be judged."""
    saw: str
    """What happened, for people."""


Steps = Generator[Send | Count, Any, list[Finding]]
"""Yields what to do, takes a `Seen` for a `Send` and a number for a `Count`."""


@attrs.frozen
class Rehearsal:
    """What to send to an endpoint, and how it is signed."""

    event: Mapping[str, Any]
    """The event that has an effect; each step sends it with another id."""
    secret: str = attrs.field(repr=False)
    timeout_seconds: float
    """How long an endpoint may take."""
    now_ms: Callable[[], int]
    """The time, unix milliseconds."""
    kid: str = "1"
    """The key id of the secret."""

    def fresh(self, **changes: Any) -> dict[str, Any]:
        """Return an event that nobody has seen, of a resource that nobody has seen."""
        event = {**deepcopy(dict(self.event)), **changes}
        event["id"] = f"evt_rehearsal_{secrets.token_hex(6)}"
        event["created"] = self.now_ms() // 1000
        prefix = str(event["data"].get("id", "")).partition("_")[0] or "obj"
        event["data"]["id"] = f"{prefix}_rehearsal_{secrets.token_hex(6)}"
        return event

    def send(self, content: bytes, *, secret: Any = None, age_ms: int = 0, kid: str = "") -> Send:
        """Sign a body, rightly unless told otherwise."""
        signed = generate_signature(
            content, secret or self.secret, self.now_ms() - age_ms, kid or self.kid
        )
        return Send({**_KIND, SIGNATURE_HEADER: signed}, content)


_KIND: Final = {"Content-Type": f"{JSON}; charset=utf-8", "User-Agent": "Molam-Rehearsal"}
_COMPACT: Final[dict[str, Any]] = {"separators": (",", ":"), "ensure_ascii": False}
_FORMS: Final[tuple[dict[str, Any], ...]] = (
    _COMPACT,
    {},
    {**_COMPACT, "sort_keys": True},
    {"sort_keys": True},
)
"""Ways to write JSON, as endpoints that write it anew before they verify it would."""


def _written(data: Any, form: Mapping[str, Any]) -> bytes:
    return json.dumps(data, **form).encode()


def _loosely(data: Any) -> bytes:
    """Write JSON as no library does by itself, and as any parser reads it."""
    return json.dumps(data, indent=3, separators=(" ,", " : ")).encode() + b"\n"


def rehearse(rehearsal: Rehearsal, *, effects: bool = False) -> Steps:
    """Judge an endpoint; with `effects` also by what it did."""
    slowest = 0.0
    findings: list[Finding] = []
    for part in (_answers(rehearsal), _effects(rehearsal)) if effects else (_answers(rehearsal),):
        told: Any = None
        while True:
            try:
                step = part.send(told)
            except StopIteration as end:
                findings += end.value
                break
            told = yield step
            if isinstance(told, Seen):
                slowest = max(slowest, told.seconds)
        if _failed(findings, "genuine"):
            # Whatever follows would say the same again.
            findings += [
                _skipped(each, "nothing was taken, so this says nothing")
                for each in CHECKS
                if each.name not in {"genuine", "in_time"}
                and (effects or "effect" not in each.name)
            ]
            break
    limit = rehearsal.timeout_seconds
    verdict = _judged("in_time", slowest <= limit, f"the slowest answer took {slowest:.1f} s")
    order = list(_BY_NAME)
    return sorted([*findings, verdict], key=lambda each: order.index(each.check.name))


def _answers(rehearsal: Rehearsal) -> Steps:
    seen = Seen(None, 0.0, "nothing was sent")
    form = _COMPACT
    for form in _FORMS:
        seen = yield rehearsal.send(_written(rehearsal.fresh(), form))
        if seen.taken:
            break
    else:
        return [_judged("genuine", False, str(seen))]
    found = [_judged("genuine", True, str(seen))]
    write = partial(_written, form=form)

    forged = secrets.token_hex(16)
    seen = yield rehearsal.send(write(rehearsal.fresh()), secret=f"whsec_{forged}")
    found.append(_judged("wrong_signature", not seen.taken, str(seen)))
    seen = yield Send(_KIND, write(rehearsal.fresh()))
    found.append(_judged("no_signature", not seen.taken, str(seen)))
    event = rehearsal.fresh()
    signed = rehearsal.send(write(event))
    seen = yield Send(signed.headers, write(_altered(event)))
    found.append(_judged("altered_body", not seen.taken, str(seen)))
    seen = yield rehearsal.send(write(rehearsal.fresh()), age_ms=OLD_MS)
    found.append(_judged("old_signature", not seen.taken, str(seen)))

    first = yield rehearsal.send(
        write(rehearsal.fresh()), secret=[rehearsal.secret, f"whsec_{forged}"]
    )
    last = yield rehearsal.send(
        write(rehearsal.fresh()), secret=[f"whsec_{forged}", rehearsal.secret]
    )
    saw = f"{first} when the first was right, {last} when the second was"
    found.append(_judged("second_v1", first.taken and last.taken, saw))
    seen = yield rehearsal.send(write(rehearsal.fresh()), kid=f"{rehearsal.kid}9")
    found.append(_judged("new_kid", seen.taken, f"{seen} to the same secret under another key id"))
    seen = yield rehearsal.send(_loosely(rehearsal.fresh()))
    found.append(_judged("raw_body", seen.taken, f"{seen} to a body with other spaces and escapes"))

    seen = yield rehearsal.send(write(rehearsal.fresh(type=UNHEARD_OF)))
    found.append(_judged("unknown_type", seen.taken, f"{seen} to {UNHEARD_OF}"))
    again = write(rehearsal.fresh())
    yield rehearsal.send(again)
    seen = yield rehearsal.send(again)
    found.append(_judged("duplicate", seen.taken, f"{seen} the second time"))
    return found


def _effects(rehearsal: Rehearsal) -> Steps:
    before, event, form = 0, b"", _COMPACT
    for form in _FORMS:
        before = yield Count(None)
        event = _written(rehearsal.fresh(), form)
        seen: Seen = yield rehearsal.send(event)
        if seen.taken:
            break
    once = yield Count(before)
    if once == before:
        why = (
            f"the number stayed {before} after an event: it must count what the event makes you do"
        )
        return [_skipped(_BY_NAME[name], why) for name in ("duplicate_effect", "reordering_effect")]
    yield rehearsal.send(event)
    twice = yield Count(once)
    found = [
        _judged("duplicate_effect", twice == once, f"the number went {before}, {once}, {twice}")
    ]

    newer = rehearsal.fresh()
    older = {**deepcopy(newer), "id": f"{newer['id']}_older", "created": newer["created"] - 60}
    older["type"] = newer["type"].partition(".")[0] + ".created"
    yield rehearsal.send(_written(newer, form))
    once = yield Count(twice)
    yield rehearsal.send(_written(older, form))
    late = yield Count(once)
    numbers = [twice, once, late]
    if found[0].passed:
        # The first again, after another one: some remember only the last.
        yield rehearsal.send(_written(newer, form))
        late = yield Count(late)
        numbers.append(late)
    saw = "the number went " + ", ".join(map(str, numbers))
    return [*found, _judged("reordering_effect", late == once, saw)]


def _altered(event: Mapping[str, Any]) -> dict[str, Any]:
    changed = deepcopy(dict(event))
    amount = changed["data"].get("amount")
    changed["data"]["amount"] = amount * 100 if isinstance(amount, (int, float)) else 1_000_000
    return changed


def _judged(name: str, passed: bool, saw: str) -> Finding:
    return Finding(_BY_NAME[name], passed, saw)


def _skipped(check: Check, why: str) -> Finding:
    return Finding(check, None, why)


def _failed(findings: list[Finding], name: str) -> bool:
    return any(each.check.name == name and each.passed is False for each in findings)
