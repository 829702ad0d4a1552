"""What frameworks read at run time: every annotation of every public class and function resolves."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Iterator
from typing import Any

import pytest

import molam_sdk
from molam_sdk.client import MolamClient
from molam_sdk.config import CallOptions
from molam_sdk.idempotency import Recovered
from molam_sdk.models import PaymentIntent, ResponseInfo
from molam_sdk.observe import Hooks

SPECIAL = {"__init__", "__enter__", "__exit__", "__aenter__", "__aexit__", "__iter__", "__aiter__"}


def public() -> Iterator[tuple[str, Any]]:
    for found in pkgutil.walk_packages(molam_sdk.__path__, "molam_sdk."):
        if found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                yield f"{found.name}.{name}", value


def functions(cls: type) -> Iterator[tuple[str, Any]]:
    for owner in cls.__mro__[:-1]:
        for name, value in vars(owner).items():
            if isinstance(value, (classmethod, staticmethod)):
                value = value.__func__
            if isinstance(value, property):
                value = value.fget
            if inspect.isfunction(value) and (name[0] != "_" or name in SPECIAL):
                yield name, value


PUBLIC = dict(public())


def test_there_is_something_to_look_at() -> None:
    assert len(PUBLIC) > 150


@pytest.mark.parametrize("name", PUBLIC)
def test_annotations_resolve(name: str) -> None:
    value = PUBLIC[name]
    typing.get_type_hints(value)
    for method, function in functions(value) if inspect.isclass(value) else ():
        try:
            typing.get_type_hints(function)
        except NameError as error:
            pytest.fail(f"{name}.{method}: {error}")


def test_they_say_what_they_mean() -> None:
    assert typing.get_type_hints(PaymentIntent)["amount"] is int
    assert typing.get_type_hints(ResponseInfo)["request_id"] == str | None
    assert typing.get_type_hints(MolamClient.__init__)["hooks"] == Hooks | None
    assert typing.get_type_hints(MolamClient.recover)["return"] == list[Recovered]
    options = typing.get_type_hints(MolamClient.create_refund)["options"]
    assert typing.get_args(options) == (CallOptions,)
