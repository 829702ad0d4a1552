"""Where calls go by what a document says of servers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.emit import emit
from generator.read.load import load_document

Build = Callable[..., Any]


def operation(**given: Any) -> dict[str, Any]:
    return {"responses": {"204": {"description": "Done."}}, **given}


ONE = {"/x": {"get": operation(operationId="getX")}}


def document(*servers: str, **more: Any) -> dict[str, Any]:
    return {"paths": ONE, "servers": [{"url": url} for url in servers], **more}


@pytest.mark.parametrize("servers", [(), ("/",), ("/api/v1",), ("api.shop.example/v1",)])
def test_without_a_server_with_a_host_the_address_is_asked_for_and_no_other_is_named(
    build: Build, servers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_API_BASE", raising=False)
    config = build(document(*servers)).module("config")
    with pytest.raises(ValueError, match="api_base is missing") as raised:
        config.Config()
    assert "molam.com" not in str(raised.value)
    assert "://" not in str(raised.value)


@pytest.mark.parametrize(
    ("server", "given", "base"),
    [
        ("/api/v1", "https://shop.example", "https://shop.example/api/v1"),
        ("/api/v1/", "https://shop.example/", "https://shop.example/api/v1"),
        ("./v2", "http://127.0.0.1:8080", "http://127.0.0.1:8080/v2"),
        ("v2", "https://shop.example", "https://shop.example/v2"),
        # Who gives a path of his own gives all of it.
        ("/api/v1", "https://shop.example/test", "https://shop.example/test"),
        ("/", "https://shop.example", "https://shop.example"),
        ("//shop.example/v1", None, "https://shop.example/v1"),
        ("api.shop.example/v1", "https://shop.example", "https://shop.example"),
    ],
)
def test_the_path_of_a_relative_server_is_kept_on_whatever_host(
    build: Build, recorder: Any, server: str, given: str | None, base: str
) -> None:
    built = build(document(server))
    adapter = recorder(status=204, body="")
    config = built.module("config").Config(api_base=given)
    built.module("client").ShopClient(config, adapter).get_x()
    assert adapter.last.url == f"{base}/x"


def test_a_relative_server_of_an_operation_is_on_the_host_of_the_document(
    build: Build, recorder: Any
) -> None:
    given = document("https://shop.example/v1")
    given["paths"] = {
        "/x": {"get": operation(operationId="getX", servers=[{"url": "/files"}])},
        "/y": {"get": operation(operationId="getY")},
    }
    built = build(given)
    adapter = recorder(status=204, body="")
    client = built.module("client").ShopClient(built.module("config").Config(), adapter)
    client.get_x()
    assert adapter.last.url == "https://shop.example/files/x"
    client.get_y()
    assert adapter.last.url == "https://shop.example/v1/y"


def test_a_relative_server_of_an_operation_on_no_host_is_told(tmp_path: Path) -> None:
    given = document("/v1")
    given["paths"] = {"/x": {"get": operation(operationId="getX", servers=[{"url": "/files"}])}}
    source = tmp_path / "shop.yaml"
    head = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}}
    source.write_text(yaml.safe_dump({**head, **given}, sort_keys=False), encoding="utf-8")
    loaded = load_document(source, name="shop.yaml")
    emit(loaded, "shop")
    (said,) = loaded.findings.warnings
    assert said.rule.name == "relative-server"
    assert str(said.position).startswith("shop.yaml:")
