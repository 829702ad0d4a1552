"""Pay out what a CSV file lists. Ctrl-C ends it after the current row; start it again, and it goes on.

    python examples/payout_batch/batch.py payouts.csv

The file has the columns reference, entity, amount, currency, phone. What became of each row is written beside it, in
payouts.csv.results.csv, as soon as it is known.
"""

from __future__ import annotations

import argparse
import csv
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from rich.progress import track

from molam_sdk import Config, MolamClient, MolamError
from molam_sdk.models import Payout

COLUMNS = ("reference", "payout", "status", "detail")
Row = dict[str, str]


def rows_of(path: Path) -> list[Row]:
    """Read a CSV file, with or without the mark that spreadsheets put at its beginning."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def settled(results: Path) -> set[str]:
    """Return the references whose fate is known; those of unknown fate are asked about again."""
    if not results.exists():
        return set()
    return {row["reference"] for row in rows_of(results) if row["status"] != "unknown"}


def pay(client: MolamClient, batch: str, row: Row) -> Payout:
    """Make one payout. Its key comes from the batch and the row, so a second run repeats nothing."""
    return client.create_payout(
        origin_module="shop",
        origin_entity_id=row["entity"],
        amount=Decimal(row["amount"]),
        currency=row["currency"],
        beneficiary={"type": "mobile_money", "phone": row["phone"]},
        metadata={"batch": batch, "reference": row["reference"]},
        idempotency_key=f"{batch}-{row['reference']}",
    )


def outcome(client: MolamClient, batch: str, row: Row) -> Row:
    """Make one payout, and say what is known about it."""
    try:
        payout = pay(client, batch, row)
    except MolamError as error:
        status = "unknown" if error.delivery == "maybe_processed" else "refused"
        return {"reference": row["reference"], "payout": "", "status": status, "detail": str(error)}
    return {
        "reference": row["reference"],
        "payout": payout.id,
        "status": payout.status,
        "detail": payout.reference_code or "",
    }


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Yield a list that is no longer empty once somebody pressed Ctrl-C: a row is never cut in two."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def run(path: Path, batch: str) -> int:
    """Pay out all rows that are not settled; 130 when interrupted, 1 when any was refused or is unknown."""
    results = path.with_name(f"{path.name}.results.csv")
    left = [row for row in rows_of(path) if row["reference"] not in settled(results)]
    fresh = not results.exists()
    worst = 0
    with (
        MolamClient(Config()) as client,
        interruptible() as pressed,
        results.open("a", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS)
        if fresh:
            writer.writeheader()
        for row in track(left, description=batch):
            if pressed:
                print("Interrupted. Start it again to go on.", file=sys.stderr)
                return 130
            found = outcome(client, batch, row)
            writer.writerow(found)
            file.flush()
            worst = worst or int(found["status"] in ("refused", "unknown"))
    print(f"{len(left)} rows, results in {results}")
    return worst


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Pay out what a CSV file lists.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--batch", help="part of every key; the file's name by default")
    given = parser.parse_args()
    return run(given.file, given.batch or given.file.stem)


if __name__ == "__main__":
    sys.exit(main())
