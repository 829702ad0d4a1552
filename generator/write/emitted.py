"""Emitted source read back, for the account."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

import attrs

_METHOD: Final = re.compile(r"^    (?:async )?def ([^\W\d][^\s(]*)\(", re.MULTILINE)


@attrs.define
class Operation:
    """An operation as its constant in the emitted source has it."""

    method: str = ""
    path: str = ""
    function: str = ""
    parameters: set[tuple[str, str]] = attrs.Factory(set)
    bodies: set[str] = attrs.Factory(set)
    results: set[tuple[str, str]] = attrs.Factory(set)
    keyed: bool = False


def chunks_of(text: str) -> dict[str, str]:
    """Return the source of each method of a client."""
    starts = list(_METHOD.finditer(text))
    ends = [*(match.start() for match in starts), len(text)][1:]
    return {match[1]: text[match.start() : end] for match, end in zip(starts, ends, strict=True)}


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
                        case ast.Attribute(value=ast.Name(id=name), attr="call"):
                            constants[name].function = function
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
            case _:
                pass
    return found


def _positional(call: ast.expr) -> list[ast.expr]:
    return call.args if isinstance(call, ast.Call) else []


def _text(value: ast.expr) -> str:
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


def emitted_classes(module: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Yield the classes of an emitted module with their members."""
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            wires = {
                _named(part.value, "name", part.target.id)
                for part in node.body
                if isinstance(part, ast.AnnAssign)
                and isinstance(part.target, ast.Name)
                and part.value is not None
            }
            yield node.name, wires
