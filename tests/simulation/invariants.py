"""What must hold, whatever goes wrong: each a function with one sentence.

The oracle is independent of the product: it knows what the merchant meant, what truly happened on
the wire, and what the bank did. Two things no client can prevent, and they excuse a payment that was
made twice: the bank has forgotten the key, and whoever sent it could not know, because time passed
between its last look at a clock and the request's arrival, or because the clock itself was wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from molam_overlays.errors import MolamError
from molam_overlays.sandbox.state import unpack as decode
from molam_overlays.store import fork
from tests.simulation.bank import DAY, Arrival
from tests.simulation.kernel import EPOCH

if TYPE_CHECKING:
    from tests.simulation.merchant import Call, Shop, Worker
    from tests.simulation.wire import Exchange

GRAVITY = {"not_sent": 0, "rejected": 1, "maybe_processed": 2}
DENIED = ("not_sent", "rejected")
DISK_FAULTS = frozenset({"full", "io error", "lost commit", "busy", "refused", "close", "signal"})

# After every step ---------------------------------------------------------------------------------


def after_step(shop: Shop) -> None:
    """Check what can have changed since the last step."""
    commits = shop.simulation.commits
    if commits != shop.commits_seen:
        shop.commits_seen = commits
        an_event_takes_effect_once(shop)
    now = (shop.bank.changes, len(shop.books.calls), len(shop.books.recovered), shop.told)
    if now != shop.seen:
        shop.seen = now
        no_order_moves_money_more_often_than_meant(shop)
        no_key_works_twice(shop)
        what_was_denied_never_happens(shop)
        what_was_given_up_is_not_sent(shop)
        what_a_recovery_says_is_true(shop)
        nothing_old_is_sent_again(shop)


def an_event_takes_effect_once(shop: Shop) -> None:
    """What a handler writes in the inbox's transaction is written once, and with the event's end."""
    rows = shop.rows(
        "SELECT e.event_id, count(*), (SELECT state FROM received_webhooks w "
        "WHERE w.event_id = e.event_id) FROM effects e GROUP BY e.event_id"
    )
    for event_id, times, state in rows:
        if times > 1:
            shop.simulation.fail(f"the event {event_id} took effect {times} times")
        if state != "processed":
            shop.simulation.fail(f"the event {event_id} took effect, and it is {state}")


def no_order_moves_money_more_often_than_meant(shop: Shop) -> None:
    """No order is charged, refunded or paid out more often than the merchant meant."""
    for place, times in shop.bank.effects.items():
        if times > shop.books.meant[place] and not _excused(shop, place[1]):
            kind, order = place
            shop.simulation.fail(
                f"{kind} {order}: {times} times, and {shop.books.meant[place]} was meant"
            )


def no_key_works_twice(shop: Shop) -> None:
    """The bank does what a key asks for once."""
    for (key, operation), made in shop.bank.executed.items():
        if len(made) > 1 and not _forgotten_in_time(shop, key, operation):
            shop.simulation.fail(
                f"{operation} with the key {key} was carried out {len(made)} times"
            )


def what_was_denied_never_happens(shop: Shop) -> None:
    """What the merchant was told ``not_sent`` or ``rejected`` is not in the ledger and never will be."""
    for call in shop.books.calls:
        if call.told not in DENIED or not call.operation.startswith("POST"):
            continue
        made = shop.bank.executed.get((call.key or "", call.operation))
        if made and not _used_otherwise(shop, call) and not _page_without_journal(call):
            shop.simulation.fail(
                f"{call.operation} {call.order} was told {call.told}, and the bank did it: {made[0]}"
            )


def what_was_given_up_is_not_sent(shop: Shop) -> None:
    """What was interrupted before its first byte left is never sent by anybody else."""
    for key, when in shop.books.given_up.items():
        late = [each for each in shop.bank.arrivals if each.key == key and each.decided > when]
        if late:
            shop.simulation.fail(
                f"the call with the key {key} was given up before it left, and {late[0].by} sent it"
            )


def what_a_recovery_says_is_true(shop: Shop) -> None:
    """What a recovery calls settled was done, and what it calls rejected was not."""
    for _, row in shop.books.recovered:
        operation = f"{row.method} {row.path.partition('?')[0].rpartition('/')[2]}"
        made = shop.bank.executed.get((row.key, operation))
        if row.outcome == "settled" and not made:
            shop.simulation.fail(f"a recovery settled {operation} {row.key}, which was never done")
        if row.outcome == "rejected" and made:
            shop.simulation.fail(f"a recovery called {operation} {row.key} rejected: it was done")


def nothing_old_is_sent_again(shop: Shop) -> None:
    """No recovery and no `resume` sends a key that the API has forgotten."""
    for each in shop.bank.arrivals:
        if each.recovering and each.key is not None:
            first = shop.bank.first[each.key, each.operation]
            if each.decided - first > DAY and "clock" not in shop.excuses:
                hours = (each.decided - first) / 3600
                shop.simulation.fail(
                    f"{each.by} sent {each.operation} {each.key} again after {hours:.1f} hours"
                )


def what_may_be_sent_again(shop: Shop, key: str, operation: str) -> None:
    """What a recovery sends is neither damaged, nor from the future, nor another API key's."""
    under_way = [
        call
        for call in shop.books.calls
        if call.key == key and call.told == "nothing yet" and call.by != shop.who and call.alive()
    ]
    if under_way:
        shop.simulation.fail(f"{operation} {key} is sent again while its call is under way")
    if key in shop.books.facts.get("unsendable", {}):
        shop.simulation.fail(f"{operation} {key} is sent again, and its entry is not sound")
    now = EPOCH + shop.simulation.now + shop.simulation.skew
    for row in shop.journal():
        in_future = row["idempotency_key"] == key and row["created_at"] > now + 1
        if in_future and not shop.set_back_since_it_looked():
            shop.simulation.fail(f"{operation} {key} is sent again, written in the future")
    former = {each.api_key for each in shop.bank.arrivals if each.key == key}
    if former - {shop.sending_with}:
        shop.simulation.fail(f"{operation} {key} is sent again with another API key")


