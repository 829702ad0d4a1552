"""One call, three ways: with the blocking client, with the async one, and with curl.

The values are the document's own examples, so a sample is what the document shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import attrs

from generator.decide.views import Argument, Function
from generator.read import pointer as pointers
from generator.text.literal import literal
from generator.understand.api import Api, Operation

_ABSENT: Final = object()


@attrs.frozen
class Sample:
    """A call as programs and shells write it."""

    blocking: str
    awaiting: str
    curl: str


def sample(api: Api, package: str, client: str, operation: Operation, function: Function) -> Sample:
    """Return the samples of an operation; Python is not formatted yet."""
    given = list(_given(api, operation, function))
    call = f"{function.called.path}({', '.join(f'{one.name}={literal(value)}' for one, value in given)})"
    return Sample(
        _blocking(package, client, call, function),
        _awaiting(package, client, call, function),
        _curl(api, operation, given),
    )


def example_at(api: Api, at: str) -> Any:
    """Return the first example of the media type or parameter at a place; None for none."""
    return next(iter(examples_at(api, at)), (None, {}))[1].get("value")


def examples_at(api: Api, at: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the examples at a place, by name; a single one has no name."""
    node = pointers.find(api.document.root, at)
    if "example" in node:
        yield "", {"value": node["example"]}
    yield from (node.get("examples") or {}).items()


def _given(api: Api, operation: Operation, function: Function) -> Iterator[tuple[Argument, Any]]:
    """Yield the arguments that the document has an example of, and those that must be there."""
    body = example_at(api, operation.body.media[0].at) if operation.body else None
    fields = body if isinstance(body, dict) else {}
    parameters = {(one.location, one.name): one.at for one in operation.parameters}
    for argument in function.method_arguments:
        value: Any = _ABSENT
        if argument.place == "key":
            value = f"{function.name.replace('_', '-')}-1042"
        elif argument.place == "body":
            value = fields.get(argument.wire, _ABSENT)
        elif (at := parameters.get((argument.place, argument.wire))) is not None:  # type: ignore[arg-type]
            found = example_at(api, at)
            optional = bool(argument.default)
            # Of filters one is enough to see how they are written.
            value = _ABSENT if found is None or (optional and argument.name != "limit") else found
        elif argument.name == "body" and body is not None:
            value = body
        if value is _ABSENT and not argument.default:
            value = ...
        if value is not _ABSENT:
            yield argument, value


def _blocking(package: str, client: str, call: str, function: Function) -> str:
    use = f"for one in client.{call}:  # all pages\n        print(one)"
    if function.streamed:
        use = f"with client.{call} as items:\n        for item in items:\n            print(item)"
    elif not function.paged:
        use = f"answer = client.{call}\n    print(answer)"
    return (
        f"from {package} import Config, {client}\n\nwith {client}(Config()) as client:\n    {use}\n"
    )


def _awaiting(package: str, client: str, call: str, function: Function) -> str:
    client = client.replace("Client", "AsyncClient")
    use = f"async for one in await client.{call}:  # all pages\n            print(one)"
    if function.streamed:
        use = (
            f"async with client.{call} as items:\n            async for item in items:\n"
            "                print(item)"
        )
    elif not function.paged:
        use = f"answer = await client.{call}\n        print(answer)"
    return (
        f"import asyncio\n\nfrom {package} import Config, {client}\n\n\n"
        "async def main() -> None:\n"
        f"    async with {client}(Config()) as client:\n        {use}\n\n\n"
        "asyncio.run(main())\n"
    )


def _curl(api: Api, operation: Operation, given: list[tuple[Argument, Any]]) -> str:
    path, query, body = operation.path, {}, {}
    lines = ['-H "Authorization: Bearer $MOLAM_API_KEY"']
    for argument, value in given:
        if argument.place == "path":
            path = path.replace(f"{{{argument.wire}}}", quote(str(value), safe=""))
        elif argument.place == "query":
            query[argument.wire] = value
        elif argument.place in ("key", "header"):
            lines.append(f'-H "{argument.wire}: {value}"')
        elif argument.place == "body":
            body[argument.wire] = value
    if body:
        lines.append('-H "Content-Type: application/json"')
        said = json.dumps(body, ensure_ascii=False, indent=2).replace("'", "'\\''")
        lines.append(f"-d '{said}'")
    elif operation.method.upper() != "GET":
        lines.insert(0, f"-X {operation.method.upper()}")
    asked = f"?{urlencode(query)}" if query else ""
    return " \\\n  ".join([f'curl "$MOLAM_API_BASE{path}{asked}"', *lines])
