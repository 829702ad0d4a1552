"""What a method sends as its body, and what it is answered with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from generator.compare.changes import Findings, change
from generator.compare.schemas.kinds import one_type
from generator.compare.schemas.objects import extras, rules
from generator.compare.schemas.pair import Found, Pair, solid
from generator.compare.surface import Method, Step
from generator.read import pointer as pointers
from generator.understand.api import Media, Response

_WORD: Final = re.compile(r"[^\W\d]\w*")
"""A name in an annotation."""


@attrs.frozen
class Spread:
    """Bodies whose properties are the arguments of a method, and compared as those."""

    old: frozenset[str]
    """Their keys in the old document."""
    new: Mapping[str, Method]
    """Their keys in the new document, each with its method there."""


def spread(step: Step, methods: Iterable[tuple[Method, Method]]) -> Spread:
    """Return the bodies of all methods whose properties are arguments."""
    found = [
        (step.old.key(pair.old), step.new.key(pair.new), new)
        for old, new in methods
        for _, _, pair in _both(old, new)
        if _is_spread(step, old, new, pair)
    ]
    # The first of several methods that send the same stands for all.
    return Spread(
        frozenset(was for was, _, _ in found), {now: method for _, now, method in reversed(found)}
    )


def _media(method: Method) -> dict[str, Media]:
    body = method.operation.body
    return {media.media: media for media in body.media} if body else {}


def _both(old: Method, new: Method) -> Iterator[tuple[Media, Media, Pair]]:
    """Yield the bodies that have a schema before and after."""
    before, after = _media(old), _media(new)
    alone = len(before) == len(after) == 1
    for name, one in before.items():
        # The only one there is stays what is sent, whatever it is written as.
        other = next(iter(after.values())) if alone else after.get(name)
        if other is not None and one.schema is not None and other.schema is not None:
            pair = Pair(f"{new.name}(body)", one.schema, other.schema, "sent", (new.name,))
            yield one, other, pair


def _is_spread(step: Step, old: Method, new: Method, pair: Pair) -> bool:
    was, now = solid(step, pair)
    arguments = (*old.arguments, *new.arguments)
    return was.kind == now.kind == "object" and any(one.place == "body" for one in arguments)


def bodies(step: Step, old: Method, new: Method) -> Found:
    """Compare the media types that a method sends, and what they are made of."""
    before, after = _media(old), _media(new)
    at = step.is_(pointers.join(new.operation.at, "requestBody"))
    # Where nothing is sent any more, arguments that went tell it.
    told = any(one.place == "body" for one in old.arguments) and not after
    if len(before) == len(after) == 1 and before.keys() != after.keys():
        (was,), (now,) = before, after
        if _taken(old) == _taken(new):
            what = f"sends its body as `{now}` now, `{was}` before; its arguments stay as they are"
            yield change("body-type-changed", new.name, what, at)
            before = after
    for media in before:
        if media not in after and not told:
            rule = "body-type-removed" if after else "body-type-removed: the last one"
            yield change(rule, new.name, f"sends no `{media}` any more", at)
    for media in after:
        if media not in before:
            what = f"can send `{media}` as well" if before else f"sends a body of `{media}`"
            yield change("body-type-added", new.name, what, at)
    for one, other, pair in _both(old, new):
        if _is_spread(step, old, new, pair):
            whole = attrs.evolve(pair, subject=new.name)
            yield from extras(step, whole)
            yield from rules(step, whole)
            if step.old.name(pair.old) not in step.new.names:
                yield from one_type(step, pair)
        else:
            yield pair
        if _shown(one.encoding) != _shown(other.encoding):
            what = f"writes the parts of `{one.media}` another way"
            yield change("encoding-changed", new.name, what, step.is_(other.at))


def _taken(method: Method) -> list[tuple[str, str, str, bool]]:
    """Return the arguments of a method, as its callers see them."""
    return [(one.name, one.wire, one.annotation, one.required) for one in method.arguments]


def _shown(encoding: object) -> str:
    return json.dumps(encoding, sort_keys=True)


def results(step: Step, known: Findings, old: Method, new: Method) -> Found:
    """Compare what a method returns."""
    subject = f"{new.name}()"
    after = new.success
    for media, one in old.success.items():
        other = after.get(media)
        if other is not None and one.held is not None and other.held is not None:
            yield Pair(subject, one.held, other.held, "received", (new.name,))
    renamed = _WORD.sub(lambda word: known.renamed.get(word[0], word[0]), old.result)
    if renamed != new.result and subject not in known:
        at = step.is_(pointers.join(new.operation.at, "responses"))
        what = f"returns `{new.result}` now, `{old.result}` before"
        yield change("result-changed", subject, what, at, now=new.result)


def answers(step: Step, old: Method, new: Method) -> Found:
    """Compare which statuses are documented, and with which headers."""
    subject = f"{new.name}()"
    at = step.is_(pointers.join(new.operation.at, "responses"))
    before = {one.status: one for one in old.operation.responses}
    after = {one.status: one for one in new.operation.responses}
    for status in before:
        if status not in after:
            what = f"is no longer said to answer with {status}"
            yield change("status-removed", subject, what, at)
    for status in after:
        if status not in before:
            yield change("status-added", subject, f"may answer with {status}", at)
    for status, answer in before.items():
        if status in after:
            yield from _headers(step, subject, answer, after[status])


def _headers(step: Step, subject: str, old: Response, new: Response) -> Found:
    before, after = ({one.name.lower(): one for one in answer.headers} for answer in (old, new))
    went, came = "header-removed", "header-added"
    if old.status[:1] not in "2d":
        went, came = "header-removed: of a failure", "header-added: of a failure"
    for name, header in before.items():
        if name not in after:
            what = f"answers {old.status} without the header `{header.name}`"
            yield change(went, subject, what, step.was(header.at))
    for name, header in after.items():
        if name not in before:
            what = f"answers {old.status} with the header `{header.name}`"
            yield change(came, subject, what, step.is_(header.at))
