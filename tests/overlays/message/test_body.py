"""Bodies of every media type, out and in."""

from __future__ import annotations

import email
import email.policy
import io
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from molam_overlays.message.body import Body, Encoding, Result, UnreadableBodyError
from molam_overlays.message.media import kind_of
from molam_overlays.outcome import NO_RESPONSE
from molam_overlays.schema.anything import AnyValue
from molam_overlays.schema.containers import Array, Nullable
from molam_overlays.schema.fields import field
from molam_overlays.schema.files import Binary, File
from molam_overlays.schema.model import Model
from molam_overlays.schema.numbers import Integer
from molam_overlays.schema.texts import String
from molam_overlays.schema.unions import Union

FORM = "application/x-www-form-urlencoded"


class Card(Model):
    number: str = field(String(), sensitive=True)
    tags: list[str] | None = field(Array(String()), default=None)


class Upload(Model):
    name: str = field(String())
    file: bytes | None = field(Binary(), default=None)
    files: list[bytes] | None = field(Array(Binary()), default=None)
    card: Card | None = field(Card, default=None)
    count: int | None = field(Integer(), default=None)


def encode(body: Body, value: Any) -> Any:
    problems: dict[str, str] = {}
    encoded = body.encode(value, problems)
    assert problems == {}
    assert encoded is not None
    return encoded


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        ("application/json", "json"),
        ("application/JSON; charset=utf-8", "json"),
        ("application/problem+json", "json"),
        ("*/*", "json"),
        (FORM, "form"),
        ("multipart/form-data", "multipart"),
        ("text/plain; charset=utf-8", "text"),
        ("text/csv", "text"),
        ("application/pdf", "bytes"),
        ("application/xml", "bytes"),
        ("image/*", "bytes"),
    ],
)
def test_kinds(media: str, kind: str) -> None:
    assert kind_of(media) == kind


def test_json_bodies_are_compact_utf8() -> None:
    made = encode(Body(AnyValue(), "application/vnd.molam+json"), {"a": "\u00e9"})
    assert made.content == '{"a":"\u00e9"}'.encode()
    assert made.media == "application/vnd.molam+json"
    assert made.json == {"a": "\u00e9"}


def test_forms_write_nested_objects_with_brackets() -> None:
    made = encode(
        Body(Upload, FORM),
        {"name": "a&b=c \u00e9", "count": 3, "card": {"number": "4", "tags": ["x", "y"]}},
    )
    assert parse_qsl(made.content.decode()) == [
        ("name", "a&b=c \u00e9"),
        ("card[number]", "4"),
        ("card[tags][0]", "x"),
        ("card[tags][1]", "y"),
        ("count", "3"),
    ]
    assert made.json is None
    assert made.media == FORM


@pytest.mark.parametrize(
    ("rule", "pairs"),
    [
        (
            Encoding(style="deepObject", explode=True),
            [("card[number]", "4"), ("card[tags][0]", "x")],
        ),
        (Encoding(style="form", explode=True), [("number", "4"), ("tags", "x")]),
        (Encoding(media="application/json"), [("card", '{"number":"4","tags":["x"]}')]),
    ],
)
def test_forms_follow_their_encoding(rule: Encoding, pairs: Any) -> None:
    body = Body(Upload, FORM, encoding={"card": rule})
    made = encode(body, {"name": "n", "card": {"number": "4", "tags": ["x"]}})
    assert parse_qsl(made.content.decode())[1:] == pairs


def parts_of(made: Any) -> list[Any]:
    head = f"Content-Type: {made.media}\r\n\r\n".encode()
    message = email.message_from_bytes(head + made.content, policy=email.policy.HTTP)
    assert message.is_multipart()
    assert message.defects == []
    return list(message.iter_parts())


def test_multipart_writes_each_part_by_its_type() -> None:
    made = encode(
        Body(Upload, "multipart/form-data"),
        {
            "name": "n\u00e9",
            "file": File(b"\x00\r\n--x", "a.pdf", "application/pdf"),
            "files": [b"one", io.BytesIO(b"two")],
            "card": {"number": "4"},
            "count": 3,
        },
    )
    found = [
        (part.get_param("name", header="content-disposition"), part.get_filename(),
         part.get("Content-Type"), part.get_payload(decode=True))
        for part in parts_of(made)
    ]  # fmt: skip
    assert found == [
        ("name", None, None, "n\u00e9".encode()),
        ("file", "a.pdf", "application/pdf", b"\x00\r\n--x"),
        ("files", "files", "application/octet-stream", b"one"),
        ("files", "files", "application/octet-stream", b"two"),
        ("card", None, "application/json", b'{"number":"4"}'),
        ("count", None, None, b"3"),
    ]
    assert made.json is None