def _used_otherwise(shop: Shop, call: Call) -> bool:
    """Tell whether the merchant used the key for more than this call, and may have succeeded."""
    others = [
        other
        for other in shop.books.calls
        if other is not call
        and other.key == call.key
        and other.operation == call.operation
        and (other.began >= call.began or other.told == "ok" or not call.fresh)
    ]
    done_before = [
        row for at, row in shop.books.recovered if row.key == call.key and at <= call.began
    ]
    return bool(others) or bool(done_before)


def _page_without_journal(call: Call) -> bool:
    return not call.journaled and any(each.truth == "page" for each in call.exchanges)


def _forgotten_in_time(shop: Shop, key: str, operation: str) -> bool:
    """Tell whether nobody could know that the API had forgotten the key."""
    first = shop.bank.first[key, operation]
    late = [
        each
        for each in shop.bank.arrivals
        if (each.key, each.operation) == (key, operation) and each.at - first > DAY
    ]
    return bool(late) and all(_excusable(shop, each, first) for each in late)


def _excusable(shop: Shop, arrival: Arrival, first: float) -> bool:
    return arrival.decided - first <= DAY or "clock" in shop.excuses


def _excused(shop: Shop, order: str) -> bool:
    places = {
        (each.key, each.operation)
        for each in shop.bank.arrivals
        if each.order == order and each.key is not None
    }
    return any(
        len(shop.bank.executed.get((str(key), operation), ())) > 1
        and _forgotten_in_time(shop, str(key), operation)
        for key, operation in places
    )


# After every call ---------------------------------------------------------------------------------


def after_call(shop: Shop, call: Call) -> None:
    """Check what one call was told against what truly happened."""
    shop.told += 1
    after_step(shop)
    attempts_are_as_the_table_says(shop, call)
    waits_are_as_promised(shop, call)
    a_success_is_the_banks_own(shop, call)
    the_fate_that_is_told_is_true(shop, call)
    errors_say_what_was_tried(shop, call)
    one_call_has_one_key(shop, call)
    a_deadline_is_kept(shop, call)
    the_entry_says_what_was_told(shop, call)


