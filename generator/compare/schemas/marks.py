"""What holds for schemas of any kind: null, masking, deprecation, read-only, defaults."""

from __future__ import annotations

import json

from generator.compare.schemas.kinds import shown_value
from generator.compare.schemas.pair import Found, Pair, told
from generator.compare.surface import Step


def nulls(step: Step, pair: Pair) -> Found:
    """Compare whether null is a value."""
    before, after = step.old.schemas.nullable(pair.old), step.new.schemas.nullable(pair.new)
    received = pair.way == "received"
    if after and not before:
        yield told(step, pair, "nullable", "may be None" if received else "takes None for null")
    elif before and not after:
        what = "is never None any more" if received else "takes no null any more"
        yield told(step, pair, "not-nullable", what)


def marks(step: Step, pair: Pair) -> Found:
    """Compare whether values are masked, and whether they are deprecated."""
    masked = "masked in repr, logs, traces and errors"
    came, went = ("sensitive", f"is {masked}"), ("not-sensitive", f"is no longer {masked}")
    yield from _flag(step, pair, "x-molam-sensitive", came, went)
    came, went = ("deprecated", "is deprecated"), ("not-deprecated", "is no longer deprecated")
    yield from _flag(step, pair, "deprecated", came, went)


def read_only(step: Step, pair: Pair) -> Found:
    """Compare whether a field can be sent at all."""
    came, went = ("read-only", "cannot be sent any more"), ("not-read-only", "can be sent now")
    yield from _flag(step, pair, "readOnly", came, went)


def default(step: Step, pair: Pair) -> Found:
    """Compare what is sent for a value that is left out."""
    was, is_ = pair.old.fact("default"), pair.new.fact("default")
    if json.dumps(was) == json.dumps(is_):
        return
    if was is None:
        what = f"is now sent as {shown_value(is_)} when it is left out; nothing was sent before"
    elif is_ is None:
        what = f"is not sent any more when it is left out; {shown_value(was)} was sent before"
    else:
        what = f"defaults to {shown_value(is_)} now, to {shown_value(was)} before"
    yield told(step, pair, "default-changed", what)


def _flag(
    step: Step, pair: Pair, keyword: str, came: tuple[str, str], went: tuple[str, str]
) -> Found:
    """Yield the rule and the words for a flag that came, or for one that went."""
    was, is_ = bool(pair.old.fact(keyword)), bool(pair.new.fact(keyword))
    if was != is_:
        yield told(step, pair, *(came if is_ else went))
