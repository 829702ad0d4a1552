"""``make simulate-proof``: put known faults back, one at a time, and see whether they are found.

A fault is a change of the product's text, made while a fresh process imports it; nothing on disk is
touched. Each process hunts as ``make simulate`` does, for two minutes of a core at most.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120.0
"""Of a core: a machine that does other things as well does not make a fault harder to find."""
O = "molam_overlays."  # noqa: E741


class Change(NamedTuple):
    """A piece of a module's text, and what stands there when the fault is back."""

    module: str
    old: str
    new: str


class Known(NamedTuple):
    """A fault that was found by people."""

    number: str
    about: str
    changes: tuple[Change, ...]


KNOWN: tuple[Known, ...] = (
    Known(
        "1",
        "the age of the latest entry is judged, not the key's",
        (
            Change(
                O + "store.key_age",
                "seconds = now - min(times, default=now)",
                "seconds = now - max(times, default=now)",
            ),
        ),
    ),
    Known(
        "1b",
        "one run of recover() goes by when it asked, not by when it sends",
        (
            Change(
                O + "calls.flow",
                "if earlier and operation.keyed and is_forgotten(earlier, earlier, world, 0.0):",
                "if False:",
            ),
        ),
    ),
    Known(
        "1c",
        "a refusal that could not be noted is told as final, and a recovery sends it",
        (
            Change(
                O + "calls.blocking",
                "self._observer.not_settled(error)\n            return False",
                "self._observer.not_settled(error)\n            return None",
            ),
        ),
    ),
    Known(
        "2",
        "a proxy's page settles an entry in a recovery",
        (
            Change(
                O + "store.settlement",
                "if not outcome.own or status is None:",
                "if status is None:",
            ),
            Change(
                O + "store.settlement",
                "        return Outcome(\n            status=status,\n",
                "        return Outcome(\n            status=status,\n"
                "            delivery=error._said or 'maybe_processed',\n",
            ),
        ),
    ),
    Known(
        "2b",
        "a proxy's page settles an entry in the call itself",
        (
            Change(
                O + "calls.flow",
                'attempt = attempt._replace(delivery="maybe_processed")\n            harmless',
                "pass\n            harmless",
            ),
        ),
    ),
    Known(
        "3",
        "a damaged entry stops all behind it",
        (
            Change(
                O + "store.settlement",
                "except UnreadableError as error:\n",
                "except ZeroDivisionError as error:\n",
            ),
        ),
    ),
    Known(
        "3b",
        "a Retry-After of 400 digits raises OverflowError",
        (
            Change(
                O + "calls.retry",
                "return float(text) if len(text) < 10 else math.inf",
                "return float(int(text))",
            ),
        ),
    ),
    Known(
        "4",
        "a call that was cancelled before it left is sent by a recovery",
        (
            Change(
                O + "calls.flow",
                'yield Settle(token, "not_sent" if unsent else "maybe_processed", None)',
                'yield Settle(token, "maybe_processed", None)',
            ),
        ),
    ),
    Known(
        "4b",
        "a cancelled write-ahead is not withdrawn",
        (
            Change(
                O + "store.journal",
                "            self._owe(settling, draft.ticket, WITHDRAWN)",
                "            pass",
            ),
            Change(O + "store.entries", "    if draft.given_up:", "    if False:"),
        ),
    ),
    Known(
        "5",
        "an entry from the future is sent",
        (
            Change(
                O + "store.key_age",
                "if set_back or len(times) < len(ours) or max(times) > now:",
                "if len(times) < len(ours):",
            ),
        ),
    ),
    Known(
        "6",
        "a caller's own header is kept in clear by a journal that encrypts",
        (
            Change(
                O + "store.content",
                "        headers=json.dumps(about),\n        body=_sealed",
                "        headers=json.dumps({**about, **entry.extra_headers}),\n        body=_sealed",
            ),
        ),
    ),
    Known(
        "7",
        "a claim counts as harmless although one call under it succeeded",
        (Change(O + "store.claims", "                and watch.nothing_done\n", ""),),
    ),
    Known(
        "12",
        "a cancelled AsyncInbox.process() leaves its transaction open",
        (
            Change(
                O + "store.awaiting",
                "        if self.begun:\n            await insist(in_thread(",
                "        if self.begun and not interrupted:\n            await insist(in_thread(",
            ),
            Change(
                O + "store.awaiting",
                "                if self._over or not wanted():\n                    self._end()",
                "                pass",
            ),
        ),
    ),
    Known(
        "13",
        "a cancelled task leaves a connection that was handed in inside a transaction (on SQLite)",
        (
            Change(
                O + "store.blocking",
                "                    return value\n                finally:\n                    step.end()",
                "                    return value\n                finally:\n"
                "                    step.end() if wanted() else None",
            ),
            Change(
                O + "store.blocking",
                "            finally:\n                step.end()\n        raise Assert",
                "        raise Assert",
            ),
        ),
    ),
    Known(
        "14",
        "a signal handler's exception leaves a connection inside a transaction",
        (
            Change(
                O + "store.blocking",
                "                finally:\n                    step.end()\n            except self.errors",
                "                finally:\n                    import sys\n"
                "                    if isinstance(sys.exc_info()[1], (Exception, type(None))):\n"
                "                        step.end()\n            except self.errors",
            ),
            Change(
                O + "store.blocking",
                "            finally:\n                step.end()\n        raise Assert",
                "        raise Assert",
            ),
        ),
    ),
    Known(
        "15",
        "what a hook of one's own client raises is taken for a fault of the wire",
        (
            Change(
                O + "transport.own_sync",
                "        except ForeignError:\n            raise\n",
                "        except ForeignError as foreign:\n"
                "            failure = failures.NetworkError(str(foreign))\n",
            ),
        ),
    ),
    Known(
        "19",
        "an event's time in other units is taken for seconds",
        (
            Change(
                O + "store.deliveries",
                "    if not 0 <= created < _SECONDS_END * 1e9:\n        return None",
                "    if not 0 <= created < _SECONDS_END:\n        raise OverflowError",
            ),
        ),
    ),
    Known(
        "B1",
        "what a failing event of a batch wrote is not undone",
        (Change(O + "store.batches", "yield Within(undoing)", "pass"),),
    ),
    Known(
        "B2",
        "a batch is committed although an event's end could not be noted",
        (
            Change(
                O + "store.batches",
                "            except StoreError:\n                yield from self._break()\n"
                "                raise\n            self._noted",
                "            except StoreError:\n                pass\n            self._noted",
            ),
            Change(
                O + "store.batches",
                "                yield Within(deliveries.finishing, (unnoted,))\n"
                '            yield Do("commit")',
                "                with contextlib.suppress(StoreError):\n"
                "                    yield Within(deliveries.finishing, (unnoted,))\n"
                '            yield Do("commit")',
            ),
        ),
    ),
)