def test_multipart_follows_its_encoding() -> None:
    body = Body(
        Upload,
        "multipart/form-data",
        encoding={"file": Encoding(media="image/png, image/jpeg", headers={"X-Part": "1"})},
    )
    (_, part) = parts_of(encode(body, {"name": "n", "file": b"x"}))
    assert part["Content-Type"] == "image/png"
    assert part["X-Part"] == "1"


def test_names_in_multipart_cannot_leave_their_header() -> None:
    made = encode(Body(AnyValue(), "multipart/form-data"), {'a"\r\nX-Evil: 1\r\n\r\n': "v"})
    (part,) = parts_of(made)
    assert part["X-Evil"] is None
    file = encode(
        Body(Upload, "multipart/form-data"), {"name": "n", "file": File(b"", 'x"\r\nX: 1')}
    )
    assert all(part["X"] is None for part in parts_of(file))


def test_text_and_bytes() -> None:
    assert encode(Body(String(), "text/plain"), "\u00e9").content == "\u00e9".encode()
    assert encode(Body(Integer(), "text/plain"), 5).content == b"5"
    made = encode(Body(Binary(), "application/pdf"), File(b"%PDF", media="application/x"))
    assert (made.content, made.media) == (b"%PDF", "application/x")
    assert encode(Body(Binary(), "application/pdf"), b"%PDF").media == "application/pdf"


def test_a_form_takes_objects_only() -> None:
    problems: dict[str, str] = {}
    Body(AnyValue(), FORM).encode([1], problems)
    assert set(problems) == {"body"}


@pytest.mark.parametrize("media", ["application/json", FORM, "multipart/form-data"])
def test_problems_are_those_of_the_type_whatever_the_media(media: str) -> None:
    problems: dict[str, str] = {}
    assert Body(Upload, media).encode({"card": {"tags": "x"}}, problems) is None
    assert set(problems) == {"name", "card.number", "card.tags"}


# Results ------------------------------------------------------------------------------------------


def read(result: Result, content: bytes, media: str = "") -> Any:
    return result.decode(content, media, NO_RESPONSE)


def test_results_are_read_by_their_media_type() -> None:
    assert read(Result(Card), b'{"number": "4"}') == {"number": "4"}
    assert (
        read(Result(String(), media="text/csv"), b"a,\xe9", "text/csv; charset=latin-1")
        == "a,\u00e9"
    )
    assert read(Result(String(), media="text/csv"), b"a", "text/csv; charset=nonsense") == "a"
    assert read(Result(String(), media="text/csv"), b"\xff") == "\ufffd"
    assert read(Result(Binary(), media="application/pdf"), b"\x00\xff") == b"\x00\xff"
    assert read(Result(None, "204"), b"whatever") is None


@pytest.mark.parametrize(
    ("declared", "content", "value"),
    [
        (Nullable(Card), b"null", None),
        (Union(String(), Integer()), b'"x"', "x"),
        (Union(Card, String()), b'"x"', "x"),
        (String(), b"5", 5),
        (Array(Card), b"[]", []),
        (AnyValue(), b"[1]", [1]),
    ],
)
def test_json_of_the_announced_shape_is_taken(declared: Any, content: bytes, value: Any) -> None:
    assert read(Result(declared), content) == value


@pytest.mark.parametrize(
    ("declared", "content"),
    [(Card, b"[]"), (Card, b"null"), (Card, b"5"), (Array(Card), b"{}"), (Nullable(Card), b'"x"'),
     (Card, b""), (Card, b"<html>"), (Card, b'{"number": "\xff"}')],
)  # fmt: skip
def test_json_of_another_shape_is_no_success(declared: Any, content: bytes) -> None:
    with pytest.raises(UnreadableBodyError) as caught:
        read(Result(declared), content)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("mine", "theirs", "rank"),
    [
        ("application/json", "application/json; charset=utf-8", 3),
        ("application/json", "application/problem+json", 2),
        ("application/json", "text/html", 0),
        ("application/json", "", 0),
        ("image/*", "image/png", 2),
        ("*/*", "image/png", 1),
        ("text/csv", "TEXT/CSV", 3),
    ],
)
def test_media_types_are_ranked(mine: str, theirs: str, rank: int) -> None:
    assert Result(AnyValue(), media=mine).speaks(theirs) == rank


def test_sent_json_is_what_the_json_argument_says() -> None:
    made = encode(Body(Upload), {"name": "n"})
    assert json.loads(made.content) == made.json == {"name": "n"}