def attempts_are_as_the_table_says(shop: Shop, call: Call) -> None:
    """An attempt is repeated if and only if the fault table says so."""
    tried = call.exchanges
    if call.operation == "GET payouts":  # as many calls as there are pages
        return
    if len(tried) > call.most:
        shop.simulation.fail(f"{call.operation} was tried {len(tried)} times")
    for each in tried[:-1]:
        if _repeats(each) is False:
            shop.simulation.fail(f"{call.operation} was repeated after {_words(each)}")
    if not tried or call.told in ("ok", "strange", "interrupted", "hooked"):
        return
    gave_up = len(tried) < call.most and _repeats(tried[-1]) is True
    closed = type(call.error).__name__ == "ClientClosedError"
    # Over 24 hours old, it is not repeated any more.
    old = shop.simulation.now - tried[0].began > DAY - 120 or call.resumed or not call.fresh
    short = call.deadline is not None or call.short_of_quota
    if gave_up and not closed and not old and not short and "clock" not in shop.excuses:
        shop.simulation.fail(f"{call.operation} was given up after {_words(tried[-1])}")


def waits_are_as_promised(shop: Shop, call: Call) -> None:
    """Between attempts lies half of the backoff at least, and what Retry-After asks for."""
    if call.operation == "GET payouts":
        return
    for number, (one, other) in enumerate(zip(call.exchanges, call.exchanges[1:], strict=False)):
        least = max(0.5 * min(8.0, 0.5 * 2**number), one.retry_after or 0.0)
        waited = other.began - one.ended
        if waited < least - 1e-6:
            shop.simulation.fail(
                f"{call.operation} was repeated after {waited:.2f} s; {least:g} were promised"
            )


def a_success_is_the_banks_own(shop: Shop, call: Call) -> None:
    """What a call returns is what the bank made under its key, for this order."""
    if call.told != "ok" or not call.operation.startswith("POST"):
        return
    made = shop.bank.executed.get((call.key or "", call.operation), [])
    if call.result.id not in made and call.exchanges:
        shop.simulation.fail(
            f"{call.operation} {call.order} returned {call.result.id}, and the bank made {made}"
        )
    told = call.result.response
    if len(told.attempts) != len(call.exchanges) and not call.resumed:
        shop.simulation.fail(
            f"{call.operation} tells of {len(told.attempts)} attempts, not {len(call.exchanges)}"
        )
    if told.idempotency_key != call.key:
        shop.simulation.fail(f"the result of {call.operation} does not carry its key")
    metadata = call.result.get("metadata") or {}
    if call.order and metadata.get("order") not in (None, call.order):
        shop.simulation.fail(f"{call.operation} for {call.order} returned {metadata['order']}")


def the_fate_that_is_told_is_true(shop: Shop, call: Call) -> None:
    """``delivery`` is the worst that can have become of any attempt, and no worse."""
    if call.told not in GRAVITY or not isinstance(call.error, MolamError):
        return
    if call.operation == "GET payouts":
        return
    fates = [_fate(each, journaled=call.journaled) for each in call.exchanges]
    worst = max(fates, key=GRAVITY.__getitem__, default="not_sent")
    lighter = GRAVITY[call.told] < GRAVITY[worst]
    graver = GRAVITY[call.told] > GRAVITY[worst] and call.fresh and not call.resumed
    if lighter or (graver and not shop.disk_failed()):
        truths = ", ".join(_words(each) for each in call.exchanges) or "nothing left"
        shop.simulation.fail(f"{call.operation} was told {call.told} after: {truths}")


def errors_say_what_was_tried(shop: Shop, call: Call) -> None:
    """An error of a call carries its key and every attempt."""
    error = call.error
    if not isinstance(error, MolamError) or not call.exchanges or call.resumed:
        return
    if call.operation == "GET payouts":
        return
    if error.idempotency_key != call.key:
        shop.simulation.fail(f"the error of {call.operation} does not carry its key")
    if len(error.attempts) != len(call.exchanges):
        shop.simulation.fail(
            f"the error of {call.operation} tells of {len(error.attempts)} attempts, "
            f"and there were {len(call.exchanges)}"
        )
    for told, true in zip(error.attempts, call.exchanges, strict=True):
        # A client of one's own keeps a deadline of its own: an answer may come too late for it.
        if true.truth in ("own", "page") and told.status != true.status and not call.own:
            shop.simulation.fail(f"an attempt of {call.operation} is told as {told.status}")


