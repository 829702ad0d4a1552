"""What the page of a tag says of each operation."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import attrs

from generator.decide import prose
from generator.decide.bodies import successful
from generator.decide.views import Argument, Function, Package
from generator.pages.samples import Sample, example_at, sample
from generator.pages.words import cell, code, of_docstring
from generator.pages.words import prose as paragraphs
from generator.understand.api import Api, Operation


@attrs.frozen
class Row:
    """One line of a table."""

    name: str
    kind: str
    said: str


@attrs.frozen
class Entry:
    """One operation."""

    name: str
    title: str
    summary: str
    description: str
    sample: Sample
    arguments: tuple[Row, ...]
    returned: str
    """The class of what it returns."""
    answer: str
    """An example of what comes back, JSON; empty for none."""
    errors: tuple[Row, ...]


@attrs.frozen
class Page:
    """All operations of a tag."""

    stem: str
    title: str
    description: str
    entries: tuple[Entry, ...]


def pages(api: Api, package: Package) -> list[Page]:
    """Decide on the page of each tag, in the order of the document."""
    operations = {operation.id: operation for operation in api.operations}
    by_alias: dict[str, list[Function]] = {}
    for alias, function in package.client.all_functions:
        by_alias.setdefault(alias, []).append(function)
    return [
        _page(api, package, alias, [(operations[one.id], one) for one in functions])
        for alias, functions in by_alias.items()
    ]


def _page(
    api: Api, package: Package, alias: str, found: Sequence[tuple[Operation, Function]]
) -> Page:
    tag = str((found[0][0].facts.get("tags") or [alias])[0])
    return Page(
        stem=alias,
        title=cell(tag.replace("_", " ").capitalize()),
        description=paragraphs(prose.told(api.tags.get(tag, {}).get("description"))),
        entries=tuple(_entry(api, package, *one) for one in found),
    )


def _entry(api: Api, package: Package, operation: Operation, function: Function) -> Entry:
    told = _told(function)
    answer = next(
        (value for one in successful(operation) for media in one.media
         if (value := example_at(api, media.at)) is not None), None,
    )  # fmt: skip
    return Entry(
        name=function.called.path,
        title=operation.title,
        summary=paragraphs(prose.sentence(prose.one_line(operation.facts.get("summary")))),
        description=paragraphs(prose.told(operation.facts.get("description"))),
        sample=sample(api, package.name, package.client.name, operation, function),
        arguments=tuple(
            Row(one.name, _kind(one), cell(told[one.name])) for one in function.method_arguments
        ),
        returned=function.result,
        answer="" if answer is None else json.dumps(answer, ensure_ascii=False, indent=2),
        errors=tuple(Row(name, "", cell(when)) for name, when in prose.raised(operation)),
    )


def _kind(argument: Argument) -> str:
    kind = code(argument.annotation.removesuffix(" | None"))
    return kind if argument.default else f"{kind}, required"


def _told(function: Function) -> dict[str, str]:
    """Return what the method's docstring says of each argument: it is said once, there."""
    _, _, after = of_docstring(function.method_doc).partition("\nArgs:\n")
    entries = re.split(r"\n(?=    \w)", after.partition("\n\n")[0])
    split = (entry.strip().partition(": ") for entry in entries)
    return {name: " ".join(said.split()) for name, _, said in split}
