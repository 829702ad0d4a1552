"""Signatures: what verifies, what is refused and with which words, and that nothing else escapes."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molam_overlays.errors import ConfigurationError, SignatureError
from molam_overlays.webhook import signature as webhooks
from molam_overlays.webhook.signature import (
    generate_signature,
    parse_signature_header,
    verify_signature,
)

NOW = 1705420800000
BODY = b'{"id":"evt_1","type":"payment_intent.succeeded"}'
SECRET = "whsec_first"
OTHER = "whsec_second"


def signature(body: bytes = BODY, secret: str = SECRET, t: int | str = NOW) -> str:
    """The signature by the book, apart from the code under test."""
    signed = str(t).encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def header(body: bytes = BODY, secret: str = SECRET, t: int | str = NOW, kid: str = "1") -> str:
    return f"t={t},v1={signature(body, secret, t)},kid={kid}"


def verify(given: Any = None, body: Any = BODY, source: Any = SECRET, **options: Any) -> bool:
    options.setdefault("now_ms", NOW)
    return verify_signature(header() if given is None else given, body, source, **options)


# --- the header -----------------------------------------------------------------------------


def test_parse_returns_t_v1_and_kid_as_text() -> None:
    assert parse_signature_header("t=1705420800000,v1=ab12,kid=7") == {
        "t": "1705420800000",
        "v1": "ab12",
        "kid": "7",
    }


@pytest.mark.parametrize(
    "text",
    [
        "kid=7,v1=ab,t=1",
        "t=1, v1=ab, kid=7",
        "t=1,v1=ab,v1=cd,kid=7",
        "t=1,v0=zz,v1=ab,v2=y=z,kid=7",
    ],
)
def test_parse_takes_any_order_spaces_rotation_and_unknown_fields(text: str) -> None:
    assert parse_signature_header(text) == {"t": "1", "v1": "ab", "kid": "7"}


@pytest.mark.parametrize("text", [None, "", "  "])
def test_no_header_is_a_missing_signature_header(text: Any) -> None:
    for call in (parse_signature_header, verify_as_given):
        with pytest.raises(SignatureError, match=r"^Missing signature header"):
            call(text)


def verify_as_given(text: Any) -> bool:
    return verify_signature(text, BODY, SECRET, now_ms=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        ",",
        "," * 4096,
        "," * (1 << 20),
        "t=1,v1=ab,kid=7,",
        "t=1,v1=äb,kid=7",
        "t=1,v1=ab,kid=\ud800",
        "t=1,t=1,v1=ab,kid=7",
        "t=1,v1=ab,kid=7,kid=7",
        b"t=1,v1=ab,kid=7",
        17,
        ["t=1"],
        {"t": "1"},
    ],
    ids=lambda text: repr(text)[:40],
)
def test_a_malformed_header_is_an_invalid_signature_header_format(text: Any) -> None:
    for call in (parse_signature_header, verify_as_given):
        with pytest.raises(SignatureError, match=r"^Invalid signature header format") as caught:
            call(text)
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("t=1,v1=ab", "kid"),
        ("v1=ab,kid=7", "t"),
        ("t=1,kid=7", "v1"),
        ("a=b", "t, v1, kid"),
        ("t=1,v1=,kid=7", "v1"),
        ("T=1,V1=ab,KID=7", "t, v1, kid"),
    ],
)
def test_a_header_without_all_three_names_the_missing_required_fields(
    text: str, missing: str
) -> None:
    for call in (parse_signature_header, verify_as_given):
        with pytest.raises(SignatureError, match=rf"^Missing required fields: {missing}\."):
            call(text)


def test_a_header_of_4_kib_is_read_and_one_more_is_not() -> None:
    padding = "x=" + "y" * (4096 - len(header()) - 3)
    assert verify(f"{header()},{padding}")
    with pytest.raises(SignatureError, match=r"^Invalid signature header format: it is over 4096"):
        verify(f"{header()},{padding}y")


# --- time -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "t", ["abc", "-1", "1.5", "1e3", "+1", "0x1", "1_0", "9" * 17, "9" * 4000, " 1 2"]
)
def test_t_that_is_not_milliseconds_is_an_invalid_timestamp(t: str) -> None:
    with pytest.raises(SignatureError, match=r"^Invalid timestamp"):
        verify(f"t={t},v1=ab,kid=1")


@pytest.mark.parametrize("drift", [-300_000, -1, 0, 1, 300_000])
def test_a_timestamp_within_the_tolerance_verifies_on_both_sides(drift: int) -> None:
    assert verify(now_ms=NOW + drift) is True


@pytest.mark.parametrize("drift", [-300_001, 300_001, 10**12, -(10**12)])
def test_verify_rejects_a_signature_outside_the_tolerance_on_both_sides(drift: int) -> None:
    with pytest.raises(SignatureError, match=r"^Timestamp outside tolerance"):
        verify(now_ms=NOW + drift)


def test_seconds_in_place_of_milliseconds_are_outside_the_tolerance() -> None:
    with pytest.raises(SignatureError, match=r"^Timestamp outside tolerance"):
        verify(header(t=NOW // 1000))


def test_the_tolerance_can_be_set() -> None:
    assert verify(tolerance_ms=1, now_ms=NOW + 1)
    with pytest.raises(SignatureError, match=r"^Timestamp outside tolerance"):
        verify(tolerance_ms=1, now_ms=NOW + 2)
    assert verify(tolerance_ms=86_400_000, now_ms=NOW - 86_400_000)


@pytest.mark.parametrize(
    "tolerance", [0, -1, 86_400_001, 1.0, float("inf"), None, True, "300000", 10**30]
)
def test_no_tolerance_turns_the_check_off(tolerance: Any) -> None:
    with pytest.raises(ValueError, match="tolerance_ms must be an int from 1 to 86,400,000"):
        verify(tolerance_ms=tolerance)


def test_the_system_clock_is_the_default() -> None:
    fresh = generate_signature(BODY, SECRET)
    assert verify_signature(fresh, BODY, SECRET)
    old = generate_signature(BODY, SECRET, timestamp_ms=time.time_ns() // 1_000_000 - 400_000)
    with pytest.raises(SignatureError, match=r"^Timestamp outside tolerance"):
        verify_signature(old, BODY, SECRET)


# --- secrets --------------------------------------------------------------------------------


class Vault(Mapping[str, Any]):
    def __getitem__(self, kid: str) -> Any:
        return {"1": SECRET}[kid]

    def __iter__(self) -> Iterator[str]:
        return iter(["1"])

    def __len__(self) -> int:
        return 1


def secrets_generated(kid: str) -> Iterator[str]:
    yield OTHER
    yield SECRET


@pytest.mark.parametrize(
    "source",
    [
        SECRET,
        SECRET.encode(),
        [OTHER, SECRET],
        (SECRET, OTHER),
        {OTHER, SECRET},
        [None, "", SECRET],
        {"1": SECRET, "2": OTHER},
        {"1": [OTHER, SECRET]},
        Vault(),
        lambda kid: SECRET if kid == "1" else None,
        lambda kid: {"1": SECRET}[kid],
        defaultdict(lambda: OTHER, {"1": SECRET}),
        lambda kid: [OTHER, SECRET],
        secrets_generated,
    ],
)
def test_secrets_may_come_from_a_function_a_mapping_or_as_they_are(source: Any) -> None:
    assert verify(source=source) is True


@pytest.mark.parametrize(
    "source",
    [
        None,
        "",
        b"",
        [],
        [None, ""],
        {},
        {"2": SECRET},
        {"1": None},
        {"1": []},
        lambda kid: None,
        lambda kid: "",
        lambda kid: [],
        lambda kid: {"2": SECRET}[kid],
        iter(()),
    ],
)
def test_no_secret_is_secret_not_found(source: Any) -> None:
    with pytest.raises(SignatureError, match=r"^Secret not found: .*'1'"):
        verify(source=source)


def test_vault_without_the_key_id_is_secret_not_found() -> None:
    with pytest.raises(SignatureError, match=r"^Secret not found"):
        verify(header(kid="9"), source=Vault())


def test_the_function_gets_the_key_id_of_the_header() -> None:
    asked: list[str] = []

    def find(kid: str) -> str:
        asked.append(kid)
        return SECRET

    assert verify(header(kid="2026-a"), source=find)
    assert asked == ["2026-a"]


def test_trouble_within_the_function_is_not_called_a_forgery() -> None:
    def broken(kid: str) -> str:
        raise RuntimeError("the vault is down")

    with pytest.raises(RuntimeError, match="the vault is down"):
        verify(source=broken)


@pytest.mark.parametrize(
    "source",
    [17, [17], [["x"]], lambda kid: {"1": SECRET}, {"1": bytearray(b"x")}, "\ud800"],
)
def test_what_is_no_secret_is_a_configuration_error_that_shows_none(source: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        verify(source=source)
    assert SECRET not in str(caught.value)


def test_a_coroutine_function_for_secrets_is_refused_with_the_way_out() -> None:
    async def find(kid: str) -> str:
        return SECRET

    with pytest.raises(ConfigurationError, match="not a coroutine function"):
        verify(source=find)


@pytest.mark.parametrize("source", [SECRET, None, {"9": SECRET}])
def test_the_same_hashing_is_done_with_and_without_a_secret(
    source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[int] = []
    compared: list[tuple[str, str]] = []

    def digest(key: bytes, message: bytes, algorithm: str) -> bytes:
        hashed.append(len(message))
        return hmac.digest(key, message, algorithm)

    def compare(left: str, right: str) -> bool:
        compared.append((left, right))
        return hmac.compare_digest(left, right)

    monkeypatch.setattr(webhooks, "digest", digest)
    monkeypatch.setattr(webhooks, "compare_digest", compare)
    wrong = f"t={NOW},v1={'0' * 64},v1={'1' * 64},kid=1"
    with pytest.raises(SignatureError):
        verify(wrong, source=source)
    assert hashed == [len(BODY) + 14]
    assert len(compared) == 2


def test_every_v1_is_compared_with_every_secret_even_after_a_match(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[bool] = []

    def compare(left: str, right: str) -> bool:
        compared.append(hmac.compare_digest(left, right))
        return compared[-1]

    monkeypatch.setattr(webhooks, "compare_digest", compare)
    text = f"t={NOW},v1={signature()},v1={'0' * 64},v1={'f' * 64},kid=1"
    assert verify(text, source=[SECRET, OTHER]) is True
    assert compared == [True, False, False, False, False, False]


# --- the signature --------------------------------------------------------------------------


def test_the_example_of_the_documentation_verifies() -> None:
    # Computed apart: printf '1705420800000.{}' | openssl dgst -sha256 -hmac whsec_test
    v1 = "a220d94003ef0c7a4b60453195a67e0fb0b981416738236d16c26753b8e7a107"
    assert generate_signature(b"{}", "whsec_test", NOW) == f"t={NOW},v1={v1},kid=1"
    assert verify(f"t={NOW},v1={v1},kid=1", b"{}", "whsec_test")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_any_of_several_v1_will_do(place: int) -> None:
    values = ["0" * 64, "1" * 64]
    values.insert(place, signature())
    assert verify(f"t={NOW}," + ",".join(f"v1={value}" for value in values) + ",kid=1")


@pytest.mark.parametrize(
    "v1",
    [
        "0" * 64,
        "x",
        signature().upper(),
        signature()[:-1],
        signature() + "0",
        signature(secret=OTHER),
        "é"[:0] + "zz",
    ],
)
def test_another_signature_is_a_mismatch(v1: str) -> None:
    with pytest.raises(SignatureError, match=r"^Signature mismatch"):
        verify(f"t={NOW},v1={v1},kid=1")


def test_a_changed_body_or_time_is_a_mismatch() -> None:
    with pytest.raises(SignatureError, match=r"^Signature mismatch"):
        verify(body=BODY + b" ")
    with pytest.raises(SignatureError, match=r"^Signature mismatch"):
        verify(header().replace(str(NOW), str(NOW + 1)))
    with pytest.raises(SignatureError, match=r"^Signature mismatch"):
        verify(header().replace(str(NOW), f"0{NOW}"))


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"\x80" * 4096, "é".encode("latin-1")])
def test_a_body_that_is_not_utf8_verifies_like_any_other(body: bytes) -> None:
    assert verify(header(body), body) is True
    assert verify(header(body), bytearray(body)) is True
    assert verify(header(body), memoryview(body)) is True


@pytest.mark.parametrize("body", ["{}", None, 17, {"id": 1}, [1], BODY.decode()])
def test_a_body_that_is_not_bytes_is_refused_with_the_way_out(body: Any) -> None:
    with pytest.raises(
        SignatureError, match=r"^Signature mismatch: the raw body must be the bytes"
    ):
        verify(body=body)


def test_errors_hold_neither_secret_nor_body_nor_signature() -> None:
    body = b"account 4000-1234"
    for source in (SECRET, [SECRET, OTHER], {"1": SECRET}):
        with pytest.raises(SignatureError) as caught:
            verify(f"t={NOW},v1={signature(body, OTHER)[:-1]}0,kid=1", body, source)
        text = repr(caught.value)
        assert "whsec" not in text
        assert "4000" not in text
        assert signature(body, SECRET) not in text


# --- making one -----------------------------------------------------------------------------


@given(
    st.binary(max_size=300),
    st.text(min_size=1).filter(lambda s: s.isprintable()),
    st.integers(0, 10**15),
)
def test_what_is_generated_verifies(body: bytes, secret: str, t: int) -> None:
    made = generate_signature(body, secret, t, "k1")
    assert verify_signature(made, body, secret, 1, now_ms=t)
    assert parse_signature_header(made)["t"] == str(t)


def test_generate_takes_text_as_utf8() -> None:
    assert generate_signature("é", SECRET, NOW) == generate_signature("é".encode(), SECRET, NOW)


def test_generate_with_several_secrets_gives_one_v1_each() -> None:
    made = generate_signature(BODY, [OTHER, SECRET], NOW, kid="2")
    assert made.count("v1=") == 2
    assert verify(made, source=SECRET)
    assert verify(made, source=OTHER)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kid": "a,b"},
        {"kid": ""},
        {"kid": " 1"},
        {"kid": "é"},
        {"kid": "1\n"},
        {"timestamp_ms": -1},
        {"secret": ""},
        {"secret": []},
    ],
)
def test_generate_refuses_what_could_never_verify(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"kid must|timestamp_ms must|needs a secret"):
        generate_signature(**{"payload": BODY, "secret": SECRET, **arguments})


def test_generate_refuses_a_payload_that_is_neither_bytes_nor_text() -> None:
    with pytest.raises(TypeError, match="bytes or text"):
        generate_signature({"id": 1}, SECRET)  # type: ignore[arg-type]


# --- whatever comes in ----------------------------------------------------------------------

ANY_HEADER = st.one_of(
    st.text(),
    st.text("tvkid1=, 0123456789abcdef"),
    st.lists(
        st.sampled_from(["t", "v1", "kid", "v0", ""]).flatmap(
            lambda n: st.text().map(lambda v: f"{n}={v}")
        )
    ).map(",".join),
)


@given(ANY_HEADER, st.binary())
def test_whatever_comes_in_only_a_signature_error_goes_out(text: str, body: bytes) -> None:
    with pytest.raises(SignatureError):
        verify_signature(text, body, SECRET, now_ms=NOW)


@given(st.integers(0, len(BODY) * 8 - 1))
def test_no_flipped_bit_of_the_body_is_accepted(bit: int) -> None:
    body = bytearray(BODY)
    body[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SignatureError, match=r"^Signature mismatch"):
        verify(body=body)


def test_public_places_are_named() -> None:
    for public in (parse_signature_header, verify_signature, generate_signature):
        assert public.__module__ == "molam_sdk.utils.webhook"


def test_the_fuzzer_finds_neither_forgery_nor_another_exception() -> None:
    # `scripts/fuzz-webhooks` alone runs a million rounds under a seed of its own.
    script = Path(__file__).resolve().parents[3] / "scripts" / "fuzz-webhooks"
    done = subprocess.run(
        [sys.executable, script, "--rounds", "20000", "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    for outcome in ("genuine", "Signature mismatch", "Secret not found", "Invalid timestamp"):
        assert outcome in done.stdout
