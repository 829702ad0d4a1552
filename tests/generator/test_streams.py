"""Answers that come item by item, from small documents: a method of their own, typed items."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from typing import Any

import pytest

from generator.compare.diff import compare
from generator.read.document import DocumentError
from generator.read.load import load_document

Build = Callable[..., Any]

SSE = "text/event-stream"
PIECE = {"type": "object", "required": ["piece"], "properties": {"piece": {"type": "string"}}}
WHOLE = {
    "application/json": {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}}
}


def document(*contents: dict[str, Any], version: str = "3.1.0", **given: Any) -> dict[str, Any]:
    """Return a document of one operation, `talk`, that is answered with these contents."""
    responses = {
        str(200 + number): {"description": "d", **({"content": content} if content else {})}
        for number, content in enumerate(contents)
    }
    talk = {"operationId": "talk", "responses": responses, **given}
    return {
        "openapi": version,
        "paths": {"/talk": {"post": talk}},
        "components": {"schemas": {"Piece": PIECE}},
    }


def stream(schema: Any = None, media: str = SSE, key: str = "schema") -> dict[str, Any]:
    return {media: {} if schema is None else {key: schema}}


class Canned:
    """An adapter that answers with a text of some media type."""

    def __init__(self, text: str, media: str = SSE) -> None:
        self.text = text
        self.media = media
        self.status = 200
        self.json: Any = None
        self.headers: Any = {}

    def send(self, *, json: Any = None, headers: Any = None, **_: Any) -> Any:
        self.json, self.headers = json, headers
        return 200, self.text, {"content-type": self.media}


class AsyncCanned(Canned):
    async def send(self, **given: Any) -> Any:  # type: ignore[override]
        return super().send(**given)


def read(built: Any, text: str, media: str = SSE, **given: Any) -> list[Any]:
    """Return the items that both clients read, which are the same."""
    with built.client(Canned(text, media)).stream_talk(**given) as items:
        found = list(items)

    async def again() -> list[Any]:
        client = built.async_client(AsyncCanned(text, media))
        async with client.stream_talk(**given) as items:
            return [item async for item in items]

    assert asyncio.run(again()) == found
    return found


def methods(built: Any) -> set[str]:
    names = {name for name in vars(type(built.client())) if "talk" in name}
    assert {name for name in vars(type(built.async_client())) if "talk" in name} == names
    return names


def test_a_stream_beside_json_is_a_method_of_its_own(build: Build) -> None:
    built = build(document({**WHOLE, **stream({"$ref": "#/components/schemas/Piece"})}))
    assert methods(built) == {"talk", "stream_talk"}
    (item,) = read(built, 'data: {"piece": "one"}\n\n')
    assert type(item) is built.models.Piece
    assert item.piece == "one"
    adapter = Canned('{"id": "x"}', "application/json")
    assert built.client(adapter).talk().id == "x"
    assert adapter.headers["Accept"] == "application/json"
    with built.client(adapter := Canned("")).stream_talk():
        assert adapter.headers["Accept"] == f"{SSE}, application/json"


def test_an_operation_that_only_streams_has_that_method_alone(build: Build) -> None:
    assert methods(build(document(stream(PIECE)))) == {"stream_talk"}
    # What comes without a body is a stream without items.
    bare = document(stream(PIECE), {})
    bare["paths"]["/talk"]["post"]["responses"]["204"] = {"description": "d"}
    built = build(bare)
    assert methods(built) == {"stream_talk"}

    class Silent(Canned):
        def send(self, **_: Any) -> Any:
            return self.status, "", {}

    for status in (201, 204):
        adapter = Silent("")
        adapter.status = status
        with built.client(adapter).stream_talk() as items:
            assert list(items) == []
            assert items.response.status == status
    assert methods(build(document(stream(PIECE), WHOLE))) == {"talk", "stream_talk"}


@pytest.mark.parametrize(
    ("media", "text"),
    [
        (SSE, 'data: {"piece": "one"}\r\n\r\ndata: {"piece": "two"}\r\n\r\n'),
        ("application/x-ndjson", '{"piece": "one"}\n{"piece": "two"}\n'),
        ("application/jsonl; charset=utf-8", '{"piece": "one"}\n{"piece": "two"}'),
        ("application/json-seq", '\x1e{"piece": "one"}\n\x1e{"piece": "two"}\n'),
        ("application/geo+json-seq", '\x1e{"piece": "one"}\n\x1e{"piece": "two"}\n'),
    ],
)
@pytest.mark.parametrize(
    ("version", "content"),
    [
        ("3.0.3", {"schema": PIECE}),
        ("3.1.0", {"schema": {"type": "array", "items": PIECE}}),
        ("3.2.0", {"itemSchema": PIECE}),
        ("3.2.0", {"schema": {"type": "array", "items": PIECE}, "itemSchema": PIECE}),
    ],
)
def test_every_kind_of_stream_has_typed_items(
    build: Build, media: str, text: str, version: str, content: dict[str, Any]
) -> None:
    built = build(document({media: content}, version=version))
    assert [item.piece for item in read(built, text, media)] == ["one", "two"]


def test_the_data_of_events_is_text_where_its_schema_says_so(build: Build) -> None:
    told = 'data: {"piece":\ndata: 1}\n\ndata: [DONE]\n\n'
    for schema in (None, {"type": "string"}, {"type": "string", "enum": ["a"]}):
        assert read(build(document(stream(schema))), told) == ['{"piece":\n1}', "[DONE]"]
    either = {"oneOf": [PIECE, {"type": "string"}]}
    found = read(build(document(stream(either))), 'data: {"piece": "one"}\n\ndata: plain\n\n')
    assert found == [{"piece": "one"}, "plain"]
    assert read(build(document(stream({}))), "data: 1\n\ndata: x\n\n") == [1, "x"]


def test_events_described_as_a_whole_come_as_a_whole(build: Build) -> None:
    event = {"type": "object", "required": ["data"],
             "properties": {"event": {"type": "string"}, "id": {"type": "string"},
                            "retry": {"type": "integer"}, "data": PIECE}}  # fmt: skip
    text = 'event: told\nid: 7\nretry: 9\ndata: {"piece": "one"}\n\ndata: {"piece": "two"}\n\n'
    for version, key in (("3.1.0", "schema"), ("3.2.0", "itemSchema")):
        built = build(document(stream(event, key=key), version=version))
        first, second = read(built, text)
        assert (first.event, first.id, first.retry, first.data.piece) == ("told", "7", 9, "one")
        assert second == {"data": {"piece": "two"}}
    kinds = [{"type": "object", "required": ["event", "data"],
              "properties": {"event": {"const": name}, "data": data}}
             for name, data in (("piece", PIECE), ("end", {"type": "string"}))]  # fmt: skip
    built = build(document(stream({"oneOf": kinds})))
    first, second = read(built, 'event: piece\ndata: {"piece": "x"}\n\nevent: end\ndata: bye\n\n')
    assert (first.data.piece, second.data) == ("x", "bye")
    assert type(first) is not type(second)


def test_json_that_an_event_carries_is_the_item(build: Build) -> None:
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": PIECE}
    event = {"type": "object", "required": ["data"],
             "properties": {"event": {"type": "string"}, "data": data}}  # fmt: skip
    built = build(document(stream(event, key="itemSchema"), version="3.2.0"))
    with built.client(Canned('event: told\ndata: {"piece": "one"}\n\n')).stream_talk() as items:
        assert next(items).piece == "one"
        assert items.event == "told"


def test_the_flag_that_asks_for_a_stream_is_set_by_the_method(build: Build) -> None:
    fields = {"stream": {"type": "boolean", "default": False}, "q": {"type": "string"}}
    contents = {**WHOLE, **stream(PIECE)}
    for required, needed in ((True, ["q"]), (False, []), (False, ["q"])):
        body = {"required": required, "content": {"application/json": {"schema": {
            "type": "object", "required": needed, "properties": fields}}}}  # fmt: skip
        built = build(document(contents, requestBody=body))
        adapter = Canned("")
        with built.client(adapter).stream_talk(q="x"):
            assert adapter.json == {"stream": True, "q": "x"}
        with built.client(adapter).stream_talk(q="x", stream=False):
            assert adapter.json == {"stream": False, "q": "x"}
        shown = inspect.signature(type(built.client()).stream_talk).parameters["stream"]
        assert shown.default is True
        whole = Canned("{}", "application/json")
        built.client(whole).talk(q="x")
        assert whole.json == {"stream": False, "q": "x"}


def test_what_comes_item_by_item_unasked_is_told_once(build: Build) -> None:
    built = build(document({**WHOLE, **stream(PIECE)}))
    asked: list[Any] = []

    class Counting(Canned):
        def send(self, **given: Any) -> Any:
            asked.append(given)
            return super().send(**given)

    errors = built.module("exceptions")
    with pytest.raises(errors.NetworkError, match="begins with `stream_`"):
        built.client(Counting("data: {}\n\n")).talk()
    assert len(asked) == 1


def test_names_of_streams_give_way(build: Build) -> None:
    two = document({**WHOLE, **stream(PIECE)})
    two["paths"]["/other"] = {"get": {"operationId": "streamTalk", "responses": {
        "200": {"description": "d", "content": {"application/json": {"schema": PIECE}}}}}}  # fmt: skip
    built = build(two)
    assert methods(built) == {"talk", "stream_talk", "stream_talk_2"}
    assert built.client(Canned('{"piece": "x"}', "application/json")).stream_talk().piece == "x"


def test_both_checkers_know_the_items(build: Build) -> None:
    built = build(document({**WHOLE, **stream({"$ref": "#/components/schemas/Piece"})}))
    said = built.types(
        "from PKG.async_client import ShopAsyncClient\n"
        "from PKG.client import ShopClient\n\n"
        "def use(client: ShopClient) -> list[str]:\n"
        "    with client.stream_talk(timeout=5) as items:\n"
        "        reveal_type(items.event)\n"
        "        return [item.piece for item in items]\n\n"
        "async def ause(client: ShopAsyncClient) -> list[int]:\n"
        "    async with client.stream_talk() as items:\n"
        "        return [item.piece async for item in items]\n"
    )
    assert "6: note: Revealed type" in said
    assert (
        "11: error: List comprehension has incompatible type List[str]; expected List[int]" in said
    )
    assert said.count("error:") == 1


def test_a_change_of_a_stream_is_told_by_its_method(tmp_path: Any) -> None:
    def rules(old: dict[str, Any], new: dict[str, Any]) -> set[tuple[str, str]]:
        loaded = []
        for name, given in (("old", old), ("new", new)):
            file = tmp_path / f"{name}.json"
            given = {"info": {"title": "T", "version": "1"}, **given}
            file.write_text(json.dumps(given))
            loaded.append(load_document(file, name=file.name))
        return {(one.rule.partition(":")[0], one.subject) for one in compare(*loaded).changes}

    whole, both, only = (
        document(WHOLE),
        document({**WHOLE, **stream(PIECE)}),
        document(stream(PIECE)),
    )
    models = {("model-added", "TalkResponseEventStream"), ("rewritten", "talk")}
    assert rules(whole, both) == {("method-added", "stream_talk"), *models}
    assert ("method-removed", "talk") in rules(both, only)
    told = {rule for rule, subject in rules(both, only) if subject == "stream_talk"}
    assert told <= {"rewritten"}
    wider = {**PIECE, "properties": {**PIECE["properties"], "more": {"type": "string"}}}
    assert "field-added" in {rule for rule, _ in rules(only, document(stream(wider)))}


# The account


def _no_streams(patch: Any) -> None:
    from generator.decide import operations

    def whole(operation: Any) -> Any:
        yield operation

    patch.setattr(operations, "calls_of", whole)


def _never_item_by_item(patch: Any) -> None:
    from generator.decide import streams

    real = streams._result

    def result(*given: Any) -> Any:
        source, item = real(*given)
        return source.replace("Streamed", "Result"), item

    patch.setattr(streams, "_result", result)


def _first_stream_alone(patch: Any) -> None:
    from generator.decide import streams

    real = streams._only
    patch.setattr(
        streams, "_only", lambda answer, streams: _cut(real(answer, streams=streams), streams)
    )


def _cut(answer: Any, streams: bool) -> Any:
    import attrs

    return attrs.evolve(answer, media=answer.media[:1]) if streams else answer


def _read_whole(patch: Any) -> None:
    from generator.write import render

    real = render.formatted
    patch.setattr(
        render,
        "formatted",
        lambda texts, name: real(
            {path: text.replace("self._stream(", "self._run(") for path, text in texts.items()},
            name,
        ),
    )


@pytest.mark.parametrize(
    "mutate", [_no_streams, _never_item_by_item, _first_stream_alone, _read_whole]
)
def test_a_generator_that_loses_a_stream_is_found_out(
    build: Build, monkeypatch: pytest.MonkeyPatch, mutate: Callable[[Any], None]
) -> None:
    given = document({**WHOLE, **stream(PIECE), **stream(PIECE, "application/x-ndjson")})
    build(given)
    mutate(monkeypatch)
    with pytest.raises(DocumentError, match=r"The (stream|response) 200 .* did not arrive"):
        build(given)