def one_call_has_one_key(shop: Shop, call: Call) -> None:
    """Every attempt of a call carries the same key, the caller's own where there is one."""
    keys = {each.key for each in call.exchanges} | ({call.key} if call.exchanges else set())
    if call.operation.startswith("POST") and len(keys) > 1:
        shop.simulation.fail(f"{call.operation} was sent with {len(keys)} keys")


def a_deadline_is_kept(shop: Shop, call: Call) -> None:
    """After the deadline one last attempt is made at most, and only if the fate is unknown."""
    if call.deadline is None or "time passed" in shop.books.facts:
        return
    late = [each for each in call.exchanges if each.began - call.began > call.deadline + 1.0]
    if len(late) > 1:
        shop.simulation.fail(f"{call.operation} was tried {len(late)} times after its deadline")
    fates = {_fate(each, journaled=call.journaled) for each in call.exchanges[:-1]}
    if late and "maybe_processed" not in fates:
        shop.simulation.fail(f"{call.operation} was tried after its deadline, and nothing had left")


def the_entry_says_what_was_told(shop: Shop, call: Call) -> None:
    """After a call its entry is closed if its end is known, and free for a recovery if not."""
    known = call.told in ("ok", "rejected", "not_sent")
    if not call.journaled or call.key is None or not call.exchanges or not call.fresh:
        return
    if (
        call.told in ("interrupted", "hooked")
        or shop.disk_failed()
        or not call.operation.startswith("POST")
    ):
        return
    rows = [row for row in shop.journal() if row["idempotency_key"] == call.key]
    rows = [row for row in rows if row["path"].partition("?")[0].endswith(call.operation[5:])]
    if not rows:
        shop.simulation.fail(f"the journal has no entry of {call.operation} {call.key}")
    last = rows[-1]
    if known != (last["settled_at"] is not None):
        state = "closed" if last["settled_at"] is not None else "open"
        shop.simulation.fail(f"{call.operation} was told {call.told}, and its entry is {state}")
    if not known and last["lease_until"] is not None and len(rows) == 1:
        shop.simulation.fail(f"{call.operation} is over, and its entry is still held")


def _repeats(each: Exchange) -> bool | None:
    """Tell what the fault table says; None where it leaves it open."""
    if each.truth in ("refused", "lost", "reset", "cut"):
        return True
    status = each.status or 0
    if each.truth == "interrupted" or 200 <= status <= 299:
        return None
    if (each.retry_after or 0.0) > 60:
        return False
    if status == 409:
        return each.code == "idempotency_in_flight"
    return status in (408, 425, 429) or (500 <= status <= 599 and status not in (501, 505))


def _fate(each: Exchange, *, journaled: bool) -> str:
    if each.truth == "refused":
        return "not_sent"
    status = each.status or 0
    if each.truth not in ("own", "page") or not 400 <= status <= 499 or status == 408:
        return "maybe_processed"
    if status == 409 and each.code == "idempotency_in_flight":
        return "maybe_processed"
    return "maybe_processed" if each.truth == "page" and journaled else "rejected"


def _words(each: Exchange) -> str:
    return f"{each.truth} {each.status or ''} {each.code or ''}".strip()


# At the end ---------------------------------------------------------------------------------------


