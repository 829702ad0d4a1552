"""What a package is called: as the settings beside its document say, or after its title."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.compare.diff import compare
from generator.emit import emit
from generator.read.document import DocumentError
from generator.read.load import load_document

Build = Callable[..., Any]
ORDER = {"type": "object", "properties": {"type": {"const": "order.paid"}, "id": {"type": "string"}},
         "required": ["type"]}  # fmt: skip
PATHS = {"/orders": {"get": {"operationId": "listOrders",
                             "responses": {"200": {"description": "Orders."}}}}}  # fmt: skip
HOOKS = {"order.paid": {"post": {
    "requestBody": {"content": {"application/json": {"schema": ORDER}}},
    "responses": {"204": {"description": "Taken."}}}}}  # fmt: skip


def titled(title: str) -> dict[str, Any]:
    return {"info": {"title": title, "version": "7"}, "paths": PATHS, "webhooks": HOOKS}


def test_nothing_that_is_emitted_from_another_document_is_called_molam(build: Build) -> None:
    built = build(titled("Acme Orders API"))
    for path, content in built.emitted.tree.items():
        # The runtime is imported under its own name, and so is its error; its tables are its own.
        own = r"molam_(?:overlays[\w.]*|migrations|upkeep|purge_\w+)|\bMolamError\b"
        text = re.sub(own, "", content.decode("utf-8"))
        assert path == ".generated.json" or "molam" not in text.lower(), path


SAYING = """
import logging, pickle, sys
from {name}.exceptions import AcmeOrdersError, NetworkError
import {name}.contrib.opentelemetry as spans
from {name} import AcmeOrdersClient, observe, money
print(AcmeOrdersError, NetworkError, observe.Hooks, "{name}" in logging.Logger.manager.loggerDict, spans.instrument.__module__)
print(pickle.loads(pickle.dumps([AcmeOrdersError("a"), money.Money(1, "XOF"), NetworkError("b")])))
print([name for name in sys.modules if name.split(".")[0] == "molam_sdk"])
"""


def test_in_its_own_process_another_package_is_called_by_its_own_name(build: Build) -> None:
    built = build(titled("Acme Orders API"))
    done = subprocess.run(
        [sys.executable, "-c", SAYING.format(name=built.name)],
        env={**os.environ, "PYTHONPATH": str(built.path.parent)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout + done.stderr).replace(built.name, "PKG").splitlines() == [
        "<class 'PKG.exceptions.AcmeOrdersError'> <class 'PKG.exceptions.NetworkError'> "
        "<class 'PKG.observe.Hooks'> True PKG.contrib.opentelemetry",
        "[AcmeOrdersError('a'), Money(minor=1, currency='XOF'), NetworkError('b')]",
        "[]",
    ]


def test_names_come_from_the_title(build: Build, recorder: Any) -> None:
    built = build(titled("The Acme Orders API (v2)"))
    package, product = built.module(), built.module("_product").PRODUCT
    assert issubclass(package.AcmeOrdersClient, object)
    assert product.async_client() is package.AcmeOrdersAsyncClient
    assert package.AcmeOrdersError is built.module("exceptions").AcmeOrdersError
    assert issubclass(built.module("exceptions").NetworkError, package.AcmeOrdersError)
    assert (product.environment, product.signature_header, product.version) == (
        "ACME_ORDERS", "Acme-Orders-Signature", "7"
    )  # fmt: skip
    assert hasattr(built.module("pytest_plugin"), "acme_orders_sandbox")


@pytest.mark.parametrize(
    ("title", "client"),
    [
        ("API", "SdkClient"),
        ("Store API", "StoreApiClient"),  # there is a StoreError already
        ("3DS", "Model3DSClient"),
        ("One two three four five six", "OneTwoThreeFourClient"),
        ("Zahlungen für Händler", "ZahlungenFürHändlerClient"),
        ("支払い", "支払いClient"),
        ("\U0001f44d", "ThumbsUpSignClient"),
    ],
)
def test_any_title_makes_names_that_python_and_headers_take(
    build: Build, recorder: Any, title: str, client: str
) -> None:
    built = build(titled(title))
    adapter = recorder()
    made = built.client(adapter)
    assert title == "API" or type(made).__name__ == client
    made.list_orders()
    assert adapter.last.headers["User-Agent"].isascii()
    assert built.module("_product").PRODUCT.signature_header.isascii()


def test_a_title_that_makes_the_name_of_a_model_leaves_both(build: Build, recorder: Any) -> None:
    model = {"type": "object", "properties": {"id": {"type": "string"}}}
    answer = {"description": "One.", "content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/ShopClient"}}}}  # fmt: skip
    built = build({"paths": {"/c": {"get": {"operationId": "getOne", "responses": {"200": answer}}}},
                   "components": {"schemas": {"ShopClient": model}}})  # fmt: skip
    assert built.client(recorder({"id": "c_1"})).get_one().id == "c_1"
    assert built.types("from PKG import ShopClient\ndef f(c: ShopClient) -> str | None:\n"
                       "    return c.get_one().id\n") == ""  # fmt: skip


def document(folder: Path, settings: str, title: str = "Shop") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "shop.yaml"
    path.write_text(
        f"openapi: 3.1.0\ninfo: {{title: {title}, version: '1'}}\n"
        "servers: [{url: https://shop.example}]\npaths: {}\n"
    )
    (folder / "shop.settings.toml").write_text(settings)
    return path


def test_the_settings_beside_a_document_say_otherwise(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "acme-py"\nversion = "2.5"\n')
    path = document(
        tmp_path / "api",
        '[brand]\nname = "Acme"\nproject = "../pyproject.toml"\ncommand = "acme"\n'
        'environment = "ACM"\nsignature_header = "X-Acme"\n',
    )
    tree = emit(load_document(path), "acme").tree
    product, config = (tree[name].decode() for name in ("_product.py", "config.py"))
    assert "class AcmeClient(" in tree["client.py"].decode()
    assert '__version__ = "2.5"' in tree["__init__.py"].decode()
    assert 'user_agent: ClassVar[str] = "acme-py"' in tree["async_client.py"].decode()
    assert 'environment: ClassVar[str] = "ACM"' in config
    for said in ('command="acme"', 'distribution="acme-py"', 'signature_header="X-Acme"'):
        assert said in product


@pytest.mark.parametrize(
    ("settings", "line", "told"),
    [
        ("[brand]\nname = 'acme'\n", 2, "The setting name has a wrong value. Write a name"),
        ("[brand]\n\ncolour = 'red'\n", 3, "colour is no setting. [brand] takes name, package"),
        ("# so\n[colours]\nred = 1\n", 2, "colours is no table of settings"),
        ("[brand]\nname = \n", 2, "This is no TOML"),
        ("[brand]\nproject = 'gone.toml'\n", 2, "gone.toml has no [project] table"),
    ],
)
def test_wrong_settings_are_told_with_their_line(
    tmp_path: Path, settings: str, line: int, told: str
) -> None:
    path = document(tmp_path, settings)
    with pytest.raises(DocumentError) as raised:
        emit(load_document(path, name="shop.yaml"))
    assert str(raised.value).startswith(f"shop.settings.toml:{line}: ")
    assert told in str(raised.value)


def test_diff_tells_that_the_title_renames_the_clients(tmp_path: Path) -> None:
    old, new = (document(tmp_path / title, "", title) for title in ("Shop", "Store front"))
    told = {
        (one.rule, one.subject, one.now) for one in compare(*map(load_document, (old, new))).changes
    }
    assert told >= {
        ("client-renamed", "ShopClient", "StoreFrontClient"),
        ("client-renamed", "ShopAsyncClient", "StoreFrontAsyncClient"),
        ("client-renamed", "ShopError", "StoreFrontError"),
        ("environment-renamed", "SHOP_API_KEY", "STORE_FRONT_API_KEY"),
    }
