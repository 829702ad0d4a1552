"""Emitted source read back, for the account."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import attrs

_METHOD: Final = re.compile(r"^    (?:async )?def ([^\W\d][^\s(]*)\(", re.MULTILINE)


_CALL: Final = re.compile(r"self\._(?:run|run_page|stream)\(\s*\w+\.(\w+)\(")

Place: TypeAlias = tuple[str, str]
"""Where a parameter travels, and its name there."""
DEFAULT_CREDENTIALS: Final = ("header", "Authorization", "bearer")
"""What `Credentials()` says."""


@attrs.define
class Operation:
    """An operation as its constant in the emitted source has it."""

    method: str = ""
    path: str = ""
    function: str = ""
    parameters: set[Place] = attrs.Factory(set)
    defaults: dict[Place, Any] = attrs.Factory(dict)
    """What is sent for parameters that nobody gave."""
    body: ast.expr | None = None
    """What is sent as its body."""
    credentials: ast.expr | None = None
    """Its own, where it has them."""
    bodies: set[str] = attrs.Factory(set)
    results: set[tuple[str, str]] = attrs.Factory(set)
    streams: set[tuple[str, str]] = attrs.Factory(set)
    """Those of its results that come item by item."""
    keyed: bool = False


def chunks_of(text: str) -> dict[str, str]:
    """Return the source of each method of a client."""
    starts = list(_METHOD.finditer(text))
    ends = [*(match.start() for match in starts), len(text)][1:]
    return {match[1]: text[match.start() : end] for match, end in zip(starts, ends, strict=True)}


def called_in(text: str) -> dict[str, str]:
    """Return the source of each method of a group, by the function whose call it makes."""
    found: dict[str, str] = {}
    for chunk in chunks_of(text).values():
        if call := _CALL.search(chunk):
            found[call[1]] = chunk
    return found


def emitted_operations(module: ast.Module) -> Iterator[Operation]:
    """Yield what the constants and functions of an emitted `api` module say."""
    constants: dict[str, Operation] = {}
    for node in module.body:
        match node:
            case ast.AnnAssign(
                target=ast.Name(id=name), value=ast.Call(func=ast.Name(), keywords=keywords)
            ):
                constants[name] = _operation_of(keywords)
            case ast.FunctionDef(name=function, body=body):
                for one in ast.walk(body[-1]):
                    match one:
                        case ast.Call(
                            func=ast.Attribute(value=ast.Name(id=name), attr="call"),
                            keywords=given,
                        ) if name in constants:
                            constants[name].function = function
                            constants[name].defaults.update(_defaults(given))
                            constants[name].body = given_as(given, "body")
                        case _:
                            pass
            case _:
                pass
    yield from constants.values()


def _operation_of(keywords: list[ast.keyword]) -> Operation:
    found = Operation()
    for keyword in keywords:
        value = keyword.value
        match keyword.arg, value:
            case "method", ast.Constant(value=str(text)):
                found.method = text
            case "path", ast.Constant(value=str(text)):
                found.path = text
            case "credentials", expression:
                found.credentials = expression
            case "keyed", ast.Constant(value=bool(flag)):
                found.keyed = flag
            case "parameters", ast.Tuple(elts=parts):
                for part in parts:
                    name, location = (_text(one) for one in _positional(part)[:2])
                    found.parameters.add((location, name))
            case "bodies", ast.Tuple(elts=parts):
                found.bodies = {_named(part, "media", "application/json") for part in parts}
            case "results", ast.Tuple(elts=parts):
                for part in parts:
                    first, status = _positional(part)[:2]
                    empty = isinstance(first, ast.Constant) and first.value is None
                    media = "" if empty else _named(part, "media", "application/json")
                    found.results.add((_text(status), media))
                    if isinstance(part, ast.Call) and spelled(part.func) == "Streamed":
                        found.streams.add((_text(status), media))
            case _:
                pass
    return found


def _defaults(keywords: list[ast.keyword]) -> Iterator[tuple[Place, Any]]:
    """Yield the values that a call falls back on, by the place of each."""
    for keyword in keywords:
        match keyword.value:
            case ast.Dict(keys=names, values=values):
                for name, value in zip(names, values, strict=True):
                    if isinstance(value, ast.IfExp):
                        yield (keyword.arg or "", _text(name)), literal_of(value.body)
            case _:
                pass


def given_as(keywords: list[ast.keyword], name: str) -> ast.expr | None:
    """Return what a call is given under a name."""
    return next((one.value for one in keywords if one.arg == name), None)


def fields_in(body: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    """Yield the fields that a body is made of, each with what is sent as it."""
    fields = body.args[0] if isinstance(body, ast.Call) and body.args else body
    if isinstance(fields, ast.Dict):
        for name, value in zip(fields.keys, fields.values, strict=True):
            yield _text(name), value


def literal_of(value: ast.expr | None) -> Any:
    """Return the value of an expression that is one, None for another."""
    try:
        return None if value is None else ast.literal_eval(value)
    except ValueError:
        return None


def credentials_of(value: ast.expr | None) -> frozenset[tuple[str, ...]]:
    """Return where the keys of a `Credentials` expression travel, each with its scheme."""
    if not isinstance(value, ast.Call):
        return frozenset()
    given: dict[str, Any] = dict(
        zip(("place", "name", "scheme"), map(literal_of, value.args), strict=False)
    )
    found: set[tuple[str, ...]] = set()
    for keyword in value.keywords:
        if keyword.arg == "also" and isinstance(keyword.value, ast.Tuple):
            found.update(*map(credentials_of, keyword.value.elts))
        elif keyword.arg:
            given[keyword.arg] = literal_of(keyword.value)
    place, name, scheme = DEFAULT_CREDENTIALS
    place = given.get("place", place)
    if place != "nowhere":
        scheme = given.get("scheme", scheme).lower() if place == "header" else ""
        found.add((place, given.get("name", name), scheme))
    return frozenset(found)


def assigned(module: ast.Module, name: str) -> ast.expr | None:
    """Return the expression that a class of a module gives an attribute."""
    for node in ast.walk(module):
        match node:
            case ast.AnnAssign(target=ast.Name(id=found), value=value) if found == name:
                return value
            case _:
                pass
    return None


def bindings(module: ast.Module) -> Iterator[str]:
    """Yield every name that a module binds at its top."""
    for node in module.body:
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (one.asname or one.name for one in names)
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case _:
                pass


def spelled(value: ast.expr) -> str:
    """Return the name that an expression is, empty for another."""
    return value.id if isinstance(value, ast.Name) else ""


def _positional(call: ast.expr) -> list[ast.expr]:
    return call.args if isinstance(call, ast.Call) else []


def _text(value: ast.expr | None) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _named(call: ast.expr, name: str, default: str) -> str:
    if isinstance(call, ast.Call):
        for keyword in call.keywords:
            if keyword.arg == name:
                return _text(keyword.value)
    return default


def constants_of(module: ast.Module) -> set[str]:
    """Return the values that runtime types of a module are limited to, as Python shows them."""
    found: set[str] = set()
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name(id=name), args=values) if name in ("Enum", "Const"):
                found.update(repr(ast.literal_eval(value)) for value in values)
            case _:
                pass
    return found


def emitted_classes(module: ast.Module) -> Iterator[tuple[str, dict[str, ast.Call]]]:
    """Yield the classes of an emitted module with what declares each member."""
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            yield (
                node.name,
                {
                    _named(part.value, "name", part.target.id): part.value
                    for part in node.body
                    if isinstance(part, ast.AnnAssign)
                    and isinstance(part.target, ast.Name)
                    and isinstance(part.value, ast.Call)
                },
            )


def is_settable(declaration: ast.Call) -> bool:
    """Tell whether callers may give a member."""
    return literal_of(given_as(declaration.keywords, "init")) is not False
