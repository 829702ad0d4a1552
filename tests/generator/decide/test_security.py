"""No credential goes where the document wants none; what is secured keeps its key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

Build = Callable[..., Any]

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://t.example",
                                                                 "scopes": {}}}},
    "digest": {"type": "http", "scheme": "digest"},
}  # fmt: skip
ELSEWHERE = "https://other.example"


def document(top: Any, **securities: Any) -> dict[str, Any]:
    """Return a document with an operation for each requirement; None leaves it out."""
    paths: dict[str, Any] = {}
    for name, security in securities.items():
        operation: dict[str, Any] = {
            "operationId": name,
            "responses": {"204": {"description": "d"}},
        }
        if security is not None:
            operation["security"] = security
        if name.startswith("elsewhere"):
            operation["servers"] = [{"url": ELSEWHERE}]
        paths[f"/{name}"] = {"get": operation}
    made: dict[str, Any] = {"paths": paths, "components": {"securitySchemes": SCHEMES}}
    return made if top is None else {**made, "security": top}


def sent(built: Any, recorder: Any, name: str, **config: Any) -> str:
    """Return all that left with a call, as one text."""
    adapter = recorder(status=204, body="")
    client = built.module("client").ShopClient(built.module("config").Config(**config), adapter)
    getattr(client, name)()
    return f"{adapter.last.url} {dict(adapter.last.headers)}"


PUBLIC = [[], [{}], [{}, {}], [{}, {"digest": []}]]


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name != "digest"])
@pytest.mark.parametrize("public", PUBLIC)
def test_an_operation_that_opts_out_of_security_sends_no_credential(
    build: Build, recorder: Any, async_recorder: Any, scheme: str, public: Any
) -> None:
    built = build(document([{scheme: []}], public=public, elsewhere=public, private=None,
                           other=[{"header": []}]))  # fmt: skip
    secret = "user_pass"
    encoded = "dXNlcl9wYXNz"
    for name in ("public", "elsewhere"):
        told = sent(built, recorder, name, api_key=secret, further_keys={"header": "second_key"})
        assert secret not in told
        assert encoded not in told
        assert "second_key" not in told
        assert "Cookie" not in told
        assert "Authorization" not in told
    for name in ("private", "other"):
        told = sent(built, recorder, name, api_key=secret)
        assert secret in told or encoded in told
    adapter = async_recorder(status=204, body="")
    config = built.module("config").Config(api_key=secret)
    client = built.module("async_client").ShopAsyncClient(config, adapter)
    asyncio.run(client.elsewhere())
    assert adapter.last.url == f"{ELSEWHERE}/elsewhere"
    assert secret not in f"{adapter.last.headers}"


@pytest.mark.parametrize("top", [None, [], [{}]])
def test_a_document_without_security_needs_no_key_and_sends_none(
    build: Build, recorder: Any, top: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build(document(top, first=None, elsewhere=None))
    for name in ("first", "elsewhere"):
        monkeypatch.delenv("SHOP_API_KEY", raising=False)
        assert "Authorization" not in sent(built, recorder, name)
        assert "one_key" not in sent(built, recorder, name, api_key="one_key")
        monkeypatch.setenv("SHOP_API_KEY", "sk_live_from_outside")
        assert "from_outside" not in sent(built, recorder, name)


def test_a_key_that_is_optional_everywhere_is_sent_when_there_is_one(
    build: Build, recorder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_API_KEY", raising=False)
    built = build(document([{}, {"header": []}], first=None))
    assert "X-Key" not in sent(built, recorder, "first")
    assert "'X-Key': 'k'" in sent(built, recorder, "first", api_key="k")


def test_a_key_that_some_operation_needs_is_asked_for(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_API_KEY", raising=False)
    built = build(document([{}, {"header": []}], first=None, second=[{"header": []}]))
    with pytest.raises(ValueError, match="SHOP_API_KEY is required"):
        built.module("config").Config()
