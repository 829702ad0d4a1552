"""What is sensitive is shown neither on the page nor in the log, however it was sent."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from molam_overlays.sandbox import behaviour
from molam_overlays.sandbox.clock import Clock
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.document import Document
from molam_overlays.sandbox.state import State, StateError

from .conftest import Visitor

IBAN = "SN08SN0100152000048500003035"
SPACED = "SN08 SN01 0015 2000 0485 0000 3035"
PHONE = "+221770009988"
ACCOUNT = "00112233ACCT"
SECRETS = (IBAN, SPACED, quote(SPACED), PHONE, "770009988", ACCOUNT)
PAYOUTS = "/v1/treasury/payouts"
KEY = {"Authorization": "Bearer sk_test_1"}


class Site:
    def __init__(self, contract: Contract) -> None:
        self.core = Core(contract, State(), Clock(frozen=True))
        self.noted: list[dict[str, Any]] = []
        self.core.noted = self.noted.append
        self.client = Visitor(self.core)

    def shown(self) -> list[str]:
        """Return everything that people may look at."""
        seen: dict[str, str] = {}
        waiting = ["/"]
        while waiting:
            path = waiting.pop()
            if path not in seen and path.startswith(("/", "/_sandbox/page")) and "/try" not in path:
                seen[path] = self.client.get(path).text
                waiting += re.findall(r'<a href="([^"#?]+)"', seen[path])
        assert len(seen) > 8
        return [
            "\n".join(seen.values()),
            self.client.get("/_sandbox/requests").text,
            json.dumps(self.noted, default=str),
        ]


@pytest.fixture
def site(contract: Contract) -> Iterator[Site]:
    made = Site(contract)
    yield made
    made.core.state.close()


def payout(beneficiary: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "origin_module": "marketplace",
        "origin_entity_id": "o_1",
        "amount": 5,
        "currency": "XOF",
        "beneficiary": beneficiary,
        **fields,
    }


BENEFICIARIES = [
    {"type": "iban", "iban": IBAN, "account_holder": "Awa"},
    {"type": "iban", "iban": SPACED},
    {"type": "mobile_money", "phone": PHONE, "provider": "orange"},
    {"type": "bank_account", "account_number": ACCOUNT, "bank_code": "SN010"},
]


@pytest.mark.parametrize("beneficiary", BENEFICIARIES)
def test_a_payout_and_its_events_show_no_account(site: Site, beneficiary: dict[str, Any]) -> None:
    (value,) = (
        str(beneficiary[name])
        for name in ("iban", "phone", "account_number")
        if name in beneficiary
    )
    body = payout(beneficiary, metadata={"note": f"for {value}", "copy": json.dumps(beneficiary)})
    told = {**KEY, "Idempotency-Key": f"payout-{value}"}
    site.client.post(PAYOUTS, json=body, headers=told)
    site.client.post(
        "/_sandbox/events", json={"type": "payout.paid", "data": {"beneficiary": beneficiary}}
    )
    for text in site.shown():
        assert [secret for secret in SECRETS if secret in text] == []
    assert "payout.paid" in site.shown()[0]


def _malformed() -> dict[str, tuple[str, bytes]]:
    whole = json.dumps(payout(BENEFICIARIES[0]))
    return {
        "cut short": ("application/json", whole[:-3].encode()),
        "a comma too many": ("application/json", whole.replace("}", ",}").encode()),
        "Python's own": ("application/json", str(payout(BENEFICIARIES[2])).encode()),
        "a text": ("application/json", json.dumps(whole).encode()),
        "a list": ("application/json", json.dumps([payout(BENEFICIARIES[3])]).encode()),
        "not UTF-8": ("application/json", whole.encode() + b"\xff"),
        "another case": ("application/json", whole.replace('"iban":', '"IBAN":').encode()),
        "camel case": ("application/json", f'{{"accountNumber": "{ACCOUNT}"}}'.encode()),
        "deep": ("application/json", b'{"a":' * 300 + whole.encode() + b"}" * 300),
        "a form": (
            "application/x-www-form-urlencoded",
            f"beneficiary[iban]={quote(SPACED)}&phone={quote(PHONE)}".encode(),
        ),
        "a form of dots": (
            "application/x-www-form-urlencoded",
            f"b.account_number={ACCOUNT}".encode(),
        ),
        "multipart": (
            "multipart/form-data; boundary=x",
            f'--x\r\nContent-Disposition: form-data; name="iban"\r\n\r\n{IBAN}\r\n--x--'.encode(),
        ),
        "plain": ("text/plain", f"send it to {SPACED} or {PHONE}".encode()),
        "YAML": ("application/yaml", f"account_number: {ACCOUNT}\nphone: {PHONE}".encode()),
    }


@pytest.mark.parametrize("odd", _malformed())
@pytest.mark.parametrize("path", [PAYOUTS, "/v1/nowhere"])
def test_a_malformed_body_shows_no_account(site: Site, odd: str, path: str) -> None:
    media, content = _malformed()[odd]
    site.client.post(path, content=content, headers={**KEY, "Content-Type": media})
    for text in site.shown():
        assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("value", [IBAN, SPACED, PHONE])
def test_an_account_in_path_query_or_header_is_not_shown(site: Site, value: str) -> None:
    site.client.get(f"/v1/accounts/{quote(value)}", headers=KEY)
    for query in (
        f"iban={quote(value)}",
        f"beneficiary[iban]={quote(value)}",
        f"q={quote(value)}",
        quote(value),
    ):
        site.client.get(f"{PAYOUTS}?limit=10&{query}", headers=KEY)
    site.client.get(PAYOUTS, headers={**KEY, "Molam-Sandbox-Fault": f"iban={value}"})
    for text in site.shown():
        assert [secret for secret in SECRETS if secret in text] == []
    assert "limit=10" in site.shown()[0]


def test_what_is_no_secret_is_shown(site: Site) -> None:
    site.client.post(PAYOUTS, json=payout(BENEFICIARIES[0], metadata={"order": "17"}), headers=KEY)
    site.client.post(PAYOUTS, content=b'{"amount": 5, "currency": ', headers=KEY)
    malformed, made = site.client.get("/_sandbox/requests").json()["data"]
    assert malformed["body"] == '{"amount": ***, "currency": '
    assert made["body"]["metadata"] == {"order": "17"}
    assert made["body"]["beneficiary"]["account_holder"] == "Awa"


def test_a_failure_of_the_sandbox_is_logged_without_the_request(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(call: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(behaviour.BEHAVIOURS, "create_payout", broken)
    with caplog.at_level(logging.ERROR):
        answer = site.client.post(PAYOUTS, json=payout(BENEFICIARIES[0]), headers=KEY)
    assert answer.status_code == 500
    assert IBAN not in caplog.text
    assert "POST /v1/treasury/payouts" in caplog.text
    (record,) = caplog.records
    assert record.exc_info is not None
    traceback = record.exc_info[2]
    while traceback is not None:
        if traceback.tb_frame.f_globals["__name__"] != __name__:
            assert IBAN not in repr(traceback.tb_frame.f_locals)
        traceback = traceback.tb_next


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_the_state_file_and_those_beside_it_are_their_owners_alone(
    tmp_path: Path, contract: Contract
) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "state.db"
        state = State(path)
        Core(contract, state, Clock()).clock.now_ms()
        state.run("INSERT INTO scripts VALUES ('x', 1)")
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
        assert "state.db-wal" in modes
        assert set(modes.values()) == {0o600}
        state.close()
        path.chmod(0o644)
        State(path).close()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


@pytest.mark.parametrize("name", ["no/such/folder.db", ".", "nul\0l"])
def test_a_state_file_that_cannot_be_is_refused_in_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(StateError, match="Cannot use the state file"):
        State(tmp_path / name)


@pytest.mark.parametrize(
    ("schema", "masked"),
    [
        ({"type": "string", "x-molam-sensitive": True}, True),
        ({"$ref": "#/components/schemas/Secret"}, True),
        ({"$ref": "#/components/schemas/Alias"}, True),
        ({"$ref": "#/components/schemas/Marked"}, True),
        ({"$ref": "#/components/schemas/AliasOfMarked"}, True),
        ({"allOf": [{"$ref": "#/components/schemas/Alias"}]}, True),
        ({"oneOf": [{"$ref": "#/components/schemas/Alias"}, {"type": "null"}]}, True),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Alias"}}, True),
        ({"additionalProperties": {"$ref": "#/components/schemas/Alias"}}, True),
        ({"$ref": "#/components/schemas/Plain"}, False),
        ({"$ref": "#/components/schemas/Loop"}, False),
        ({"type": "string"}, False),
    ],
)
def test_a_property_is_sensitive_by_whatever_name_it_goes(schema: Any, masked: bool) -> None:
    secret = {"$ref": "#/components/schemas/Secret"}
    plain = {"$ref": "#/components/schemas/Plain"}
    document = Document({"openapi": "3.1.0", "paths": {}, "components": {"schemas": {
        "Secret": {"type": "string", "x-molam-sensitive": True},
        "Alias": secret,
        "Plain": {"type": "string"},
        "Marked": {**plain, "x-molam-sensitive": True},
        "AliasOfMarked": {"$ref": "#/components/schemas/Marked"},
        "Loop": {"type": "array", "items": {"$ref": "#/components/schemas/Loop"}},
        "Holder": {"type": "object", "properties": {"it": schema}}}}})  # fmt: skip
    assert ("it" in document.sensitive) is masked
