"""What lies on disk of a call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from molam_overlays.errors import StoreError
from molam_overlays.store.content import (
    Entry,
    Stored,
    UnreadableError,
    lay_down,
    pick_up,
    words_at_rest,
    words_read,
)

ENTRY = Entry(
    key="order-1",
    method="POST",
    path="/v1/treasury/payouts?note=canary-query",
    headers={"Content-Type": "application/json", "X-Shop": "canary-parameter"},
    extra_headers={"X-Gateway-Token": "canary-token"},
    body=b'{"iban":"canary-iban"}',
    identified=True,
)
FOUND = Entry(key="order-1", method="POST", path="/v1/treasury/payouts")


def flip(data: bytes) -> bytes:
    return bytes(byte ^ 0x55 for byte in data)


def test_encrypted_nothing_of_a_caller_is_in_clear_and_all_comes_back() -> None:
    stored = lay_down(ENTRY, flip)
    assert "canary" not in repr(tuple(stored))
    assert pick_up(stored, FOUND, flip) == ENTRY


def test_in_clear_no_value_of_an_added_header_field_is_kept() -> None:
    stored = lay_down(ENTRY, None)
    assert "canary-token" not in repr(tuple(stored))
    again = pick_up(stored, FOUND, None)
    assert again == attrs.evolve(ENTRY, extra_headers={}, missing=("X-Gateway-Token",))


@pytest.mark.parametrize("encrypt", [None, flip])
def test_credentials_of_the_client_are_not_kept_at_all(
    encrypt: Callable[[bytes], bytes] | None,
) -> None:
    secrets = {"Authorization": "s1", "proxy-authorization": "s2", "COOKIE": "s3"}
    stored = lay_down(attrs.evolve(ENTRY, headers=secrets), encrypt)
    assert pick_up(stored, FOUND, encrypt).headers == {}


@pytest.mark.parametrize("body", [None, b"", b"\n", b"{}", b"\x00\xff\n\n"])
@pytest.mark.parametrize("encrypt", [None, flip])
def test_any_body_comes_back(body: bytes | None, encrypt: Any) -> None:
    entry = attrs.evolve(ENTRY, body=body, extra_headers={})
    assert pick_up(lay_down(entry, encrypt), FOUND, encrypt) == entry


def raises(_: bytes) -> bytes:
    raise LookupError("canary")


@pytest.mark.parametrize("encrypt", [lambda _: "canary", lambda _: None, lambda _: 7, raises])
def test_an_encrypt_callable_that_gives_no_bytes_is_an_error_of_ours(encrypt: Any) -> None:
    for write in (
        lambda: lay_down(ENTRY, encrypt),
        lambda: words_at_rest("canary words", encrypt, None),
    ):
        with pytest.raises(StoreError, match="encrypt callable") as caught:
            write()
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("decrypt", "why"),
    [
        (None, "give the journal its decrypt"),
        (raises, "LookupError"),
        (lambda data: flip(data).decode("latin-1"), "gave str"),
        (lambda _: None, "gave NoneType"),
        (lambda data: data, "wrong decrypt"),
        (lambda _: b"", "wrong decrypt"),
        (lambda data: flip(data)[:-1] + b"!", "damaged"),
    ],
)
def test_a_decrypt_callable_that_does_not_fit_shows_nothing(decrypt: Any, why: str) -> None:
    with pytest.raises(UnreadableError, match=why) as caught:
        pick_up(lay_down(ENTRY, flip), FOUND, decrypt)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "change",
    [
        {"headers": '{"a"'},
        {"headers": "[]"},
        {"headers": "null"},
        {"headers": '{"a": 1}'},
        {"headers": '{"a": ["b"]}'},
        {"headers": ""},
        {"headers": "[" * 100_000},
        {"body": b'{"iban":"canary-iban" }'},
        {"body": None},
        {"fingerprint": ""},
    ],
)
def test_damage_is_seen(change: dict[str, Any]) -> None:
    stored: Stored = lay_down(ENTRY, None)._replace(**change)
    with pytest.raises(UnreadableError, match="damaged") as caught:
        pick_up(stored, FOUND, None)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("text", ["200", "not_sent", "maybe_processed", "NotFoundError"])
def test_words_of_ours_stay_in_clear(text: str) -> None:
    assert words_at_rest(text, flip, flip) == text
    assert words_read(text, flip) == text


@pytest.mark.parametrize("text", ["IBAN DE89", "2000", "", "\ud800\0x" + "y" * 500])
def test_other_words_are_encrypted_where_bodies_are(text: str) -> None:
    kept = words_at_rest(text, flip, flip)
    assert kept.startswith("sealed:")
    read = words_read(kept, flip)
    assert read is not None
    assert read.endswith(text[10:200])
    assert words_read(kept, None) is None
    assert words_read(kept, raises) is None
    assert "DE89" not in words_at_rest(text, None, flip)


def test_what_is_written_can_be_stored_by_every_database() -> None:
    kept = words_at_rest("\ud800\0", None, None)
    assert kept.encode("utf-8").isascii()
    assert "\0" not in kept
    assert json.loads(lay_down(attrs.evolve(ENTRY, headers={"X": "\ud800"}), None).headers)
