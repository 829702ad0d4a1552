"""Clients of many operations: a group for each tag, and no file that grows too long."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.compare.diff import compare
from generator.decide.groups import shortened
from generator.emit import emit
from generator.read.document import Document, DocumentError
from generator.read.load import load_document
from generator.read.settings import Settings
from generator.write import account as accounts
from generator.write import render

Build = Callable[..., Any]
TAGS = ("customers", "Payment links", "config")


def paths(count: int, words: int = 1) -> dict[str, Any]:
    """Return operations of three tags in turns, one of them called as its tag is."""
    found: dict[str, Any] = {}
    for number in range(count):
        tag = TAGS[number % 3]
        name = tag.title().replace(" ", "").rstrip("s")
        found[f"/{name}/{number}/{{id}}"] = {"get": {
            "operationId": f"retrieve{name}" + (f"Part{number}" if number > 2 else ""),
            "tags": [tag],
            "description": "What it says. " * words,
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"200": {"description": "One.", "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Thing"}}}}, "402": {"description": "No."}},
        }}  # fmt: skip
    return found


def big(count: int = 101, words: int = 1) -> dict[str, Any]:
    thing = {"type": "object", "properties": {"id": {"type": "string"}}}
    return {"paths": paths(count, words), "components": {"schemas": {"Thing": thing}}}


def test_a_client_is_flat_up_to_a_hundred_operations(build: Build) -> None:
    assert not any("groups/" in path for path in build(big(100)).emitted.tree)


def test_beyond_that_each_tag_is_a_group(build: Build, recorder: Any) -> None:
    built = build(big())
    adapter = recorder({"id": "c_1"})
    client = built.client(adapter)
    assert client.customers.retrieve("c 1").id == "c_1"
    assert adapter.last.url.endswith("/Customer/0/c%201")
    assert client.payment_links.retrieve_part4("l_1").id == "c_1"
    # A client has a config already.
    assert client.config_.retrieve("x").id == "c_1"
    assert not hasattr(client, "retrieve_customer")


async def test_async_groups_are_the_same(build: Build, async_recorder: Any) -> None:
    client = build(big()).async_client(async_recorder({"id": "c_1"}))
    assert (await client.customers.retrieve("c_1")).id == "c_1"


def test_a_group_has_the_options_of_the_client_it_is_read_from(build: Build, recorder: Any) -> None:
    adapter = recorder()
    client = build(big()).client(adapter)
    client.customers.retrieve("c_1")
    other = client.with_options(extra_headers={"X-Shop": "1"})
    other.customers.retrieve("c_1")
    assert adapter.last.headers["X-Shop"] == "1"
    client.customers.retrieve("c_1")
    assert "X-Shop" not in adapter.last.headers
    with pytest.raises(TypeError, match="unexpected keyword"):
        client.customers.retrieve("c_1", colour="red")


def test_a_group_is_loaded_when_it_is_read(build: Build) -> None:
    built = build(big())
    program = (
        f"import sys; sys.path[:0] = [{str(built.path.parent)!r}]\n"
        f"import {built.name}\n"
        f"c = {built.name}.ShopClient({built.name}.Config(api_key='sk_test_1'))\n"
        f"loaded = lambda: sorted(n for n in sys.modules if '{built.name}.groups.' in n)\n"
        "assert loaded() == [], loaded()\n"
        "c.customers\n"
        f"assert loaded() == ['{built.name}.groups.customers'], loaded()\n"
        f"assert not any('async_groups' in n for n in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("tag", "names", "wanted"),
    [
        ("customers", ["create_customer", "list_customers"], ["create", "list"]),
        (
            "Payment links",
            ["create_payment_link", "list_payment_link_lines"],
            ["create", "list_lines"],
        ),
        ("customers", ["post_customers_customer"], ["post_customers"]),
        ("companies", ["update_company", "delete_companies"], ["update", "delete"]),
        # What would meet keeps its words, and so does what nothing would be left of.
        ("cards", ["list_card", "list_cards"], ["list_card", "list_cards"]),
        ("cards", ["list_cards", "list"], ["list_cards", "list"]),
        ("cards", ["cards", "card_2"], ["cards", "card_2"]),
        ("imports", ["import_import"], ["import_"]),
        ("addresses", ["get_address", "get_addresses_of"], ["get", "get_of"]),
    ],
)
def test_names_lose_the_words_of_their_tag_where_they_stay_apart(
    tag: str, names: list[str], wanted: list[str]
) -> None:
    assert [shortened(tag, names)[name] for name in names] == wanted


def test_no_file_grows_over_4000_lines(build: Build, recorder: Any) -> None:
    built = build(big(310, words=160))
    lines = {path: content.count(b"\n") for path, content in built.emitted.tree.items()}
    assert max(count for path, count in lines.items() if path.endswith(".py")) <= 4000
    assert "groups/customers_1.py" in lines
    client = built.client(recorder({"id": "c_1"}))
    assert client.customers.retrieve("c").id == client.customers.retrieve_part309("c").id == "c_1"


def test_where_very_many_models_stand_is_told_in_several_files(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "_NAMES_A_FILE", 4)
    thing = {"type": "object", "properties": {"a": {"type": "string"}}}
    built = build({"components": {"schemas": {f"Thing{n}": thing for n in range(5)}}})
    parts = [path for path in built.emitted.tree if path.startswith("models/_names")]
    assert parts == ["models/_names_1.py", "models/_names_2.py"]
    assert len(built.models.__all__) == len({*dir(built.models)} & {*built.models.__all__}) == 7
    assert built.models.Thing4(a="x").a == built.models.Thing0(a="x").a == "x"
    with pytest.raises(AttributeError, match="Thing5"):
        built.models.Thing5  # noqa: B018
    assert 'has no attribute "Thing5"' in built.types(
        "from PKG.models import Thing0, Thing4, Thing5"
    )


def test_a_flat_client_of_long_methods_is_several_files_and_one_class(
    build: Build, recorder: Any
) -> None:
    built = build(big(99, words=320))
    lines = {path: content.count(b"\n") for path, content in built.emitted.tree.items()}
    assert max(count for path, count in lines.items() if path.endswith(".py")) <= 4000
    assert "client_1.py" in lines
    client = built.client(recorder({"id": "c_1"}))
    assert client.retrieve_customer("c").id == client.retrieve_config_part98("c").id == "c_1"


def test_checkers_know_the_groups(build: Build) -> None:
    assert build(big()).types(
        "from PKG import ShopAsyncClient, ShopClient\nfrom PKG.models import Thing\n"
        "def f(c: ShopClient) -> Thing:\n    return c.with_options(timeout=1).customers.retrieve('x')\n"
        "async def g(c: ShopAsyncClient) -> Thing:\n    return await c.payment_links.retrieve('x')\n"
    ) == ""  # fmt: skip


def test_what_a_group_forgets_is_found(build: Build) -> None:
    built = build(big())
    whole = built.emitted.tree
    broken = dict(whole)
    path = "async_groups/customers.py"
    broken[path] = broken[path].replace(b"customers.retrieve_customer(id)", b"customers.other(id)")
    assert broken[path] != whole[path]
    document = load_document(built.path.parents[1] / "shop.yaml", name="shop.yaml")
    from generator.emit import decide

    api, view = decide(document, built.name)
    accounts.account(api, view, whole)
    with pytest.raises(DocumentError, match="retrieve_customer of async_client"):
        accounts.account(api, view, broken)


def loaded(folder: Path, document: dict[str, Any], **settings: Any) -> Document:
    import json

    folder.mkdir()
    path = folder / "shop.json"
    head = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}}
    path.write_text(json.dumps({**head, "servers": [{"url": "https://shop.example"}], **document}))
    found = load_document(path)
    found.settings = Settings(**settings)
    return found


def test_diff_names_methods_as_users_write_them(tmp_path: Path) -> None:
    more = big()
    more["paths"]["/new"] = {"get": {"operationId": "listCustomers", "tags": ["customers"],
                                     "responses": {"204": {"description": "None."}}}}  # fmt: skip
    report = compare(loaded(tmp_path / "a", big()), loaded(tmp_path / "b", more))
    assert [(one.rule, one.subject) for one in report.changes] == [
        ("method-added", "customers.list")
    ]


def test_the_settings_say_from_which_size_on(tmp_path: Path) -> None:
    flat = emit(loaded(tmp_path / "a", big(), flat_up_to=500), "flat").tree
    assert not any(path.startswith("groups/") for path in flat)
    small = emit(loaded(tmp_path / "b", big(3), flat_up_to=2), "small").tree
    assert "groups/customers.py" in small
