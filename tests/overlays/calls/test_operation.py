"""Operations: arguments in, one checked call out; a response in, a typed result out."""

from __future__ import annotations

from typing import Any

import pytest

from molam_overlays.calls.operation import Operation
from molam_overlays.errors import ValidationError
from molam_overlays.message.body import Body, Result, UnreadableBodyError
from molam_overlays.message.masking import without
from molam_overlays.message.parameters import Parameter
from molam_overlays.outcome import NO_RESPONSE
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.containers import Array, Map
from molam_overlays.schema.fields import field
from molam_overlays.schema.files import Binary
from molam_overlays.schema.lazy import Lazy
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import String
from molam_overlays.schema.types import UNSET
from molam_overlays.wire import Headers, Response


class Tree(Model):
    name: str = field(String(), sensitive=True)
    child: Tree | None = field(Lazy(__name__, "Tree"), default=None)


class Report(Model):
    id: str = field(String())


EVERYTHING: Operation[Any] = Operation(
    id="everything",
    method="PUT",
    path="/v1/{a}/x/{b}{c}",
    parameters=(
        Parameter("a", "path", String(), required=True),
        Parameter("b", "path", String(), required=True),
        Parameter("c", "path", String(), required=True),
        Parameter("q", "query", Array(Integer())),
        Parameter("must", "query", Integer(), required=True),
        Parameter("X-H", "header", String()),
        Parameter("crumb", "cookie", String()),
        Parameter("jar", "cookie", Integer()),
    ),
    bodies=(Body(Tree), Body(Binary(), "application/pdf", required=False)),
)


def call(**given: Any) -> Any:
    arguments: dict[str, Any] = {
        "path": {"a": "1", "b": "2", "c": "3"},
        "query": {"must": 1},
        "body": {"name": "n"},
        **given,
    }
    return EVERYTHING.call(**arguments)


def test_a_call_holds_everything_a_driver_needs() -> None:
    made = call(
        query={"q": [1, 2], "must": 3},
        header={"X-H": "v"},
        cookie={"crumb": "a;b", "jar": 5},
    )
    assert made.target == "/v1/1/x/23?q=1&q=2&must=3"
    assert made.headers == {"X-H": "v", "Cookie": "crumb=a%3Bb; jar=5"}
    assert made.content == b'{"name":"n"}'
    assert made.json == {"name": "n"}
    assert made.media == "application/json"
    assert "content" not in repr(made)


def test_all_problems_of_all_places_come_together() -> None:
    with pytest.raises(ValidationError) as caught:
        call(
            path={"a": "..", "b": None, "c": UNSET},
            query={"q": "x"},
            header={"X-H": "a\r\nb"},
            cookie={"jar": "x"},
            body={"child": {"child": 5}},
        )
    assert set(caught.value.errors) == {
        "a", "b", "c", "q", "must", "X-H", "jar", "name", "child.name", "child.child"
    }  # fmt: skip


def test_segments_that_only_together_make_a_dot_segment_are_refused() -> None:
    with pytest.raises(ValidationError, match="dot segment"):
        call(path={"a": "1", "b": ".", "c": "."})
    with pytest.raises(ValidationError, match="dot segment"):
        Operation(
            id="o",
            method="GET",
            path="/v1/{a}{b}",
            parameters=(
                Parameter("a", "path", Map(String()), required=True),
                Parameter("b", "path", String(), required=True, style="label"),
            ),
        ).call(path={"a": {}, "b": "."})


def test_a_value_with_braces_is_not_a_placeholder() -> None:
    assert call(path={"a": "{b}", "b": "2", "c": "3"}).path == "/v1/%7Bb%7D/x/23"


