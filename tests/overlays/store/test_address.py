"""Database URLs, and what of them may be shown."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from molam_overlays.errors import ConfigurationError, MolamError, StoreError
from molam_overlays.store.address import Address
from molam_overlays.store.idempotency import AsyncIdempotencyStore, IdempotencyStore
from molam_overlays.store.inbox import Inbox
from molam_overlays.store.migrate import migrate

_spec = importlib.util.spec_from_file_location(
    "revealing", Path(__file__).parents[1] / "revealing.py"
)
assert _spec is not None
assert _spec.loader is not None
revealing = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = revealing
_spec.loader.exec_module(revealing)

SPECIAL = [
    *"/#?@[]:%&= \\'\"<>^`{|}~!$()*+,;",
    "\t",
    "\n",
    "é",
    "密",
    "\u00a0",
    "//",
    "@@",
    "%41",
    "%zz",
]
FORMS = (
    "postgresql://shop:{}@127.0.0.1:1/shop",
    "postgresql://shop:{}@[::1]:1/shop",
    "postgresql://shop:{}@127.0.0.1:1,127.0.0.1:2/shop",
    "postgresql://:{}@127.0.0.1:1/shop",
    "postgresql://127.0.0.1:1/shop?user=shop&password={}",
    "postgresql://127.0.0.1:1/shop?sslpassword={}&sslmode=disable",
    "postgresql://127.0.0.1:1/shop?pass%77ord={}",
    "postgresql://[shop:{}@127.0.0.1:1/shop",
    "postgresql:shop:{}@127.0.0.1:1/shop",
    "postgres:/shop:{}@127.0.0.1:1/shop",
    "POSTGRESQL://shop:{}@127.0.0.1:1/shop",
    "postgresql+psycopg://shop:{}@127.0.0.1:1/shop",
    "shop:{}@127.0.0.1:1/shop",
    "host=127.0.0.1 port=1 user=shop password={}",
    "password='{}' host=127.0.0.1 port=1",
    "password={}:// host=127.0.0.1",
)


async def _asynchronously(url: str) -> None:
    await AsyncIdempotencyStore(url).claim("k", "r")


USES: dict[str, Any] = {
    "a store": lambda url: IdempotencyStore(url).claim("k", "r"),
    "an async store": lambda url: asyncio.run(_asynchronously(url)),
    "an inbox": lambda url: Inbox(url).counts(),
    "migrate": lambda url: migrate(url, {}),
}


def _shown_by(use: str, form: str, special: str) -> list[str]:
    found: list[str] = []
    for password in (f"pa{special}SECRETPW", f"SECRETPW{special}9", f"1{special}SECRETPW"):
        with pytest.raises(MolamError) as caught:
            USES[use](form.format(password))
        found += revealing.revealed(caught.value, "SECRETPW", test=__name__)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_no_text_and_no_frame_shows_a_piece_of_a_password(form: str) -> None:
    shown = {special: _shown_by("a store", form, special) for special in SPECIAL}
    assert not any(shown.values()), shown


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("special", ["/", "@", "[", "%zz", "é"])
def test_whoever_is_given_an_address_shows_no_password(use: str, special: str) -> None:
    assert _shown_by(use, FORMS[0], special) == []


@pytest.mark.parametrize("password", ["SECRETPW", "pa[SECRETPW", "pa%SECRETPW", "SECRETPW#"])
def test_a_password_without_a_host_is_taken_for_a_port_and_refused(password: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        IdempotencyStore(f"postgresql://shop:{password}")
    assert revealing.revealed(caught.value, "SECRETPW", test=__name__) == []


@pytest.mark.parametrize("form", FORMS)
def test_an_address_that_can_be_read_is_shown_without_its_password(form: str) -> None:
    for special in SPECIAL:
        try:
            address = Address.parse(form.format(f"pa{special}SECRETPW"))
        except ConfigurationError:
            continue
        assert "SECRETPW" not in repr(address)
        assert "SECRETPW" not in repr(IdempotencyStore(address.location))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://shop:pw@db:5432/orders", "postgresql://shop@db:5432/orders"),
        ("postgresql://shop:p%40%2Fw@db/orders", "postgresql://shop@db/orders"),
        ("postgresql://shop:a:b@db/orders", "postgresql://shop@db/orders"),
        ("postgres://db/orders", "postgres://db/orders"),
        ("postgresql:///orders?host=/var/run&password=x", "postgresql:///orders?host=/var/run"),
        ("postgresql://%2Fvar%2Frun/orders", "postgresql://%2Fvar%2Frun/orders"),
        (
            "postgresql://u@[::1]:5,h_2:6/o?sslmode=require",
            "postgresql://u@[::1]:5,h_2:6/o?sslmode=require",
        ),
        ("postgresql://", "postgresql://"),
        ("sqlite:////tmp/a.db", "sqlite:////tmp/a.db"),
    ],
)
def test_what_is_no_secret_is_shown(url: str, shown: str) -> None:
    assert Address.parse(url).shown == shown


@pytest.mark.parametrize("special", list("/#?@[] "))
def test_an_unescaped_character_is_named_with_its_escape(special: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Address.parse(f"postgresql://shop:pa{special}word@db/orders")
    assert f"{special} is %{ord(special):02X}" in str(caught.value) or "a space is %20" in str(
        caught.value
    )


def test_an_error_of_the_server_is_chained_without_the_row_it_quotes(postgresql: Any) -> None:
    url = postgresql.create()
    scripts = {
        path.name: path.read_text(encoding="utf-8")
        for path in (Path(__file__).parents[3] / "migrations").glob("*.sql")
    }
    migrate(url, scripts)
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "ALTER TABLE call_journal ADD CONSTRAINT never CHECK (method = 'NONE') NOT VALID"
        )
    from molam_overlays.store.journal import Entry

    with IdempotencyStore(url) as store, pytest.raises(StoreError) as caught:
        store.journal().write_ahead(
            Entry(key="k", method="POST", path="/x", body=b'{"iban": "SNIBANIBAN"}')
        )
    assert revealing.revealed(caught.value, "IBANIBAN", "536e494", test=__name__) == []
    assert isinstance(caught.value.__cause__, psycopg.errors.CheckViolation)
