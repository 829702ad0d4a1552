"""Bytes into items, cut anywhere: the rules of the HTML standard, jsonlines.org and RFC 7464."""

from __future__ import annotations

from typing import Any

import pytest

from molam_overlays.message import streams
from molam_overlays.message.streams import Reading, Streamed
from molam_overlays.schema.anything import AnyValue

MEDIA = {
    "events": "text/event-stream",
    "lines": "application/x-ndjson",
    "sequence": "application/json-seq",
}


def reading(kind: str, data: Any = "json", envelope: bool = False) -> Reading:
    result = Streamed(AnyValue(), "200", MEDIA[kind], data, envelope)
    found = Reading(lambda status, media: result)
    assert found.begin(200, {"content-type": MEDIA[kind]})
    return found


def fed(found: Reading, *parts: bytes) -> list[Any]:
    for part in parts:
        found.write(part)
    found.end()
    return [item.wire for item in found.items]


def cuts(text: bytes) -> list[list[bytes]]:
    """Return a text as a whole, in single bytes, and cut in two at each place."""
    halves = [[text[:at], text[at:]] for at in range(1, len(text))]
    return [[text], [text[at : at + 1] for at in range(len(text))], *halves]


EVENTS: list[tuple[bytes, list[Any]]] = [
    (b"data: a\n\ndata: b\n\n", ["a", "b"]),
    (b"data: a\r\rdata: b\r\n\r\ndata:c\n\n", ["a", "b", "c"]),
    (b"data: a\ndata: b\n\n", ["a\nb"]),
    (b"data: a\r\ndata\r\ndata:  b\r\n\r\n", ["a\n\n b"]),
    (b"data\n\n", [""]),
    (b"data:\n\n", [""]),
    (b": a comment\n\n:\ndata: a\n: another\n\n", ["a"]),
    (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
    (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", ["b"]),
    (b"event: x\n\ndata: a\n\n", ["a"]),
    (b"unknown: x\nDATA: x\ndata: a\n\n", ["a"]),
    (b"data: \xc3\xa9\n\n", ["é"]),
    (b"data: \xff\n\n", ["�"]),
    (b"data: a\x0bb\n\n", ["a\x0bb"]),
    (b"data: a\n\n\n\n\n", ["a"]),
    (b"", []),
]


@pytest.mark.parametrize(("text", "items"), EVENTS)
def test_events_are_read_as_the_standard_says_wherever_they_are_cut(
    text: bytes, items: list[Any]
) -> None:
    for parts in cuts(text):
        found = reading("events", "text")
        assert fed(found, *parts) == items, parts
        assert found.problem is None


def test_names_ids_and_the_pause_come_beside_the_data() -> None:
    text = (
        b"event: add\nid: 1\nretry: 500\ndata: a\n\ndata: b\n\nid\nevent:\ndata: c\n\n"
        b"id: x\0y\nretry: 5x\ndata: d\n\nid: 2\n\ndata: e\n\n"
    )
    for parts in cuts(text)[:2]:
        found = reading("events", "text", envelope=True)
        assert fed(found, *parts) == [
            {"event": "add", "id": "1", "retry": 500, "data": "a"},
            {"data": "b"},
            {"id": "", "data": "c"},
            {"data": "d"},
            {"data": "e"},
        ]
        assert [(item.event, item.last_event_id) for item in found.items] == [
            ("add", "1"), (None, "1"), (None, ""), (None, ""), (None, "2"),
        ]  # fmt: skip
        assert found.retry == 500


@pytest.mark.parametrize(
    "text", [b"data: 1\n\ndata: 2", b"data: 1\n\ndata: 2\n", b"data: 1\n\n: x", b"data: 1\n\nid: "]
)
def test_what_no_empty_line_ends_is_told(text: bytes) -> None:
    found = reading("events")
    assert fed(found, text) == [1]
    assert "middle of an item" in str(found.problem)


@pytest.mark.parametrize("end", [b"\n\n", b"\n", b""])
def test_the_sentinel_ends_it_all(end: bytes) -> None:
    found = reading("events")
    assert fed(found, b"data: 1\n\ndata: [DONE]" + end) == [1]
    assert found.done
    assert found.problem is None


def test_nothing_follows_the_sentinel() -> None:
    found = reading("events")
    assert fed(found, b"data: [DONE]\n\ndata: 1\n\n", b"data: nonsense\n\n") == []
    assert found.problem is None


LINES: list[tuple[bytes, list[Any]]] = [
    (b'{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
    (b'{"a": 1}\r\n\r\n  \n[2]', [{"a": 1}, [2]]),
    (b"null\n1\n", [None, 1]),
    (b'"\xc3\xa9\xe2\x80\xa8"\n', ["é\u2028"]),
    (b"", []),
]


@pytest.mark.parametrize(("text", "items"), LINES)
def test_lines_are_read_wherever_they_are_cut(text: bytes, items: list[Any]) -> None:
    for parts in cuts(text):
        found = reading("lines")
        assert fed(found, *parts) == items, parts
        assert found.problem is None


SEQUENCES: list[tuple[bytes, list[Any]]] = [
    (b'\x1e{"a": 1}\n\x1e{\n"a":\n2}\n', [{"a": 1}, {"a": 2}]),
    (b'\x1e"a"\n\x1e\x1e12\n\x1e34\n', ["a", 12, 34]),
    (b'\x1e[{"a": []}\n,1]\n', [[{"a": []}, 1]]),
]


@pytest.mark.parametrize(("text", "items"), SEQUENCES)
def test_sequences_are_read_wherever_they_are_cut(text: bytes, items: list[Any]) -> None:
    for parts in cuts(text):
        found = reading("sequence")
        assert fed(found, *parts) == items, parts
        assert found.problem is None


def test_an_item_of_a_sequence_does_not_wait_for_the_next() -> None:
    found = reading("sequence")
    found.write(b'\x1e{"a": 1}\n')
    assert [item.wire for item in found.items] == [{"a": 1}]


@pytest.mark.parametrize(
    ("kind", "text"), [("lines", b'1\n{"a": '), ("sequence", b'\x1e1\n\x1e{"a": ')]
)
def test_a_last_item_that_is_cut_off_is_told(kind: str, text: bytes) -> None:
    found = reading(kind)
    assert fed(found, text) == [1]
    assert "middle of an item" in str(found.problem)


@pytest.mark.parametrize(
    ("kind", "text"), [("events", b"data: {\n\n"), ("lines", b"{\n"), ("sequence", b"\x1e{\x1e")]
)
def test_what_is_no_json_is_told_without_being_quoted(kind: str, text: bytes) -> None:
    found = reading(kind)
    found.write(text)
    assert str(found.problem) == "an item of it is not JSON"
    assert found.ready


@pytest.mark.parametrize("kind", MEDIA)
def test_an_item_is_held_to_a_limit_however_it_comes(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(streams, "ITEM_LIMIT", 100)
    before = {"events": b"data: ", "lines": b'"', "sequence": b'\x1e"'}[kind]
    for size in (1, 7, 90):
        found = reading(kind)
        found.write(before)
        fits = 100 - len(before)
        for _ in range(0, fits // size * size, size):
            found.write(b"x" * size)
        assert found.problem is None
        found.write(b"x" * 100)
        assert "larger than 100 bytes" in str(found.problem)


def test_lines_of_one_event_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "ITEM_LIMIT", 100)
    found = reading("events", "text")
    for _ in range(20):
        found.write(b"data: 123456789\n")
    assert "larger than 100 bytes" in str(found.problem)


@pytest.mark.parametrize(
    ("media", "spoken"),
    [
        ("text/event-stream; charset=utf-8", True),
        ("TEXT/EVENT-STREAM", True),
        ("", True),
        ("application/octet-stream", True),
        ("application/json", False),
        ("text/html", False),
        ("text/plain", False),
        ("application/x-ndjson", False),
    ],
)
def test_only_what_says_that_it_is_a_stream_is_read_as_one(media: str, spoken: bool) -> None:
    assert Streamed(AnyValue()).is_spoken(media) is spoken
