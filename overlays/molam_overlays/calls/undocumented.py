"""Calls of operations that the document does not know yet: `client.request`.

They have the same keys, retries and errors as any. What the document would check is checked as far as
it goes without it: the path is one, the query holds scalars, the body is JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import Operation
from molam_overlays.errors import ValidationError
from molam_overlays.message.body import Body, Result
from molam_overlays.message.parameters import Parameter
from molam_overlays.message.styles import query_pairs
from molam_overlays.redact import template
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.digits import Origin
from molam_overlays.schema.model import plain_model
from molam_overlays.schema.types import Problems
from molam_overlays.wire import METHODS, SAFE_METHODS


class _AnyResult(AnyValue):
    """Any JSON value; an object is read as a model without declared fields."""

    def decode(self, wire: Any, origin: Origin) -> Any:
        return plain_model(wire, origin) if isinstance(wire, dict) else wire


_METHODS: Final = frozenset(METHODS) - {"TRACE"}

_ANY_BODY: Final = Body(AnyValue(), required=False)

_ANY_RESULT: Final = _AnyResult()


def undocumented_call(method: Any, path: Any, json: Any, params: Any) -> Call[Any]:
    """Check the arguments and build the call.

    Raises:
        ValidationError: with every problem at once; nothing was or will be sent.
    """
    verb = method.upper() if isinstance(method, str) else ""
    problems: Problems = {}
    if verb not in _METHODS:
        problems["method"] = f"must be one of {', '.join(sorted(_METHODS))}"
    problem = _path_problem(path)
    if problem is not None:
        problems["path"] = problem
    pairs: list[str] = []
    if params is not None and not isinstance(params, Mapping):
        problems["params"] = f"must be a dict, not {type(params).__name__}"
    else:
        for name, value in (params or {}).items():
            pairs.extend(_query(name, value, problems))
    encoded = None
    if json is not None:
        found: Problems = {}
        encoded = _ANY_BODY.encode(json, found)
        for at, what in found.items():
            problems["json" if not at else f"json{at}" if at[0] == "[" else f"json.{at}"] = what
    if problems:
        raise ValidationError(problems)
    operation: Operation[Any] = Operation(
        id=f"{verb} {template(path)}",
        method=verb,
        path=template(path),
        bodies=(_ANY_BODY,),
        results=(Result(_ANY_RESULT),),
        keyed=verb not in SAFE_METHODS,
    )
    if encoded is None:
        return Call(operation, path, "&".join(pairs), {})
    return Call(operation, path, "&".join(pairs), {}, encoded.content, encoded.json, encoded.media)


def _query(name: Any, value: Any, problems: Problems) -> Iterable[str]:
    if not isinstance(name, str) or not name:
        problems["params"] = "must have text as names"
        return ()
    at = f"params.{name}"
    plain = AnyValue().encode(value, at, problems)
    items = plain if isinstance(plain, list) else [plain]
    if any(isinstance(item, (dict, list)) for item in items):
        problems[at] = "must be text, a number, a boolean, or a list of these"
    if any(found == at or found.startswith(f"{at}[") for found in problems):
        return ()
    given = [item for item in items if item is not None]
    return query_pairs(Parameter(name, "query", AnyValue()), given)


def _path_problem(path: Any) -> str | None:
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        return "must start with a single slash, such as /v1/connect/refunds; the host is api_base"
    if not path.isascii() or not path.isprintable() or set(path) & set(" ?#\\"):
        return "must be percent-encoded, without query (use params) and fragment"
    if {".", ".."} & set(path.lower().replace("%2e", ".").split("/")):
        return "must not hold dot segments"
    return None
