"""Finding what there is: objects, requests and events by words, state, account and time. Masked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import attrs

from molam_overlays.sandbox.ledger import Ledger, Thing
from molam_overlays.sandbox.masking import Masking
from molam_overlays.sandbox.state import State, unpack

PAGE: Final = 25
"""Rows of a page."""
_TEXTS: Final = (
    "id",
    "charge_id",
    "payment_intent_id",
    "reference_code",
    "customer_id",
    "merchant_id",
    "origin_entity_id",
    "description",
    "currency",
    "metadata",
)
"""Fields of objects that are searched: none that is sensitive."""


@attrs.frozen
class Query:
    """What is looked for."""

    text: str = ""
    status: str = ""
    type: str = ""
    account: str = ""
    key: str = ""
    since_ms: int | None = None
    page: int = 1


@attrs.frozen
class Found:
    """One page of what was found, newest first."""

    rows: list[Any]
    more: bool


class Search:
    """Reads the state for pages. Whatever leaves here is masked."""

    def __init__(self, state: State, ledger: Ledger, masking: Masking) -> None:
        self._state = state
        self._ledger = ledger
        self._masking = masking

    # Objects

    def objects(self, kind: str, query: Query) -> Found:
        """Find objects of a kind."""
        where, values = ["kind = ?"], [kind]
        if query.status:
            where.append("json_extract(body, '$.status') = ?")
            values.append(query.status)
        if query.account:
            where.append("account = ?")
            values.append(query.account)
        if query.since_ms is not None:
            where.append("json_extract(hidden, '$.history[0].at_ms') >= ?")
            values.append(str(query.since_ms))
            where[-1] = where[-1].replace("?", "CAST(? AS INTEGER)")
        for word in query.text.split():
            clauses = [f"json_extract(body, '$.{name}') LIKE ? ESCAPE '\\'" for name in _TEXTS]
            values += [_like(word)] * len(_TEXTS)
            amounts = _amounts(word)
            clauses += ["json_extract(body, '$.amount') = CAST(? AS NUMERIC)"] * len(amounts)
            values += amounts
            where.append(f"({' OR '.join(clauses)})")
        return self._found("objects", where, values, query, self._thing)

    def thing(self, id_: str) -> Thing | None:
        """Return one object, masked."""
        found = self._ledger.get(id_.encode("utf-8", "replace").decode())
        return None if found is None else attrs.evolve(found, body=self._masking.data(found.body))

    def _thing(self, row: Any) -> Thing:
        body = self._masking.data(unpack(row["body"]))
        return Thing(row["id"], row["account"], row["kind"], body, unpack(row["hidden"]))

    def refunds_of(self, charge_id: str) -> list[Thing]:
        """List the refunds of a charge, oldest first."""
        rows = self._state.rows(
            "SELECT * FROM objects WHERE kind = 'refund' "
            "AND json_extract(body, '$.charge_id') = ? ORDER BY seq",
            charge_id,
        )
        return [self._thing(row) for row in rows]

    # Requests

    def requests(self, query: Query) -> Found:
        """Find requests: by text in path, key, body or answer."""
        where, values = ["1 = 1"], []
        if query.status:
            low, high = (query.status[0] + "00", query.status[0] + "99")
            if query.status == "none":
                where.append("json_extract(record, '$.status') IS NULL")
            else:
                where.append("json_extract(record, '$.status') BETWEEN ? + 0 AND ? + 0")
                values += [low, high]
        for name, told in (
            ("operation", query.type),
            ("account", query.account),
            ("idempotency_key", query.key),
        ):
            if told:
                where.append(f"json_extract(record, '$.{name}') = ?")
                values.append(told)
        if query.since_ms is not None:
            where.append("at_ms >= CAST(? AS INTEGER)")
            values.append(str(query.since_ms))
        for word in query.text.split():
            where.append("record LIKE ? ESCAPE '\\'")
            values.append(_like(word))
        return self._found("requests", where, values, query, _request)

    def request(self, id_: str) -> dict[str, Any] | None:
        """Return one request."""
        row = self._state.row("SELECT * FROM requests WHERE id = ?", id_)
        return None if row is None else _request(row)

    def requests_about(self, thing: Thing) -> list[dict[str, Any]]:
        """List the requests that had to do with an object, oldest first.

        Those that name it or got it back, and all that share a key with one of these: a request that
        failed before it did anything names nothing.
        """
        names = {thing.id}
        if thing.kind == "payment_intent" and thing.body.get("charge_id"):
            names.add(thing.body["charge_id"])
        rows = self._state.rows("SELECT * FROM requests ORDER BY seq")
        records = [_request(row) for row in rows]
        own = [each for each in records if _is_about(each, names)]
        keys = {_key_of(each) for each in own} - {None}
        return [each for each in records if _is_about(each, names) or _key_of(each) in keys]

    def attempts_of(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """List the requests that share a request's key, oldest first; itself alone without one."""
        if _key_of(request) is None:
            return [request]
        rows = self._state.rows(
            "SELECT * FROM requests WHERE json_extract(record, '$.idempotency_key') = ? ORDER BY seq",
            request["idempotency_key"],
        )
        return [each for row in rows if _key_of(each := _request(row)) == _key_of(request)]

    # Events

    def events(self, query: Query) -> Found:
        """Find events."""
        where, values = ["1 = 1"], []
        for name, told in (("type", query.type), ("account", query.account)):
            if told:
                where.append(f"{name} = ?")
                values.append(told)
        if query.status:
            where.append("id IN (SELECT event_id FROM deliveries WHERE state = ?)")
            values.append(query.status)
        if query.since_ms is not None:
            where.append("at_ms >= CAST(? AS INTEGER)")
            values.append(str(query.since_ms))
        for word in query.text.split():
            names = ("id", *(f"data.{name}" for name in _TEXTS))
            clauses = [f"json_extract(body, '$.{name}') LIKE ? ESCAPE '\\'" for name in names]
            values += [_like(word)] * len(names)
            where.append(f"(type LIKE ? ESCAPE '\\' OR {' OR '.join(clauses)})")
            values.insert(len(values) - len(names), _like(word))
        return self._found("events", where, values, query, self._event)

    def event(self, id_: str) -> dict[str, Any] | None:
        """Return one event with its deliveries."""
        row = self._state.row("SELECT * FROM events WHERE id = ?", id_)
        return None if row is None else self._event(row)

    def events_of(self, thing_id: str) -> list[dict[str, Any]]:
        """List the events of an object, oldest first."""
        rows = self._state.rows(
            "SELECT * FROM events WHERE json_extract(body, '$.data.id') = ? ORDER BY seq", thing_id
        )
        return [self._event(row) for row in rows]

    def events_by(self, request_id: str) -> list[dict[str, Any]]:
        """List the events that a request caused."""
        rows = self._state.rows(
            "SELECT * FROM events WHERE request_id = ? ORDER BY seq", request_id
        )
        return [self._event(row) for row in rows]

    def _event(self, row: Any) -> dict[str, Any]:
        found = self._ledger.outbox.event(row["id"])
        assert found is not None
        about = {"account": row["account"], "at_ms": row["at_ms"]}
        return {**self._masking.data(found), **about}

    # What comes

    def timers_of(self, thing: Thing) -> list[tuple[int, str]]:
        """List when something happens to an object by itself, and what; soonest first."""
        rows = self._state.rows("SELECT * FROM timers ORDER BY due_ms, seq")
        found = [(row["due_ms"], row["action"], unpack(row["subject"])) for row in rows]
        turn = thing.hidden["turn"]
        return [(due, what) for due, what, it in found if it == {"id": thing.id, "turn": turn}]

    def accounts(self) -> list[str]:
        """List the accounts that were used, oldest first."""
        rows = self._state.rows(
            "SELECT account FROM (SELECT account, seq FROM objects UNION ALL "
            "SELECT json_extract(record, '$.account') AS account, seq FROM requests) "
            "WHERE account <> '' GROUP BY account ORDER BY min(seq)"
        )
        return [row["account"] for row in rows]

    def count(self, kind: str) -> int:
        """Count the objects of a kind."""
        row = self._state.row("SELECT count(*) FROM objects WHERE kind = ?", kind)
        return int(row[0]) if row else 0

    def _found(
        self, name: str, where: Iterable[str], values: Iterable[str], query: Query, read: Any
    ) -> Found:
        rows = self._state.rows(
            f"SELECT * FROM {name} WHERE {' AND '.join(where)} "  # noqa: S608 - our own words
            "ORDER BY seq DESC LIMIT ? OFFSET ?",
            *values,
            PAGE + 1,
            PAGE * (min(query.page, 1_000_000) - 1),
        )
        return Found([read(row) for row in rows[:PAGE]], len(rows) > PAGE)


def _request(row: Any) -> dict[str, Any]:
    return {"unknown": [], **unpack(row["record"]), "seq": row["seq"], "at_ms": row["at_ms"]}


def _key_of(request: dict[str, Any]) -> tuple[str, str, str, str] | None:
    if not request["idempotency_key"]:
        return None
    names = ("account", "method", "path", "idempotency_key")
    account, method, path, key = (str(request[name]) for name in names)
    return account, method, path, key


def _is_about(request: dict[str, Any], names: set[str]) -> bool:
    answer = request["answer"]
    if isinstance(answer, dict) and answer.get("id") in names:
        return True
    return any(step in names for step in request["path"].split("/"))


def _like(word: str) -> str:
    return "%" + re.sub(r"([%_\\])", r"\\\1", word) + "%"


def _amounts(word: str) -> list[str]:
    """Return the amounts that a word may mean: as it stands, or major units for minor ones."""
    if not re.fullmatch(r"[0-9]{1,15}([.,][0-9]{1,4})?", word):
        return []
    number = Decimal(word.replace(",", "."))
    return [str(number), str(number * 100), str(number * 1000)]
