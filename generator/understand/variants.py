"""The union of a base's kinds: the objects that extend it, told apart by its discriminator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from generator.read import pointer as pointers
from generator.read.document import Document
from generator.understand.schema import Named, Schema, Tag


def with_kinds(named: Mapping[str, Named], document: Document) -> dict[str, Named]:
    """Return named schemas, with a union for each base that allOf and a discriminator make one."""
    children: dict[str, list[str]] = {}
    for key, one in named.items():
        if one.schema.base:
            children.setdefault(one.schema.base, []).append(key)
    found = dict(named)
    for key, one in named.items():
        rule = one.schema.fact("discriminator")
        if one.schema.kind != "object" or not isinstance(rule, Mapping):
            continue
        kinds = _kinds_of(key, rule, children, named, document)
        if kinds:
            union = _union(one, str(rule["propertyName"]), kinds)
            found[key] = attrs.evolve(one, kinds=union.key)
            found[union.key] = union
    return found


def _union(base: Named, tag: str, kinds: Mapping[str, str]) -> Named:
    return Named(
        key=base.key + "#kinds",
        words=f"{base.words} kind",
        form=Schema(
            at=base.key,
            kind="union",
            facts={"description": base.schema.fact("description", "")},
            members=tuple(
                Schema(at=base.key, kind="ref", target=kind)
                for kind in dict.fromkeys(kinds.values())
            ),
            tag=Tag(tag, kinds),
        ),
    )


def _kinds_of(
    base: str,
    rule: Mapping[str, Any],
    children: Mapping[str, Sequence[str]],
    named: Mapping[str, Named],
    document: Document,
) -> dict[str, str]:
    """Return the values of a discriminator with the keys of the objects that they mean."""
    found: dict[str, str] = {}
    for value, ref in (rule.get("mapping") or {}).items():
        target = document.resolve(str(ref), base) if str(ref)[:1] == "#" else str(ref)
        if target in named and target != base:
            found[str(value)] = target
    mapped = set(found.values())
    todo = list(children.get(base, ()))
    while todo:
        key = todo.pop(0)
        todo.extend(children.get(key, ()))
        if key not in mapped:
            fixed = named[key].schema.properties.get(str(rule["propertyName"]))
            values = fixed.values if fixed is not None and fixed.kind == "enum" else ()
            for value in values or (pointers.split(key)[-1],):
                found.setdefault(str(value), key)
    return found
