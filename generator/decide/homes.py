"""Where each named schema lives: its module, its name, its constant, its attributes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

import attrs

from generator.decide import naming
from generator.decide.runtime import MODEL_MEMBERS, PAGE_MEMBERS
from generator.decide.scope import Scope, told_apart
from generator.decide.views import Brand
from generator.understand.api import Api
from generator.understand.schema import Named


@attrs.frozen
class Home:
    """Where a named schema lives in the emitted package."""

    module: str
    """The full name of its module."""
    name: str
    """The class, or the alias of the annotation."""
    constant: str
    """The constant that holds its type; for a class the class itself."""


@attrs.frozen(eq=False)
class Homes:
    """Where all named schemas live, by key."""

    brand: Brand
    places: Mapping[str, Home]
    attributes: Mapping[str, Mapping[str, str]]
    """Of each object the attribute of each property, inherited ones first."""

    @property
    def package(self) -> str:
        """The name of the emitted package."""
        return self.brand.package

    def __getitem__(self, key: str) -> Home:
        return self.places[key]


def find_homes(api: Api, brand: Brand, pages: Collection[str]) -> Homes:
    """Give each named schema a module and a name, and each property an attribute.

    Args:
        pages: the keys of objects that are pages.

    Raises:
        DocumentError: the name of a page's second class is taken.
    """
    classes = Scope()
    modules = Scope(fold_case=True)
    places: dict[str, Home] = {}
    inside: dict[str, list[Named]] = {}
    for named in _in_order(api):
        name = classes.distinct(naming.class_name(named.words), named.words)
        if named.key in pages:
            where = partial(api.document.position, named.key)
            classes.unique(f"Async{name}", named.words, where, "schema")
        if named.owner in places:
            module = places[named.owner].module
        else:
            stem = modules.distinct(naming.module_name(name), named.words)
            module = f"{brand.package}.models.{stem}"
        places[named.key] = Home(module, name, name)
        inside.setdefault(module, []).append(named)
    for contents in inside.values():
        _add_constants(contents, places)
    return Homes(brand, places, _attributes(api, pages))


def _in_order(api: Api) -> list[Named]:
    """Return all named schemas, those first whose names others give way to.

    Of several that become one name, who has that very name keeps it.
    """
    kinds = {named.kinds for named in api.named.values()}
    return sorted(
        api.named.values(),
        key=lambda named: (
            named.key in kinds,
            not named.component,
            bool(named.owner),
            naming.class_name(named.words) != named.words,
        ),
    )


def _add_constants(contents: Sequence[Named], places: dict[str, Home]) -> None:
    """Give the types of one module that are no classes a constant each, unlike any name there."""
    taken = {places[named.key].name for named in contents}
    scope = Scope(taken | {f"Async{name}" for name in taken})
    for named in contents:
        if named.schema.kind != "object":
            home = places[named.key]
            constant = naming.constant_name(home.name)
            if constant == home.name:
                constant = f"{constant}_TYPE"
            places[named.key] = attrs.evolve(home, constant=scope.distinct(constant, named.words))


def _attributes(api: Api, pages: Collection[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}

    def attributes(key: str) -> dict[str, str]:
        if key not in found:
            schema = api.named[key].schema
            inherited = attributes(schema.base) if schema.base else {}
            taken = PAGE_MEMBERS if key in pages else MODEL_MEMBERS
            own = told_apart(
                [wire for wire in schema.properties if wire not in inherited],
                Scope(inherited.values()),
                lambda wire: naming.attribute_name(wire, taken),
            )
            found[key] = {**inherited, **own}
        return found[key]

    for key, named in api.named.items():
        if named.schema.kind == "object":
            attributes(key)
    return found