def nothing_is_held(worker: Worker) -> None:
    """No lock, transaction or connection is held by a process that has nothing under way."""
    shop, name = worker.shop, worker.process.name
    for connection in worker.process.connections:
        if not connection.gone and connection.in_transaction and connection not in worker.borrowed:
            shop.simulation.fail(f"{name} is done, and has a transaction open")
    if fork._steps:
        shop.simulation.fail(f"{name} is done, and a fork would wait for one of its transactions")
    for store in worker.stores:
        database: Any = store._database
        database = getattr(database, "threaded", None) or database
        if getattr(database.turn, "_holder", None):
            shop.simulation.fail(f"{name} is done, and the turn of its connection is taken")
        # What somebody was interrupted in closing is nobody's any more.
        holders = [session.holder.get("step") for session in getattr(database, "_pool", ())]
        if any(holder not in (None, database) for holder in holders):
            shop.simulation.fail(f"{name} is done, and a connection of its store is still lent")


def what_was_accepted_is_in_the_inbox(shop: Shop) -> None:
    """Each event that was answered with 2xx is stored as it was sent, and nothing else is."""
    sent = {entry["event"]["id"]: entry["event"] for entry in shop.bank.core.outbox.events(1000)}
    kept = dict(shop.rows("SELECT event_id, payload FROM received_webhooks"))
    if shop.postman is None:
        return
    for event_id in shop.postman.accepted - kept.keys():
        shop.simulation.fail(f"the event {event_id} was accepted, and it is not in the inbox")
    for event_id, payload in kept.items():
        if event_id not in sent:
            shop.simulation.fail(f"the event {event_id} is in the inbox, and nobody sent it")
        if payload is not None and decode(payload.decode()) != sent[event_id]:
            shop.simulation.fail(f"the event {event_id} is not in the inbox as it was sent")


def what_was_handled_took_effect(shop: Shop) -> None:
    """Each event that is processed took effect: none is dropped."""
    rows = shop.rows(
        "SELECT event_id, state FROM received_webhooks WHERE event_id NOT IN "
        "(SELECT event_id FROM effects)"
    )
    for event_id, state in rows:
        if state == "processed" and event_id not in shop.books.facts.get("no effect", ()):
            shop.simulation.fail(f"the event {event_id} is processed, and took no effect")


def the_file_is_free(shop: Shop) -> None:
    """No lock outlives its holder: anybody may write to the file at once."""
    shop.disk.execute("BEGIN IMMEDIATE")
    shop.disk.execute("ROLLBACK")


def no_entry_is_lost(shop: Shop) -> None:
    """Whatever left has its entry in the journal, open or settled, as long as the API knows the key."""
    now = shop.simulation.now
    kept = {row["idempotency_key"] for row in shop.journal()}
    for key in shop.left_at.keys() - kept:
        if now - shop.left_at[key] < DAY:
            shop.simulation.fail(f"the entry of {key} is gone")


def what_happened_is_known(shop: Shop) -> None:
    """What is in the ledger is known to the merchant, on disk as done, or open and listed."""
    known = {call.key for call in shop.books.calls if call.told == "ok"}
    known |= {row.key for _, row in shop.books.recovered if row.outcome in ("settled", "unknown")}
    for row in shop.journal():
        if row["settled_at"] is None or str(row["outcome"]).startswith("2"):
            known.add(row["idempotency_key"])
    known |= {call.key for call in shop.books.calls if call.told in ("maybe_processed", "strange")}
    known |= {call.key for call in shop.books.calls if not call.journaled}
    for (key, operation), made in shop.bank.executed.items():
        if key not in known and not any(key in text for text in shop.books.texts):
            shop.simulation.fail(f"{operation} {key} made {made[0]}, and the merchant cannot know")


def no_secret_came_out(shop: Shop) -> None:
    """No secret stands in any text that came out: errors, logs, what a recovery lists."""
    from tests.simulation.merchant import IBAN, SECRETS

    text = "\n".join(shop.books.texts)
    for secret in (*SECRETS, IBAN):
        if secret in text:
            at = text.index(secret)
            shop.simulation.fail(f"a secret came out: …{text[max(0, at - 120) : at]}[secret]…")


def no_secret_is_on_disk(shop: Shop) -> None:
    """A journal that encrypts keeps nothing in clear that a caller put in."""
    from tests.simulation.merchant import IBAN, SECRETS

    for row in shop.journal():
        for column, value in row.items():
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            if any(secret in text for secret in (*SECRETS, IBAN)):
                shop.simulation.fail(f"the journal's column {column} holds a secret in clear")
