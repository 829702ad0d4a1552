"""The generator does not import the runtime: what it says of it is held to it here."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest

from generator.decide import media as media_kinds
from generator.decide.prose import error_class
from generator.decide.public_api import FILE, load
from generator.decide.runtime import (
    CLIENT_METHODS,
    HOME,
    IDEMPOTENCY,
    MODEL_MEMBERS,
    PAGE_MEMBERS,
    RUNTIME,
)
from generator.decide.scalars import STRINGS
from generator.decide.styles import DEFAULT_STYLE
from generator.read.anatomy import METHODS
from generator.read.settings import load as load_settings
from generator.understand import paths
from molam_overlays import errors, wire
from molam_overlays.calls import operation
from molam_overlays.calls.undocumented import undocumented_call
from molam_overlays.errors import ValidationError
from molam_overlays.home import OURS
from molam_overlays.message import parameters
from molam_overlays.message.idempotency import KEY_HEADER
from molam_overlays.message.media import kind_of, stream_kind_of

Build = Callable[..., Any]
GENERATOR = Path(__file__).parents[3] / "generator"


def test_the_runtime_is_called_by_default_what_the_settings_of_our_document_say() -> None:
    settings, _ = load_settings(GENERATOR.parent / "openapi" / "molam.yaml", "molam.yaml") or (
        None,
        None,
    )
    assert settings is not None
    assert HOME == OURS
    assert (
        settings.package,
        f"{settings.name}Error",
        settings.distribution,
        settings.environment,
    ) == HOME


def runtime(name: str) -> Any:
    return getattr(import_module(RUNTIME[name]), name)


def members(*objects: object) -> set[str]:
    return {name for one in objects for name in dir(one) if not name.startswith("_")}


# Where things are


@pytest.mark.parametrize("name", RUNTIME)
def test_every_name_that_emitted_code_takes_is_where_the_table_says(name: str) -> None:
    assert runtime(name) is not None


def test_one_table_knows_where_in_the_runtime_anything_is() -> None:
    """But for what the package hands out unchanged, and the two agree where they meet."""
    named = {
        path
        for path in GENERATOR.rglob("*")
        if path.suffix in (".py", ".jinja", ".toml")
        and re.search(r"molam_overlays(\.\w| import)", path.read_text(encoding="utf-8"))
    }
    assert named == {FILE}
    handed_out = [source for module in load().modules for source in module.sources]
    for module, names in handed_out:
        assert {RUNTIME.get(name, module) for name in names} == {module}


# Names that are taken


def test_every_member_of_a_model_is_taken_and_nothing_else() -> None:
    assert members(runtime("Model")) == MODEL_MEMBERS


def test_every_member_of_a_page_is_taken_and_nothing_else() -> None:
    assert members(runtime("Page"), runtime("AsyncPage")) == PAGE_MEMBERS


def test_every_member_of_a_client_is_taken_and_nothing_else() -> None:
    config = runtime("Config")(api_key="sk_test_1", api_base="https://shop.example")
    with runtime("Blocking")(config) as client:
        assert members(client, runtime("Awaiting")) | {"construct_event"} == CLIENT_METHODS


def test_a_page_whose_properties_are_called_as_its_members_stays_a_page(build: Build) -> None:
    names = ("keys", "get", "pages", "next_page", "auto_paging_iter")
    properties = {
        "data": {"type": "array", "items": {"type": "string"}},
        "has_more": {"type": "boolean"},
        **{name: {"type": "string"} for name in names},
    }
    built = build({
        "paths": {"/x": {"get": {
            "operationId": "listAll",
            "x-molam-page": {
                "items": "data", "more": "has_more", "limit": "limit", "offset": "offset"
            },
            "parameters": [
                {"in": "query", "name": name, "schema": {"type": "integer"}}
                for name in ("limit", "offset")
            ],
            "responses": {"200": {"description": "All.", "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/List"}}
            }}},
        }}},
        "components": {"schemas": {"List": {"type": "object", "properties": properties}}},
    })  # fmt: skip
    data = {"data": ["a"], "has_more": False, **{name: name.upper() for name in names}}
    page = built.models.List.from_dict(data)
    assert dict(**page) == data
    assert (page.get("keys"), page.keys_, page.get_) == ("KEYS", "KEYS", "GET")
    assert (page.pages, page.auto_paging_iter) == ("PAGES", "AUTO_PAGING_ITER")
    assert list(page) == ["a"]


# Facts that both sides have


@pytest.mark.parametrize(
    "media",
    [
        "application/json",
        "APPLICATION/JSON; charset=utf-8",
        "text/json",
        "*/*",
        "application/problem+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/mixed",
        "text/plain",
        "text/csv; header=present",
        "application/xml",
        "image/png",
        "application/octet-stream",
        "",
    ],
)
def test_a_media_type_is_of_one_kind(media: str) -> None:
    assert media_kinds.kind_of(media) == kind_of(media)


@pytest.mark.parametrize(
    "media",
    [*paths._STREAMS, "Text/Event-Stream; charset=utf-8", "a/b+json-seq", "application/json", ""],
)
def test_both_sides_know_what_comes_item_by_item(media: str) -> None:
    assert paths.stream_kind_of(media) == stream_kind_of(media)


def test_both_sides_send_the_key_in_one_header() -> None:
    assert IDEMPOTENCY == KEY_HEADER


def test_parameters_travel_in_one_style_where_the_document_says_nothing() -> None:
    places = get_args(parameters.Location)
    text = runtime("String")()
    assert {place: parameters.Parameter("x", place, text).style for place in places} == (
        DEFAULT_STYLE
    )


@pytest.mark.parametrize("style", get_args(parameters.Style))
def test_a_style_explodes_where_the_document_says_nothing(style: str) -> None:
    text = runtime("String")()
    assert parameters.Parameter("x", "query", text, style=style).explode == (style == "form")


def test_the_client_takes_every_method_that_a_document_may_have_but_trace() -> None:
    known = {method.upper() for method in METHODS}
    taken = known - {"TRACE"}
    for method in taken:
        assert undocumented_call(method, "/v1/x", None, None).operation.method == method
    with pytest.raises(ValidationError) as caught:
        undocumented_call("TRACE", "/v1/x", None, None)
    assert caught.value.errors["method"] == f"must be one of {', '.join(sorted(taken))}"
    assert known >= operation.SAFE_METHODS
    assert known == set(wire.METHODS)


WIRE = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "duration": "PT1H",
    "uuid": "12345678-1234-5678-1234-567812345678",
    "decimal": "1.50",
    "byte": "aGk=",
}


@pytest.mark.parametrize("form", STRINGS)
def test_a_format_is_one_type_of_python(form: str) -> None:
    module, name, codec = STRINGS[form]
    decoded = runtime(codec)().decode(WIRE[form], None)
    assert type(decoded) is getattr(import_module(module), name)


@pytest.mark.parametrize("status", range(300, 600))
def test_a_status_is_one_class_of_errors(status: int) -> None:
    assert error_class(str(status)) == errors.error_class(status).__name__


def test_one_header_carries_the_idempotency_key(build: Build, recorder: Any) -> None:
    adapter = recorder(status=204, body="")
    key = {"in": "header", "name": IDEMPOTENCY, "schema": {"type": "string"}}
    done = {"operationId": "doIt", "parameters": [key], "responses": {"204": {"description": "-"}}}
    build({"paths": {"/x": {"post": done}}}).client(adapter).do_it(idempotency_key="key-12345678")
    assert adapter.last.headers[IDEMPOTENCY] == "key-12345678"
