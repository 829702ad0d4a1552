"""Blocking calls from many threads at once: ``python -m benchmarks.workers.threads URL``."""

from __future__ import annotations

import sys
import threading
from typing import Any

from benchmarks.workers.calls import molam
from benchmarks.workers.loop import obey


def main() -> None:
    call = molam(sys.argv[1])

    def run(order: dict[str, Any]) -> dict[str, Any]:
        each = order["calls"] // order["threads"]
        failures: list[str] = []

        def work() -> None:
            try:
                for _ in range(each):
                    call()
            except Exception as error:  # noqa: BLE001 - reported below
                failures.append(repr(error))

        threads = [threading.Thread(target=work) for _ in range(order["threads"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise SystemExit(f"{len(failures)} threads failed, such as: {failures[0]}")
        return {}

    obey(run)


if __name__ == "__main__":
    main()