UNSEEN = {
    "8": "forks and SQLite's table of locks: tests/overlays/store/test_fork.py, real processes",
    "9": "forks while a TLS context is made: tests/overlays/transport, real processes",
    "10": "one's own client after a fork: tests/overlays/transport, real sockets",
    "11": "PostgreSQL's connections after a fork: tests/overlays/store, a real server",
    "16": "proxies: tests/overlays/transport, real proxies on loopback",
    "17": "frames: tests/overlays/test_frames.py, every public function",
    "18": "passwords in URLs: tests/overlays/store/test_address.py",
    "20": "the sandbox itself: tests/sandbox",
}
"""What of the list no simulation can see, and what watches over it instead."""


class _Altered(importlib.abc.MetaPathFinder):
    """Imports the product with a fault in it."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._changes = changes
        self.made: set[Change] = set()

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        ours = [change for change in self._changes if change.module == name]
        if not ours:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec is not None
        assert spec.origin is not None
        text = Path(spec.origin).read_text(encoding="utf-8")
        for change in ours:
            if change.old not in text:
                raise SystemExit(f"the fault does not fit {name} any more: {change.old!r}")
            text = text.replace(change.old, change.new)
            self.made.add(change)
        return importlib.util.spec_from_loader(name, _Text(name, text, spec.origin))


class _Text(importlib.abc.Loader):
    def __init__(self, name: str, text: str, origin: str) -> None:
        self._name, self._text, self._origin = name, text, origin

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._origin
        exec(compile(self._text, self._origin, "exec"), module.__dict__)


def put_back(known: Known) -> _Altered:
    """Let the product be imported with a fault in it."""
    altered = _Altered(known.changes)
    sys.meta_path.insert(0, altered)
    return altered


def hunt_alone(known: Known, seconds: float) -> int:
    """Hunt in this process; print what was found as a line of JSON."""
    altered = put_back(known)
    from tests.simulation import explore, telling

    count = explore.Count()
    found = explore.hunt(explore.mixed(), time.process_time() + seconds, count)
    missing = set(known.changes) - altered.made
    told = {
        "found": found is not None,
        "schedules": count.played,
        "broken": found.outcome.broken if found else None,
        "seed": telling.seed_of(found.outcome.story, found.outcome.faults) if found else None,
        "steps": len(found.outcome.steps) if found else 0,
        "missing": [change.module for change in missing],
    }
    print(json.dumps(told))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.proof", description=__doc__)
    parser.add_argument("numbers", nargs="*", help="which faults; all by default")
    parser.add_argument("--alone", action="store_true", help="in this very process")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    chosen = parser.parse_args()
    ours = [each for each in KNOWN if not chosen.numbers or each.number in chosen.numbers]
    if chosen.alone:
        return hunt_alone(ours[0], chosen.seconds)
    missed = 0
    print("| fault | what it is | schedules until found | steps of its story | what broke |")
    print("| --- | --- | --- | --- | --- |")
    for known in ours:
        told = in_a_process(known, chosen.seconds)
        missed += not told["found"]
        until = f"{told['schedules']:,}" if told["found"] else f"not in {told['schedules']:,}"
        words = (told["broken"] or "-").strip().splitlines()[-1][:110]
        print(
            f"| {known.number} | {known.about} | {until} | {told['steps']} | {words} |", flush=True
        )
    for number, instead in UNSEEN.items() if not chosen.numbers else ():
        print(f"| {number} | not simulated | - | - | {instead} |")
    return 1 if missed else 0


def in_a_process(known: Known, seconds: float) -> dict[str, Any]:
    """Hunt a fault in a fresh process; return what came of it."""
    command = [sys.executable, "-m", "tests.simulation.proof", known.number, "--alone"]
    done = subprocess.run(
        [*command, "--seconds", str(seconds)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"fault {known.number}: {done.stdout}{done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    sys.exit(main())
