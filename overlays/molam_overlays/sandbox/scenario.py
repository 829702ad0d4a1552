"""Scenarios: a day of a shop in a file, played on the sandbox's clock.

A file is YAML, or JSON, with a name and steps. Each step says when, counted from the start, and
does one thing: a call of the API, something the customer does, a fault scripted ahead. What a call
returned has a name, and later steps refer to it: ``$order.charge_id``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from os import PathLike
from pathlib import Path
from typing import Any, Final, cast

import attrs

from molam_overlays.message.idempotency import KEY_HEADER
from molam_overlays.message.media import JSON
from molam_overlays.product import missing_extra
from molam_overlays.sandbox.accounts import account_named
from molam_overlays.sandbox.answer import Asked, Pause, Refusal, Reply, decode, encode
from molam_overlays.sandbox.clock import rfc3339
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.document import path_of
from molam_overlays.sandbox.fault_script import HEADER, FaultError
from molam_overlays.wire import Headers

FOLDER: Final = Path(__file__).parent / "scenarios"
"""The scenarios that come with the sandbox."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_VERBS: Final = ("call", "customer", "fault", "wait")
_WORDS: Final = frozenset(
    {
        *_VERBS,
        "at",
        "every",
        "times",
        "with",
        "as",
        "key",
        "attempts",
        "account",
        "of",
        "operation",
        "event",
        "failing",
    }
)


class ScenarioError(ValueError):
    """A scenario cannot be read or played; says which step, and why."""


@attrs.frozen
class Step:
    """One step of a scenario, when its time has come."""

    number: int
    """Its place in the file, from 1."""
    turn: int
    """How often it was done before; `$n` in its texts."""
    at_seconds: float
    told: Mapping[str, Any]
    """Its words, as they stand in the file."""


@attrs.frozen
class Scenario:
    """A name and steps, in the order of their time."""

    name: str
    steps: tuple[Step, ...]


