"""The objects of the API, their changes, the timers that change them, and the events that tell."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs

from molam_overlays.sandbox.answer import Refusal
from molam_overlays.sandbox.clock import Clock, rfc3339
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.document import Operation
from molam_overlays.sandbox.example import Examples
from molam_overlays.sandbox.life import LIVES
from molam_overlays.sandbox.outbox import Outbox
from molam_overlays.sandbox.state import State, pack, unpack

Ids = Callable[[str], str]
"""Makes an id that starts with a prefix."""


def random_id(prefix: str) -> str:
    """Make an id: the prefix and 16 random hex digits."""
    return prefix + secrets.token_hex(8)


@attrs.define
class Thing:
    """One object of the API."""

    id: str
    account: str
    kind: str
    body: dict[str, Any]
    """As the API shows it."""
    hidden: dict[str, Any]
    """What only the sandbox knows; `turn` counts its changes of status, `history` lists them."""


class Ledger:
    """Finds, makes and moves objects. Every method runs in the caller's transaction."""

    def __init__(
        self, contract: Contract, state: State, clock: Clock, outbox: Outbox, ids: Ids
    ) -> None:
        self.contract = contract
        self.examples = Examples(contract)
        self.state = state
        self.clock = clock
        self.outbox = outbox
        self.new_id = ids
        self._moment: int | None = None

    def now_ms(self) -> int:
        """Return the sandbox's time; while a timer runs, the time it was due."""
        return self.clock.now_ms() if self._moment is None else self._moment

    def now(self) -> str:
        """Return the sandbox's time as the API writes it."""
        return rfc3339(self.now_ms())

    @contextmanager
    def moment(self, ms: int) -> Generator[None, None, None]:
        """Pretend that it is a time in the past, for what should have happened then."""
        self._moment = ms
        try:
            yield
        finally:
            self._moment = None

    def add(
        self,
        kind: str,
        account: str,
        operation: Operation,
        body: Mapping[str, Any],
        fixed: Mapping[str, Any],
        hidden: Mapping[str, Any] | None = None,
    ) -> Thing:
        """Make an object: every field of its schema, from the request where it has one.

        Fields that the document gained since this was written are kept and shown as well.
        """
        assert operation.result is not None
        result = f"{operation.result}/schema"
        _, schema = self.contract.document.resolve(result)
        shown: dict[str, Any] = {}
        for name, pointer in self.contract.document.properties(result).items():
            if name in fixed:
                shown[name] = fixed[name]
            elif name in body:
                shown[name] = body[name]
            elif self.contract.accepts_null(pointer):
                shown[name] = None
            elif name in schema.get("required", ()):
                shown[name] = self.examples.of_schema(pointer)
        thing = Thing(
            shown["id"], account, kind, shown, {"turn": 0, "history": [], **(hidden or {})}
        )
        self._record(thing, "create", None)
        self.state.insert(
            "objects",
            id=thing.id,
            account=account,
            kind=kind,
            body=pack(thing.body),
            hidden=pack(thing.hidden),
        )
        self.tell(thing, "created")
        return thing

    def get(self, id_: str) -> Thing | None:
        """Return an object by its id, whoever owns it."""
        row = self.state.row("SELECT * FROM objects WHERE id = ?", id_)
        return None if row is None else _thing(row)

    def find(self, kind: str, id_: str, account: str, param: str) -> Thing:
        """Return an account's object.

        Raises:
            Refusal: 404.
        """
        thing = self.get(id_)
        if thing is None or thing.kind != kind:
            raise missing(param)
        if thing.account != account:
            raise missing(param, elsewhere=True)
        return thing

    def find_charge(self, charge_id: str, account: str, param: str) -> Thing:
        """Return the payment intent that a charge belongs to.

        Raises:
            Refusal: 404.
        """
        row = self.state.row(
            "SELECT * FROM objects WHERE json_extract(body, '$.charge_id') = ? "
            "AND kind = 'payment_intent'",
            charge_id,
        )
        if row is None:
            raise missing(param)
        thing = _thing(row)
        if thing.account != account:
            raise missing(param, elsewhere=True)
        return thing

    def refunded(self, charge_id: str) -> int:
        """Return what was given back of a charge, or is on its way, in minor units."""
        row = self.state.row(
            "SELECT coalesce(sum(json_extract(body, '$.amount')), 0) FROM objects "
            "WHERE json_extract(body, '$.charge_id') = ? AND kind = 'refund' "
            "AND json_extract(body, '$.status') <> 'failed'",
            charge_id,
        )
        assert row is not None
        return int(row[0])

    def page(
        self, kind: str, account: str, filters: Mapping[str, Any], limit: int, offset: int
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return one page of an account's objects, newest first, and whether more follow."""
        where = "".join(" AND json_extract(body, ?) = ?" for _ in filters)
        values: list[Any] = []
        for name, value in filters.items():
            values += [f'$."{name}"', value]
        rows = self.state.rows(
            f"SELECT body FROM objects WHERE account = ? AND kind = ?{where} "  # noqa: S608
            "ORDER BY seq DESC LIMIT ? OFFSET ?",
            account,
            kind,
            *values,
            limit + 1,
            min(offset, 2**62),
        )
        return [unpack(row["body"]) for row in rows[:limit]], len(rows) > limit

    def save(self, thing: Thing) -> None:
        """Store an object as it is now."""
        if "updated_at" in thing.body:
            thing.body["updated_at"] = self.now()
        self.state.run(
            "UPDATE objects SET body = ?, hidden = ? WHERE id = ?",
            pack(thing.body),
            pack(thing.hidden),
            thing.id,
        )

    def move(self, thing: Thing, action: str, **changes: Any) -> None:
        """Move an object along its life, and tell.

        Raises:
            Refusal: 409, the action is not possible in its status.
        """
        before = thing.body["status"]
        after = LIVES[thing.kind].get((before, action))
        if after is None:
            raise wrong_state(thing)
        thing.body.update(changes)
        thing.body["status"] = after
        thing.hidden["turn"] += 1
        self._record(thing, action, before)
        self.save(thing)
        if after != before:
            self.tell(thing, after)

    def _record(self, thing: Thing, action: str, before: str | None) -> None:
        row = self.state.row("SELECT coalesce(max(seq), 0) FROM requests")
        assert row is not None
        thing.hidden["history"].append(
            {
                "action": action,
                "before": before,
                "after": thing.body["status"],
                "at_ms": self.now_ms(),
                "request_id": self.outbox.request_id,
                # The last request that was over: what came before what, where the clock stands.
                "seen": row[0],
            }
        )

    def tell(self, thing: Thing, what: str) -> None:
        """Announce a change, if the document has an event for it."""
        type_ = f"{thing.kind}.{what}"
        if type_ in self.contract.document.webhook_types():
            self.outbox.add(self.new_id("evt_"), type_, thing.account, thing.body, self.now_ms())

    def later(self, thing: Thing, seconds: float, action: str) -> None:
        """Do something with an object after some time, unless its status changes before."""
        self.state.insert(
            "timers",
            due_ms=self.now_ms() + int(seconds * 1000),
            action=action,
            subject=pack({"id": thing.id, "turn": thing.hidden["turn"]}),
        )


def _thing(row: Any) -> Thing:
    return Thing(row["id"], row["account"], row["kind"], unpack(row["body"]), unpack(row["hidden"]))


def missing(param: str, *, elsewhere: bool = False) -> Refusal:
    """Say that there is no such object."""
    hint = " It belongs to another API key; here each key is its own account." if elsewhere else ""
    return Refusal(404, "resource_missing", f"There is no such object.{hint}", param)


def wrong_state(thing: Thing) -> Refusal:
    """Say that an object cannot do this now."""
    noun = thing.kind.replace("_", " ")
    return Refusal(
        409, "invalid_state", f"The {noun} is {thing.body['status']}: it cannot do this now."
    )
