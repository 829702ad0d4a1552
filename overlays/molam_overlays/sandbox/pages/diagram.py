"""The life of an object as a picture: the states of its table, the way it took, what can come next.

Layers go down by the longest way from the first state; transitions that are no news (neither taken
nor possible now) are thin lines. It is drawn for a phone's width, and grows with the page.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import attrs

from molam_overlays.sandbox.pages.markup import Content, Markup, link, tag

Edge = tuple[str, str, str]
"""State, action, next state."""
_WIDTH: Final = 150
_HEIGHT: Final = 30
_GAP_X: Final = 40
_GAP_Y: Final = 58
_MARGIN: Final = 66


@attrs.frozen
class Place:
    """Where a state is drawn: the middle of its box."""

    x: float
    y: float
    layer: int


@attrs.frozen
class Drawing:
    """States and transitions, placed."""

    places: Mapping[str, Place]
    edges: Sequence[Edge]
    width: float
    height: float


def draw(life: Mapping[tuple[str, str], str], first: str) -> Drawing:
    """Place the states that can be reached from the first one."""
    edges = _reachable(life, first)
    layers = _layers(edges, first)
    rows: dict[int, list[str]] = {}
    for state, layer in layers.items():
        rows.setdefault(layer, []).append(state)
    columns = max(len(row) for row in rows.values())
    width = columns * _WIDTH + (columns - 1) * _GAP_X + 2 * _MARGIN
    places = {}
    for layer, row in rows.items():
        # The one that leads on stands left, ends stand right: lines cross less.
        row.sort(key=lambda state: not any(before == state for before, _, _ in edges))
        for column, state in enumerate(row):
            used = len(row) * _WIDTH + (len(row) - 1) * _GAP_X
            x = (width - used) / 2 + column * (_WIDTH + _GAP_X) + _WIDTH / 2
            places[state] = Place(x, layer * (_HEIGHT + _GAP_Y) + _HEIGHT / 2 + 4, layer)
    height = (max(rows) + 1) * (_HEIGHT + _GAP_Y) - _GAP_Y + 8
    return Drawing(places, edges, width, height)


def _reachable(life: Mapping[tuple[str, str], str], first: str) -> list[Edge]:
    known, edges = [first], []
    for state in known:
        for (before, action), after in life.items():
            if before == state:
                edges.append((before, action, after))
                if after not in known:
                    known.append(after)
    return edges


def _layers(edges: Sequence[Edge], first: str) -> dict[str, int]:
    """Number the states by the longest way to them; ways back are left out of account."""
    layers = {first: 0}
    forward: list[tuple[str, str]] = []
    for before, _, after in edges:
        if before != after and not _leads(forward, after, before):
            forward.append((before, after))
            layers.setdefault(after, 0)
    for _ in layers:
        for before, after in forward:
            layers[after] = max(layers[after], layers[before] + 1)
    return layers


def _leads(forward: Sequence[tuple[str, str]], start: str, end: str) -> bool:
    reached = [start]
    for state in reached:
        reached += [after for before, after in forward if before == state and after not in reached]
    return end in reached


def picture(
    drawing: Drawing,
    *,
    now: str,
    taken: Collection[Edge],
    next_: Mapping[Edge, str],
    title: str,
) -> Markup:
    """Draw it as SVG.

    Args:
        drawing: what `draw` placed.
        now: the state it is in.
        taken: the transitions that were made.
        next_: those that are possible now, with the address that leads there.
        title: what it shows, for those who do not see it.
    """
    visited = {now, *(edge[0] for edge in taken), *(edge[2] for edge in taken)}
    # What is news is drawn last, on top.
    ranked = sorted(drawing.edges, key=lambda edge: (edge in taken, edge in next_))
    ends = _labels([edge for edge in ranked if edge in taken or edge in next_])
    lines: list[Content] = []
    texts: list[Content] = []
    for edge in _merged(ranked):
        kind = "taken" if edge in taken else "next" if edge in next_ else "other"
        path, (x, y) = _line(drawing.places, edge)
        lines.append(tag("path", d=path, class_=f"edge {kind}", marker_end=f"url(#tip-{kind})"))
        if kind != "other":
            label = ends[edge[0], edge[2]]
            box = tag("text", label, x=f"{x:.0f}", y=f"{y:.0f}", class_=f"label {kind}")
            texts.append(link(next_[edge], box) if edge in next_ else box)
    boxes = [
        tag(
            "g",
            tag(
                "rect",
                x=f"{place.x - _WIDTH / 2:.0f}",
                y=f"{place.y - _HEIGHT / 2:.0f}",
                width=_WIDTH,
                height=_HEIGHT,
                rx=8,
            ),
            tag("text", _words(state), x=f"{place.x:.0f}", y=f"{place.y + 4:.0f}"),
            class_="state now" if state == now else "state been" if state in visited else "state",
        )
        for state, place in drawing.places.items()
    ]
    tips = [_tip(kind) for kind in ("other", "taken", "next")]
    size = f"0 0 {drawing.width:.0f} {drawing.height:.0f}"
    return tag(
        "svg",
        tag("title", title),
        tag("defs", tips),
        lines,
        boxes,
        texts,
        viewBox=size,
        class_="life",
        role="group",
        aria_label=title,
    )


def _merged(edges: Sequence[Edge]) -> Sequence[Edge]:
    """Keep one line between two states: the last, which is the most telling."""
    return list(
        {(before, after): (before, action, after) for before, action, after in edges}.values()
    )


def _labels(edges: Sequence[Edge]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], list[str]] = {}
    for before, action, after in edges:
        found.setdefault((before, after), []).append(action)
    return {ends: ", ".join(dict.fromkeys(actions)) for ends, actions in found.items()}


def _words(state: str) -> str:
    short = {"requires_payment_method": "requires method"}
    return short.get(state, state.replace("_", " "))


def _tip(kind: str) -> Markup:
    return tag(
        "marker",
        tag("path", d="M0 0 L8 4 L0 8 z", class_=f"tip {kind}"),
        id=f"tip-{kind}",
        viewBox="0 0 8 8",
        refX=7,
        refY=4,
        markerWidth=7,
        markerHeight=7,
        markerUnits="userSpaceOnUse",
        orient="auto",
    )


def _line(places: Mapping[str, Place], edge: Edge) -> tuple[str, tuple[float, float]]:
    """Return the path of a transition, and where its word stands."""
    a, b = places[edge[0]], places[edge[2]]
    half_x, half_y = _WIDTH / 2, _HEIGHT / 2
    if edge[0] == edge[2]:
        x, y = a.x + half_x, a.y
        return (
            f"M{x:.0f} {y - 7:.0f} C{x + 34:.0f} {y - 16:.0f} {x + 34:.0f} {y + 16:.0f} {x:.0f} {y + 7:.0f}",
            (x + 30, y + 26),
        )
    if b.layer == a.layer + 1:
        # From the lower edge to the upper one, shifted so that lines of one state do not meet.
        start, end = a.x + (b.x - a.x) * 0.22, b.x + (a.x - b.x) * 0.18
        top, low = a.y + half_y, b.y - half_y
        middle = (top + low) / 2
        return (
            f"M{start:.0f} {top:.0f} C{start:.0f} {middle:.0f} {end:.0f} {middle:.0f} {end:.0f} {low:.0f}",
            ((start + end) / 2, middle + 4),
        )
    if b.layer == a.layer:
        way = 1 if b.x > a.x else -1
        x, to = a.x + way * half_x, b.x - way * half_x
        return f"M{x:.0f} {a.y:.0f} L{to:.0f} {b.y:.0f}", ((x + to) / 2, a.y - 6)
    # Past the states between: along the side that the goal is on.
    middle_x = (
        min(each.x for each in places.values()) + max(each.x for each in places.values())
    ) / 2
    right = b.x > middle_x or (b.x == middle_x and a.x >= middle_x)
    way = 1 if right else -1
    side = max(each.x * way for each in places.values()) * way + way * (half_x + 34)
    x, to = a.x + way * half_x, b.x + way * half_x
    path = f"M{x:.0f} {a.y:.0f} C{side:.0f} {a.y:.0f} {side:.0f} {b.y:.0f} {to:.0f} {b.y:.0f}"
    return path, (side - way * 6, (a.y + b.y) / 2)
