"""A request as a program would make it: with curl, and with both clients."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from shlex import quote
from typing import Any

from molam_overlays.message.idempotency import KEY_HEADER
from molam_overlays.sandbox.answer import encode
from molam_overlays.sandbox.document import Document, Operation
from molam_overlays.sandbox.fault_script import HEADER


def curl(base_url: str, request: Mapping[str, Any]) -> str:
    """Write a request for a shell."""
    query = f"?{request['query']}" if request["query"] else ""
    lines = [f"curl {quote(base_url + request['path'] + query)}"]
    if request["method"] not in {"GET", "POST"} or (
        request["method"] == "POST" and request["body"] is None
    ):
        lines[0] = lines[0].replace("curl ", f"curl -X {request['method']} ", 1)
    lines.append('-H "Authorization: Bearer $MOLAM_API_KEY"')
    if request["idempotency_key"]:
        lines.append(f"-H {quote(f'{KEY_HEADER}: ' + request['idempotency_key'])}")
    if request["fault"]:
        lines.append(f"-H {quote(f'{HEADER}: ' + request['fault'])}")
    if request["body"] is not None:
        lines.append('-H "Content-Type: application/json"')
        body = json.dumps(json.loads(encode(request["body"])), ensure_ascii=False)
        lines.append(f"-d {quote(body)}")
    return " \\\n  ".join(lines)


def python(document: Document, request: Mapping[str, Any], *, asynchronous: bool) -> str | None:
    """Write a request as a call of a client; None for what is no call of an operation."""
    operation, path, _ = document.match(request["method"], request["path"])
    if operation is None or not isinstance(request["body"], (dict, type(None))):
        return None
    call = _call(operation, path, request, "await " if asynchronous else "")
    if asynchronous:
        body = "\n".join(f"        {line}" for line in call.splitlines())
        return (
            "import asyncio\n\nfrom molam_sdk import MolamAsyncClient\n\n\nasync def main():\n"
            f"    async with MolamAsyncClient() as client:\n{body}\n\n\nasyncio.run(main())\n"
        )
    body = "\n".join(f"    {line}" for line in call.splitlines())
    return f"from molam_sdk import MolamClient\n\nwith MolamClient() as client:\n{body}\n"


def _call(
    operation: Operation, path: Mapping[str, str], request: Mapping[str, Any], wait: str
) -> str:
    arguments = [(name, repr(value)) for name, value in path.items()]
    arguments += [(each, repr(value)) for each, value in _query(request["query"])]
    unknown = {each["field"] for each in request["unknown"]}
    body = request["body"] or {}
    arguments += [(name, _literal(value)) for name, value in body.items() if name not in unknown]
    if request["idempotency_key"]:
        arguments.append(("idempotency_key", repr(request["idempotency_key"])))
    if request["fault"]:
        arguments.append(("extra_headers", repr({HEADER: request["fault"]})))
    told = "".join(f"    {each}={value},\n" for each, value in arguments)
    told += "".join(
        f"    # {each!r} is not in the document: there is no argument\n"
        for each in body
        if each in unknown
    )
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation.id).lower()
    return f"result = {wait}client.{name}(\n{told})" if told else f"result = {wait}client.{name}()"


def _query(query: str) -> list[tuple[str, Any]]:
    from urllib.parse import parse_qsl

    return [
        (name, int(value) if re.fullmatch(r"[0-9]{1,9}", value) else value)
        for name, value in parse_qsl(query)
    ]


def _literal(value: Any) -> str:
    """Write JSON as Python."""
    return repr(json.loads(encode(value)))