@pytest.mark.parametrize("body", [None, UNSET])
def test_a_required_body_is_required(body: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        call(body=body)
    assert caught.value.errors == {"body": "is required"}


def test_a_body_of_the_wrong_kind_is_named_body() -> None:
    with pytest.raises(ValidationError) as caught:
        call(body=[])
    assert set(caught.value.errors) == {"body"}


def test_a_body_that_holds_itself_is_refused() -> None:
    loop: dict[str, Any] = {"name": "n"}
    loop["child"] = loop
    with pytest.raises(ValidationError, match="holds itself"):
        call(body=loop)


def test_the_media_type_can_be_chosen() -> None:
    made = call(body=b"%PDF", media="application/pdf")
    assert (made.content, made.media, made.json) == (b"%PDF", "application/pdf", None)
    with pytest.raises(ValidationError, match=r"application/json, application/pdf"):
        call(media="text/plain")


# Results ------------------------------------------------------------------------------------------

MANY: Operation[Any] = Operation(
    id="many",
    method="GET",
    path="/",
    results=(
        Result(Report, "200"),
        Result(Binary(), "200", "application/pdf"),
        Result(String(), "2XX", "text/csv"),
        Result(None, "204"),
        Result(Tree, "default"),
    ),
)
ONE: Operation[Any] = Operation(id="one", method="POST", path="/", results=(Result(Report, "201"),))
NONE: Operation[Any] = Operation(id="none", method="DELETE", path="/")


def decode(operation: Operation[Any], status: int, content: bytes, media: str | None = None) -> Any:
    headers = Headers({} if media is None else {"Content-Type": media})
    return operation.decode(Response(status, headers, content), NO_RESPONSE)


@pytest.mark.parametrize(
    ("status", "media", "content", "kind"),
    [
        (200, "application/json", b'{"id":"1"}', Report),
        (200, "application/problem+json", b'{"id":"1"}', Report),
        (200, None, b'{"id":"1"}', Report),
        (200, "application/pdf", b"%PDF", bytes),
        (202, "text/csv", b"a,b", str),
        (203, None, b"a,b", str),
        (204, None, b"", type(None)),
    ],
)
def test_results_are_chosen_by_status_and_content_type(
    status: int, media: str | None, content: bytes, kind: type
) -> None:
    assert type(decode(MANY, status, content, media)) is kind


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_an_undocumented_success_is_read_as_a_documented_one(status: int) -> None:
    assert type(decode(ONE, status, b'{"id":"1"}')) is Report
    assert type(decode(ONE, status, b'{"id":"1"}', "text/plain")) is Report


def test_nothing_announced_and_nothing_came() -> None:
    assert decode(ONE, 204, b"") == {}
    assert decode(NONE, 204, b"") is None
    assert decode(NONE, 200, b"whatever") is None


def test_an_empty_success_that_should_hold_something_is_none() -> None:
    with pytest.raises(UnreadableBodyError):
        decode(ONE, 201, b"")


FILES = ["image/png", "application/pdf", "text/csv; charset=utf-8", "application/octet-stream"]


@pytest.mark.parametrize("media", FILES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_file_that_is_announced_as_any_json_is_handed_over(method: str, media: str) -> None:
    operation: Operation[Any] = Operation(
        id="o", method=method, path="/", results=(Result(AnyValue()),)
    )
    assert decode(operation, 200, b"\x89P;NG", media) == b"\x89P;NG"
    with pytest.raises(UnreadableBodyError, match="not JSON"):
        decode(operation, 200, b"<html>", "text/html")
    with pytest.raises(UnreadableBodyError, match="not JSON"):
        decode(operation, 200, b"{", "application/json")


@pytest.mark.parametrize("media", FILES)
@pytest.mark.parametrize(
    ("method", "repeatable"), [("GET", False), ("HEAD", False), ("POST", True)]
)
def test_a_file_instead_of_an_object_names_both_and_is_read_once(
    method: str, repeatable: bool, media: str
) -> None:
    operation: Operation[Any] = Operation(
        id="o", method=method, path="/", results=(Result(Report),)
    )
    with pytest.raises(UnreadableBodyError) as caught:
        decode(operation, 200, b"\x89P;NG", media)
    assert caught.value.repeatable is repeatable
    assert media.partition(";")[0] in str(caught.value)
    assert "application/json" in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("operation", "accept"),
    [(ONE, "application/json"), (NONE, "application/json"),
     (MANY, "application/json, application/pdf, text/csv")],
)  # fmt: skip
def test_accept_names_the_media_types_of_the_results(operation: Any, accept: str) -> None:
    assert operation.accept == accept


@pytest.mark.parametrize(
    ("method", "keyed", "expected"),
    [("GET", False, True), ("HEAD", False, True), ("POST", True, True), ("POST", False, False),
     ("PUT", False, False), ("DELETE", False, False)],
)  # fmt: skip
def test_what_may_be_repeated(method: str, keyed: bool, expected: bool) -> None:
    assert Operation(id="o", method=method, path="/", keyed=keyed).repeatable is expected


# Queries and words --------------------------------------------------------------------------------


def test_query_numbers_are_read_and_replaced() -> None:
    made = call(query={"q": [7], "must": 3})
    assert made.query_number("must") == 3
    assert made.query_number("nothing") is None
    assert made.with_query(must=9, new=1).query == "q=7&must=9&new=1"
    assert made.query == "q=7&must=3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sent DE89 3704 0044", "sent ***"),
        ("sent DE8937040044", "sent ***"),
        ("sent de89-3704-0044!", "sent ***!"),
        ("sent DE89%203704%200044", "sent ***"),
        ("nothing here", "nothing here"),
    ],
)
def test_values_are_masked_however_they_are_spaced(text: str, expected: str) -> None:
    assert without(text, ["DE89 3704 0044"]) == expected


def test_a_call_masks_what_it_sent() -> None:
    made = call(body={"name": "canary", "child": {"name": "bird"}})
    assert made.without_sensitive_values("canary and bird and seed") == "*** and *** and seed"
