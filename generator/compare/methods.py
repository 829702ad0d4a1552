"""A method before and after: its name, path, module, key and pages; its parts by others."""

from __future__ import annotations

import re
from collections.abc import Iterable

from generator.compare.access import operation_servers, requirements
from generator.compare.answers import answers, bodies, results
from generator.compare.arguments import arguments
from generator.compare.changes import Findings, change
from generator.compare.schemas.pair import Found
from generator.compare.surface import Method, Step
from generator.read import pointer as pointers
from generator.text.markdown import first_sentence, readable
from generator.understand.api import Operation


def methods(step: Step, known: Findings, both: Iterable[tuple[Method, Method]]) -> Found:
    """Compare the methods that are in both packages, and tell of those that went and came."""
    pairs = {old.id: new for old, new in both}
    for name, method in step.old.methods.items():
        if name in pairs:
            yield from _method(step, known, method, pairs[name])
        else:
            at = step.was(method.operation.at)
            yield change("method-removed", method.name, "was removed from both clients", at)
    kept = {new.id for new in pairs.values()}
    for name, method in step.new.methods.items():
        if name not in kept:
            said = str(method.operation.facts.get("summary") or "")
            said = first_sentence(readable(said)).rstrip(".")
            what = "is new on both clients" + (f": {said}" if said else "")
            yield change("method-added", method.name, what, step.is_(method.operation.at))


def paired(step: Step) -> list[tuple[Method, Method]]:
    """Return the methods that are in both: the same operationId, or the same method and path."""
    before, after = step.old.methods, step.new.methods
    left = {_address(method): method for name, method in after.items() if name not in before}
    found = []
    for name, method in before.items():
        other = after[name] if name in after else left.pop(_address(method), None)
        if other is not None:
            found.append((method, other))
    return found


def _address(method: Method) -> tuple[str, str, bool]:
    return method.operation.method, method.operation.path, method.operation.streams


def _method(step: Step, known: Findings, old: Method, new: Method) -> Found:
    yield from _places(step, old, new)
    yield from _deprecation(step, old, new)
    yield from _key(step, old, new)
    yield from arguments(step, known, old, new)
    yield from bodies(step, old, new)
    yield from results(step, known, old, new)
    yield from _pages(step, old, new)
    yield from requirements(step, old, new)
    yield from operation_servers(step, old, new)
    yield from answers(step, old, new)


def _places(step: Step, old: Method, new: Method) -> Found:
    at = new.operation.at
    if old.name != new.name:
        what = f"is now called `{new.name}`"
        where = step.is_(pointers.join(at, "operationId"))
        yield change("method-renamed", old.name, what, where, now=new.name)
    if _shape(old.operation) != _shape(new.operation):
        rule = "path-changed: of a call with a key" if new.keyed else "path-changed"
        what = f"calls {new.operation.title} now, {old.operation.title} before"
        yield change(rule, new.name, what, step.is_(at))
    if old.module != new.module:
        package = step.new.brand.package
        what = f"moved from `{package}.{old.module}` to `{package}.{new.module}`"
        yield change("module-changed", new.name, what, step.is_(pointers.join(at, "tags")))


def _shape(operation: Operation) -> str:
    """Return method and path; what a placeholder is called never travels."""
    return re.sub(r"\{[^}]*\}", "{}", operation.title)


def _deprecation(step: Step, old: Method, new: Method) -> Found:
    was, is_ = (bool(method.operation.facts.get("deprecated")) for method in (old, new))
    at = step.is_(pointers.join(new.operation.at, "deprecated"))
    if is_ and not was:
        what = "is deprecated and warns with a DeprecationWarning"
        yield change("deprecated: a method", new.name, what, at)
    elif was and not is_:
        yield change("not-deprecated", new.name, "is no longer deprecated", at)


def _key(step: Step, old: Method, new: Method) -> Found:
    subject, at = f"{new.name}(idempotency_key)", step.is_(new.operation.at)
    if old.keyed and not new.keyed:
        what = "was removed: the call cannot be repeated safely any more"
        yield change("key-removed", subject, what, at)
    elif new.keyed and not old.keyed:
        yield change("key-added", subject, "is new: the call can be repeated safely", at)


def _pages(step: Step, old: Method, new: Method) -> Found:
    was, is_ = (method.operation.facts.get("x-molam-page") for method in (old, new))
    if was == is_:
        return
    if was is None:
        rule = "page-changed: it comes"
        what = "returns a page that iterates on, not a single object"
    elif is_ is None:
        rule, what = "page-changed: it goes", "does not return a page any more"
    else:
        changed = ", ".join(key for key in is_ if was.get(key) != is_[key])
        rule, what = "page-changed", f"pages in another way ({changed})"
    at = step.is_(pointers.join(new.operation.at, "x-molam-page"))
    yield change(rule, f"{new.name}()", what, at)