def named() -> list[str]:
    """List the scenarios that come with the sandbox."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(place: str | PathLike[str]) -> Scenario:
    """Read a scenario from a file, or by the name of one that comes with the sandbox.

    Raises:
        ScenarioError: there is no such file, or it is not understood.
    """
    path = FOLDER / f"{place}.yaml" if str(place) in named() else Path(place)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise ScenarioError(
            f"There is no scenario {place}: name a file, or one of {', '.join(named())}."
        ) from None
    return read(_parsed(text, path))


def _parsed(text: str, path: Path) -> Any:
    if path.suffix == ".json":
        try:
            return decode(text)
        except ValueError as error:
            raise ScenarioError(f"{path} is no JSON: {error}") from None
    try:
        import yaml
    except ImportError:
        raise ScenarioError(missing_extra("sandbox")) from None

    class Loader(yaml.SafeLoader):
        """YAML without dates: times are text, as the API has them."""

    Loader.yaml_implicit_resolvers = {
        first: [each for each in rules if each[0] != "tag:yaml.org,2002:timestamp"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path} is no YAML: {' '.join(str(error).split())}") from None


def read(data: Any) -> Scenario:
    """Read a scenario from its data.

    Raises:
        ScenarioError: it is not understood.
    """
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list):
        raise ScenarioError("A scenario is an object with `name` and a list of `steps`.")
    steps: list[Step] = []
    latest = 0.0
    for number, told in enumerate(cast("list[Any]", data["steps"]), 1):
        latest, found = _read_step(number, told, latest)
        steps += found
    ordered = sorted(steps, key=lambda each: each.at_seconds)
    return Scenario(str(data.get("name", "a scenario")), tuple(ordered))


def _read_step(number: int, told: Any, latest: float) -> tuple[float, list[Step]]:
    if not isinstance(told, dict):
        raise ScenarioError(f"Step {number} is no object.")
    for word in told:
        if word not in _WORDS:
            meant = get_close_matches(str(word), _WORDS, 1)
            hint = f" Did you mean {meant[0]!r}?" if meant else ""
            raise ScenarioError(f"Step {number}: unknown word {str(word)[:40]!r}.{hint}")
    verbs = [verb for verb in _VERBS if verb in told]
    if len(verbs) != 1:
        raise ScenarioError(f"Step {number} must have one of {', '.join(_VERBS)}, and only one.")
    at = _seconds(told["at"], number) if "at" in told else latest
    every = _seconds(told.get("every", "1m"), number)
    times = told.get("times", 1)
    if type(times) is not int or not 1 <= times <= 10_000:
        raise ScenarioError(f"Step {number}: times must be a whole number from 1 to 10,000.")
    found = [Step(number, turn, at + turn * every, told) for turn in range(times)]
    return found[-1].at_seconds, found


def _seconds(text: Any, number: int) -> float:
    """Read a length of time such as ``1h30m``."""
    if not isinstance(text, str) or not re.fullmatch(r"([0-9]+(\.[0-9]+)?[smhd])+", text):
        raise ScenarioError(
            f"Step {number}: a time is digits with units, such as 90s, 5m, 1h30m or 2d."
        )
    return sum(
        float(amount) * _UNITS[unit] for amount, unit in re.findall(r"([0-9.]+)([smhd])", text)
    )


class Player:
    """Plays a scenario: moves the clock from step to step, and does each."""

    def __init__(self, core: Core, settle: Callable[[], None] = lambda: None) -> None:
        self._core = core
        self._settle = settle
        """Called after each move of the clock and each step: lets events be delivered."""
        self._names: dict[str, Any] = {}

    def play(self, scenario: Scenario) -> Iterator[str]:
        """Play to the end; yields a line for each step.

        Raises:
            ScenarioError: a step cannot be done.
        """
        start = self._core.clock.now_ms()
        for step in scenario.steps:
            self._go_to(start + int(step.at_seconds * 1000))
            try:
                line = self._do(step)
            except (FaultError, LookupError, Refusal) as error:
                why = error.message if isinstance(error, Refusal) else error
                raise ScenarioError(f"Step {step.number}: {why}") from None
            self._core.woken()
            self._settle()
            yield f"{rfc3339(self._core.clock.now_ms())}  {line}"

    def _go_to(self, moment_ms: int) -> None:
        """Move the clock, from one thing that is due to the next, so that all happens in order."""
        core = self._core
        while (due := core.next_due_ms()) is not None and core.clock.now_ms() < due <= moment_ms:
            self._move(due)
        self._move(moment_ms)

    def _move(self, moment_ms: int) -> None:
        self._core.clock.advance(max(0, moment_ms - self._core.clock.now_ms()))
        self._core.tick()
        self._core.woken()
        self._settle()

    def _do(self, step: Step) -> str:
        told = step.told
        if "call" in told:
            return self._call(step)
        if "customer" in told:
            id_ = str(self._filled(told.get("of", ""), step))
            self._core.customer(id_, str(told["customer"]))
            return f"the customer: {told['customer']} {id_}"
        if "fault" in told:
            steps = self._core.script(str(told["fault"]), told.get("operation"), told.get("event"))
            return f"a fault ahead: {', '.join(steps)}"
        return "time passes"

    def _call(self, step: Step) -> str:
        told = step.told
        operations = {each.id: each for each in self._core.contract.document.operations}
        operation = operations.get(str(told["call"]))
        if operation is None:
            known = ", ".join(operations)
            raise LookupError(
                f"there is no operation {str(told['call'])[:60]!r}; there are {known}."
            )
        values = dict(self._filled(told.get("with", {}), step))
        paths = {each.name: each for each in operation.parameters if each.place == "path"}
        filled = {name: str(values.pop(name)) for name in paths if name in values}
        if len(filled) < len(paths):
            raise LookupError(f"{operation.id} needs {', '.join(paths)} under `with`.")
        headers = {"Content-Type": JSON}
        key = self._filled(told.get("key", ""), step)
        if key:
            headers[KEY_HEADER] = str(key)
        if "failing" in told:
            headers[HEADER] = str(told["failing"])
        account = account_named(f"sk_test_{told.get('account', 'sandbox')}")
        content = encode(values) if operation.body and (values or operation.body_required) else b""
        asked = Asked(
            operation.method, path_of(operation, filled), "", Headers(headers), content, account
        )
        outcomes: list[str] = []
        for _ in range(int(told.get("attempts", 1))):
            status, answer = self._asked(asked)
            outcomes.append(str(status or "no answer"))
            if status is not None and status < 500:
                if "as" in told:
                    self._names[str(self._filled(told["as"], step))] = answer
                break
        return f"{operation.id}: {', '.join(outcomes)}"

    def _asked(self, asked: Asked) -> tuple[int | None, Any]:
        status, content = None, b""
        for effect in self._core.serve(asked):
            if isinstance(effect, Reply) and effect.cut_after is None and not effect.raw:
                status, content = effect.status, effect.content
            elif isinstance(effect, Pause):
                self._core.clock.advance(int(effect.seconds * 1000))
        try:
            return status, decode(content) if content else None
        except ValueError:
            return None, None

    def _filled(self, value: Any, step: Step) -> Any:
        """Put what is known in the place of references."""
        if isinstance(value, dict):
            return {name: self._filled(each, step) for name, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each, step) for each in value]
        if not isinstance(value, str) or "$" not in value:
            return value
        value = re.sub(r"\$n(?!\w)", str(step.turn + 1), value)
        soon = re.fullmatch(r"\$now\+(\S+)", value)
        if soon:
            later = int(_seconds(soon[1], step.number) * 1000)
            return rfc3339(self._core.clock.now_ms() + later)
        return self._referred(value) if value.startswith("$") else value

    def _referred(self, reference: str) -> Any:
        name, *path = reference[1:].split(".")
        if name not in self._names:
            raise LookupError(
                f"nothing is named {name[:40]!r} yet; a call names its answer with `as`."
            )
        found = self._names[name]
        if isinstance(found, dict):
            # An object is referred to as it is now, not as it was when it was made.
            thing = self._core.ledger.get(str(cast("Any", found).get("id")))
            found = found if thing is None else thing.body
        for each in path:
            found = found.get(each) if isinstance(found, dict) else None
        if found is None:
            raise LookupError(
                f"{reference[:60]} is nothing: the call was refused, or has no such field."
            )
        return found
