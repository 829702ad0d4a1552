"""Look at an exception as error trackers do: every frame, every local variable, its `repr`."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import CodeType, TracebackType
from typing import Any

KEY = "sk_test_KEYKEYKEY"
FURTHER = "FURTHERKEY"
SECRET = "whsec_TOPTOPTOP"
IBAN = "SN08SNIBANIBAN01"
PHONE = "+221770009988"
ACCOUNT = "ACCT00112233"
WORDS = ("KEYKEYKEY", "FURTHERKEY", "TOPTOPTOP", "IBANIBAN", "770009988", "ACCT00112233")

CLIENTS = ("molam_sdk.client", "molam_sdk.async_client")
"""Where public methods keep what their callers handed them."""


PUBLIC = ("molam_overlays.calls.blocking.request", "molam_overlays.calls.awaiting.request")


def revealed(error: BaseException, *words: str, test: str) -> list[str]:
    """Name every local variable, and every text, that shows one of the words or cannot be shown.

    `test` is the test's own module, whose variables are its own.
    """
    sought = words or WORDS
    found = []
    for link in chain(error):
        for text in (str(link), repr(link), *map(str, getattr(link, "__notes__", ()))):
            if any(word in text for word in sought):
                found.append(f"the text of {type(link).__name__}")
        for frame in frames(link.__traceback__):
            module = frame.f_globals.get("__name__", "")
            if module in (test, __name__) or module in CLIENTS:
                continue
            place = f"{module}.{frame.f_code.co_name}"
            given = arguments(frame.f_code) if place in PUBLIC else ()
            for name, value in frame.f_locals.items():
                if name in given:
                    continue
                for each in within(value):
                    try:
                        text = repr(each)
                    except Exception as trouble:
                        found.append(f"{place}: repr({name}) raises {type(trouble).__name__}")
                        continue
                    if any(word in text for word in sought):
                        found.append(f"{place}: {name}")
    if any(word in "".join(traceback.format_exception(error)) for word in sought):
        found.append("the printed traceback")
    return found


def chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while waiting:
        link = waiting.pop()
        if link is None or any(link is each for each in seen):
            continue
        seen.append(link)
        yield link
        waiting += [link.__cause__, link.__context__, *getattr(link, "exceptions", ())]


def frames(traceback: TracebackType | None) -> Iterator[Any]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def arguments(code: CodeType) -> tuple[str, ...]:
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def within(value: Any, depth: int = 5) -> Iterator[Any]:
    """Yield a value and what plain containers hold, as trackers go into them."""
    yield value
    if not depth:
        return
    if type(value) is dict:
        for each in value.values():
            yield from within(each, depth - 1)
    elif type(value) in (list, tuple, set):
        for each in value:
            yield from within(each, depth - 1)
