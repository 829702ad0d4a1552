"""Every public name says what it is: shape, units, errors and source, where an editor shows them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import molam_sdk
from molam_sdk import MolamAsyncClient, MolamClient


def modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(molam_sdk.__path__, "molam_sdk."):
        leaf = found.name.rpartition(".")[2]
        if leaf.startswith("_") or found.name.startswith(("molam_sdk.api", "molam_sdk.models.")):
            continue
        try:
            yield importlib.import_module(found.name)
        except ImportError:
            continue  # its extra is not installed


PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in modules()
    for name in getattr(module, "__all__", ())
    if inspect.isclass(getattr(module, name)) or inspect.isroutine(getattr(module, name))
    if getattr(module, name).__module__ != "builtins"  # a type that has another name here
}
METHODS = {
    f"{name}.{key}": getattr(thing, key)
    for name, thing in PUBLIC.items()
    if inspect.isclass(thing) and not name.startswith("molam_sdk.models.")
    for key, member in vars(thing).items()
    if not key.startswith("_") and inspect.isroutine(getattr(thing, key))
}
# What a number may count. A number without one of these may be a second or an hour.
UNIT = re.compile(
    r"second|millisecond|unix|minor unit|major unit|byte|status|at most|at once|how many|times|tries"
    r"|attempt|per page|port|amount|from 0|number of|connections"
)


# Numbers of rows, which count nothing.
_ROWS = {"after", "entry_id"}


def test_there_is_something_to_look_at() -> None:
    assert len(PUBLIC) > 100
    assert len(METHODS) > 50


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_says_what_it_is_in_a_sentence(name: str) -> None:
    first = (inspect.getdoc(PUBLIC[name]) or "").partition("\n\n")[0].strip()
    assert first, "it has no docstring"
    assert first[-1] in ".:!", first
    assert first[0].isupper() or not first[0].isalpha() or first[0].isdigit(), first


@pytest.mark.parametrize(
    "name",
    sorted(
        key
        for client in (MolamClient, MolamAsyncClient)
        for key, member in vars(client).items()
        if key.split("_")[0] in ("create", "retrieve", "list", "confirm", "capture", "cancel")
        and callable(member)
    ),
)
def test_a_method_of_the_api_tells_arguments_result_errors_and_source(name: str) -> None:
    for client in (MolamClient, MolamAsyncClient):
        doc = inspect.getdoc(getattr(client, name)) or ""
        for part in ("\nArgs:\n", "\nReturns:\n", "\nRaises:\n", "\nSource: openapi/molam.yaml, "):
            assert part in doc
        parameters = inspect.signature(getattr(client, name)).parameters
        for parameter in parameters:
            if parameter != "self":
                assert re.search(rf"^    {parameter}: \S", doc, re.MULTILINE), parameter


CALLABLE = {
    **METHODS,
    **{name: thing for name, thing in PUBLIC.items() if inspect.isroutine(thing)},
}


@pytest.mark.parametrize("name", sorted(CALLABLE))
def test_a_number_says_its_unit(name: str) -> None:
    thing = CALLABLE[name]
    parameters = inspect.signature(thing).parameters.values()
    owner = PUBLIC.get(name.rpartition(".")[0])
    doc = " ".join(inspect.getdoc(each) or "" for each in (thing, owner) if each)
    for parameter in parameters:
        if parameter.name not in _ROWS and re.fullmatch(
            r"(int|float)( \| None)?", str(parameter.annotation)
        ):
            told = re.search(r"_(seconds|ms|bytes)$", parameter.name) or UNIT.search(doc.lower())
            assert told, parameter.name
