"""What users import: where each name says that it comes from, and that twins take the same."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import molam_sdk

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

LISTED = Path(__file__).parents[2] / "generator" / "decide" / "public_api.toml"
PLAIN = {"aclose": "close"}
"""Methods of an async class that have another name than its twin's."""


def modules() -> Iterator[ModuleType]:
    """Find each module of the package that can be imported here."""
    yield molam_sdk
    for found in pkgutil.walk_packages(molam_sdk.__path__, "molam_sdk."):
        if found.name.endswith("__main__"):
            continue
        try:
            yield importlib.import_module(found.name)
        except ImportError:  # an extra that this environment lacks
            continue


def homes() -> dict[str, set[str]]:
    """Return the modules that hand out each name of `public_api.toml`."""
    found: dict[str, set[str]] = {}
    listed = tomllib.loads(LISTED.read_text(encoding="utf-8"))
    for module, told in listed["modules"].items():
        for names in told["names"].values():
            for name in names:
                found.setdefault(name, set()).add(f"molam_sdk.{module}")
    return found


class Public(NamedTuple):
    """A class or function that users import."""

    module: str
    name: str
    value: Any


def public() -> list[Public]:
    return [
        Public(module.__name__, name, getattr(module, name))
        for module in modules()
        for name in getattr(module, "__all__", ())
        if inspect.isclass(getattr(module, name)) or inspect.isfunction(getattr(module, name))
        if getattr(module, name).__module__ != "builtins"
    ]


def test_every_name_says_a_module_that_hands_it_out() -> None:
    listed = homes()
    wrong = {
        f"{each.module}.{each.name}": each.value.__module__
        for each in public()
        if each.value.__module__ not in listed.get(each.name, {each.value.__module__})
        or not each.value.__module__.startswith("molam_sdk")
    }
    assert wrong == {}


def test_every_name_is_found_where_it_says() -> None:
    for each in public():
        home = importlib.import_module(each.value.__module__)
        assert getattr(home, each.value.__name__) is each.value, each


# Twins


def twins() -> dict[str, tuple[Any, Any]]:
    """Return `X` and `AsyncX` of every module, by the latter's name."""
    found: dict[str, tuple[Any, Any]] = {}
    for each in public():
        if "Async" in each.name or each.name.startswith("async_"):
            module = importlib.import_module(each.module)
            name = each.name.replace("Async", "").removeprefix("async_")
            plain = getattr(module, name, None) or getattr(molam_sdk, name)
            found[each.name] = plain, each.value
    return found


TWINS = twins()


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    """Return name, kind and default of what a function takes; of a function as default, its name."""
    return [
        (each.name, each.kind, getattr(each.default, "__name__", each.default))
        for each in inspect.signature(function).parameters.values()
    ]


def taken(kind: Any) -> dict[str, list[tuple[str, Any, Any]]]:
    """Return the parameters of a class's public methods, or of a function."""
    if not inspect.isclass(kind):
        return {"": parameters(kind)}
    return {
        PLAIN.get(name, name): parameters(getattr(kind, name))
        for name in ["__init__", *dir(kind)]
        if name == "__init__" or not name.startswith("_")
        if inspect.isfunction(getattr(kind, name)) or inspect.ismethod(getattr(kind, name))
    }


@pytest.mark.parametrize("name", TWINS)
def test_twins_have_the_same_methods_parameters_and_defaults(name: str) -> None:
    plain, asynchronous = map(taken, TWINS[name])
    assert asynchronous == plain


def test_there_are_twins_of_clients_adapters_stores_and_pages() -> None:
    assert {
        "MolamAsyncClient",
        "AsyncHttpxAdapter",
        "AsyncIdempotencyStore",
        "AsyncInbox",
        "AsyncJournal",
        "AsyncRefundList",
        "async_webhook_view",
    } <= TWINS.keys()


def test_a_twin_that_differs_is_found() -> None:
    class Store:
        def keep(self, key: str, seconds: float = 1.0) -> None: ...
        def close(self) -> None: ...

    class AsyncStore:
        async def keep(self, key: str, seconds: float = 2.0) -> None: ...
        async def aclose(self) -> None: ...

    assert taken(Store)["close"] == taken(AsyncStore)["close"]
    assert taken(Store)["keep"] != taken(AsyncStore)["keep"]
