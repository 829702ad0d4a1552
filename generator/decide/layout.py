"""Which emitted modules import each other, and which only name each other.

Schemas refer to one another in circles and in long chains. A circle of imports fails, and so does
a chain of some hundred: each import nests in the one before. Both are cut by types that find
their class on first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from generator.decide.homes import Homes
from generator.understand.api import Api
from generator.understand.schema import Schema
from generator.understand.schemas import parts_of, references

LAZY_BEYOND: Final = 30
"""How deep imports of models may nest: Python allows about 100 on its usual stack."""


def find_lazy(api: Api, homes: Homes) -> frozenset[tuple[str, str]]:
    """Return the pairs of modules of models of which the first must not import the second."""
    hard: dict[str, set[str]] = {}
    soft: dict[str, set[str]] = {}
    for key, named in api.named.items():
        here = homes[key].module
        bases = hard.setdefault(here, set())
        if named.schema.base:
            bases.add(homes[named.schema.base].module)
        mentioned = soft.setdefault(here, set())
        mentioned.update(homes[other].module for other in _mentioned(api, named.schema))
    return lazy_imports(hard, soft, LAZY_BEYOND)


def _mentioned(api: Api, schema: Schema) -> Iterator[str]:
    """Yield the keys of all named schemas that the source of a schema names."""
    find = api.schemas.target_or_kinds
    for part in parts_of(schema):
        if part.kind == "ref":
            target = find(part)
            yield target.key
            if target.schema.kind in ("array", "map", "union"):
                # Written out in place: what is in them is mentioned here as well.
                yield from (find(inner).key for inner in references(target.schema))
        if part.tag is not None:
            yield from part.tag.members.values()


def components(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the strongly connected components of a graph, each behind those it leads to.

    Tarjan's algorithm, without recursion.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(sorted(edges[root])))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(sorted(edges[target]))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    component: list[str] = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    found.append(component)
    return found


def lazy_imports(
    hard: Mapping[str, Iterable[str]], soft: Mapping[str, Iterable[str]], deepest: int
) -> frozenset[tuple[str, str]]:
    """Return the pairs of modules of which the first must not import the second.

    Args:
        hard: imports that cannot be put off, those of base classes.
        soft: imports that can.
        deepest: how many imports may nest.
    """
    both = {node: {*hard[node], *soft[node]} for node in hard}
    lazy: set[tuple[str, str]] = set()
    depth: dict[str, int] = {}
    for component in components(both):
        members = set(component)
        for node in component:
            for target in soft[node]:
                if target in members and (target not in set(hard[node]) or target == node):
                    lazy.add((node, target))
        # Base classes make no circle, so they give an order inside the component.
        for node in _bases_first(component, hard):
            here = 0
            for target in both[node]:
                if (node, target) in lazy or target == node:
                    continue
                below = depth[target] + 1
                if below > deepest and target not in set(hard[node]):
                    lazy.add((node, target))
                else:
                    here = max(here, below)
            depth[node] = here
    return frozenset(lazy)


def _bases_first(component: Iterable[str], hard: Mapping[str, Iterable[str]]) -> list[str]:
    members = set(component)
    done: list[str] = []
    todo = sorted(members)
    while todo:
        ready = [
            node
            for node in todo
            if not any(base in members and base in todo and base != node for base in hard[node])
        ]
        done.extend(ready or todo)
        todo = [node for node in todo if node not in set(done)]
    return done
