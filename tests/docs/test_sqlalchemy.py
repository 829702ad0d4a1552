"""The page about SQLAlchemy: its programs sell, hear of the payment and handle it, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from molam_overlays.store.migrate import migrate
from molam_sdk.sandbox import Sandbox
from molam_sdk.utils.webhook import generate_signature
from tests.postgresql import Server

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/frameworks/sqlalchemy.md"
SECRET = "whsec_sqlalchemy"
EVENT = (
    '{"id":"evt_1","type":"payment_intent.succeeded","created":1737028800,"livemode":false,'
    '"data":{"id":"%s","status":"succeeded","amount":2500,"currency":"USD"}}'
)
DRIVERS = {"sqlite": ("", "+aiosqlite"), "postgresql": ("+psycopg", "+psycopg")}


@pytest.fixture(params=DRIVERS)
def programs(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[dict[str, Any]]]:
    url = f"sqlite:///{tmp_path}/shop.db"
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        url = server.create()
    scripts = {
        path.relative_to(ROOT / "migrations").as_posix(): path.read_text("utf-8")
        for path in (ROOT / "migrations").rglob("*.sql")
    }
    migrate(url, scripts)
    with Sandbox(port=0, webhook_secret=SECRET) as sandbox:
        monkeypatch.setenv("MOLAM_API_KEY", "sk_test_sqlalchemy")
        monkeypatch.setenv("MOLAM_API_BASE", sandbox.url)
        monkeypatch.setenv("MOLAM_WEBHOOK_SECRET", SECRET)
        found = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
        made: list[dict[str, Any]] = []
        for program, driver in zip(found, DRIVERS[request.param], strict=True):
            monkeypatch.setenv("SHOP_DATABASE", url.replace(":", f"{driver}:", 1))
            names: dict[str, Any] = {"__name__": f"shop_{len(made)}"}
            exec(compile(program, str(PAGE), "exec", dont_inherit=True), names)
            made.append(names)
        made[0]["Base"].metadata.create_all(made[0]["engine"])
        yield made
        made[0]["client"].close()
        made[0]["engine"].dispose()


def test_the_shop_sells_and_hears_of_the_payment(programs: list[dict[str, Any]]) -> None:
    shop = programs[0]
    payment = shop["pay"](7)
    assert shop["pay"](7) == payment
    body = (EVENT % payment).encode()
    headers = {"Molam-Signature": generate_signature(body, SECRET)}
    assert shop["webhooks"](headers, body) == (200, "ok")
    assert shop["inbox"].process(shop["handle"])
    with shop["Session"](shop["engine"]) as session:
        (order,) = session.scalars(shop["select"](shop["Order"]))
        assert (order.number, order.payment, order.paid) == (7, payment, True)


async def test_the_async_shop_receives_and_handles(programs: list[dict[str, Any]]) -> None:
    orders, shop = programs
    payment = orders["pay"](8)
    await shop["receive"](shop["read_event"]((EVENT % payment).encode()))
    assert await shop["inbox"].process(shop["handle"])
    assert await shop["inbox"].counts() == {"processed": 1}
    await shop["engine"].dispose()
    with orders["Session"](orders["engine"]) as session:
        assert session.scalars(orders["select"](orders["Order"].paid)).all() == [True]
