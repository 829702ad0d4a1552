"""A day's payments, refunds and payouts as a table that a spreadsheet opens.

    python examples/reconciliation/day.py 2025-01-16 --output day.csv

Amounts are in major units, payments positive, refunds and payouts negative; only what moved money counts in the sums,
which are printed by currency.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from molam_sdk import Config, MolamClient, MolamError
from molam_sdk.models import PaymentIntent, Payout, Refund
from molam_sdk.money import from_minor_units

MOVED = {
    "payment": {"succeeded"},
    "refund": {"succeeded"},
    "payout": {"sent", "paid"},
}


class Line(NamedTuple):
    """One line of the table."""

    created_at: str
    kind: str
    id: str
    belongs_to: str
    status: str
    currency: str
    amount: Decimal
    counts: str


def line(kind: str, thing: PaymentIntent | Refund | Payout, amount: Decimal, belongs: str) -> Line:
    """Make one line."""
    return Line(
        created_at=thing.created_at.astimezone(dt.timezone.utc).isoformat(timespec="seconds"),
        kind=kind,
        id=thing.id,
        belongs_to=belongs,
        status=str(thing.status),
        currency=thing.currency,
        amount=amount if kind == "payment" else -amount,
        counts="yes" if thing.status in MOVED[kind] else "no",
    )


def lines(client: MolamClient, day: dt.date) -> Iterator[Line]:
    """Yield the day's lines; days are UTC."""
    for payment in of_day(client.list_payment_intents(limit=100), day):
        minor = payment.amount_captured if payment.status == "succeeded" else payment.amount
        taken = from_minor_units(minor or 0, payment.currency)
        yield line("payment", payment, taken, str((payment.metadata or {}).get("order", "")))
    for refund in of_day(client.list_refunds(limit=100), day):
        given = from_minor_units(refund.amount, refund.currency)
        yield line("refund", refund, given, refund.payment_intent_id or refund.charge_id)
    for payout in of_day(client.list_payouts(limit=100), day):
        yield line("payout", payout, payout.amount, payout.reference_code or "")


def of_day(newest_first: Iterable, day: dt.date) -> Iterator:  # type: ignore[type-arg]
    """Yield what was created on a day; lists are newest first, so older pages are not asked for."""
    for thing in newest_first:
        created = thing.created_at.astimezone(dt.timezone.utc).date()
        if created < day:
            return
        if created == day:
            yield thing


def cell(value: object) -> object:
    """Return a value that a spreadsheet shows and does not calculate."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def write(found: Iterable[Line], path: Path) -> None:
    """Write the table; the mark at its beginning tells spreadsheets that it is UTF-8."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Line._fields)
        writer.writerows([cell(value) for value in each] for each in found)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Write a day's movements of money to a table.")
    parser.add_argument("day", type=dt.date.fromisoformat, help="such as 2025-01-16, in UTC")
    parser.add_argument("--output", type=Path, default=Path("day.csv"))
    given = parser.parse_args()
    try:
        with MolamClient(Config()) as client:
            found = sorted(lines(client, given.day))
    except MolamError as error:
        print(f"Nothing was written: {error}", file=sys.stderr)
        return 1
    write(found, given.output)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in found:
        if each.counts == "yes":
            sums[each.currency] += each.amount
    print(f"{len(found)} lines in {given.output}")
    for currency, total in sorted(sums.items()):
        print(f"{currency} {total}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
