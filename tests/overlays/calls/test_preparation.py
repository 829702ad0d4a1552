"""Requests without a client: settings, a call, options and a key give one, and nothing is sent."""

from __future__ import annotations

import io
from typing import Any

import pytest

from molam_overlays.calls.call import Call
from molam_overlays.calls.operation import Operation, Result
from molam_overlays.calls.preparation import merged, policy_of, prepare, settings_of
from molam_overlays.config import Config
from molam_overlays.errors import ConfigurationError, ValidationError
from molam_overlays.schema.anything import AnyValue

KEY = "sk_test_1"
CONFIG = Config(api_key=KEY, api_base="http://127.0.0.1:1", timeout=7)
SETTINGS = settings_of(CONFIG, "shop/1.0")
ANSWER = Result(AnyValue())


def call(method: str = "GET", **more: Any) -> Call[Any]:
    operation: Operation[Any] = Operation(
        id="look", method=method, path="/v1/x", results=(ANSWER,), keyed=method == "POST", **more
    )
    return operation.call()


def test_a_request_says_who_asks_and_for_what() -> None:
    request = prepare(SETTINGS, call(), {}, None)
    assert request.method == "GET"
    assert request.url == "http://127.0.0.1:1/v1/x"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["User-Agent"].startswith("shop/1.0 python/")
    assert request.timeout == 7.0
    assert request.sink is None


def test_the_same_values_give_the_same_request() -> None:
    options = merged(SETTINGS, {}, {"extra_headers": {"X-Shop": "1"}, "timeout": 3})
    first, second = (prepare(SETTINGS, call("POST"), options, "key-1") for _ in range(2))
    assert first == second
    assert first.headers["Idempotency-Key"] == "key-1"
    assert first.headers["X-Shop"] == "1"
    assert first.timeout == policy_of(CONFIG, options).timeout == 3.0


def test_a_key_where_none_is_taken_is_refused() -> None:
    with pytest.raises(ValidationError, match="idempotency_key"):
        prepare(SETTINGS, call(), {}, "key-1")


def test_a_client_that_was_sent_elsewhere_goes_there_with_all_it_does() -> None:
    server = call(server="https://files.molam.com")
    assert prepare(SETTINGS, server, {}, None).url == "http://127.0.0.1:1/v1/x"
    home = SETTINGS._replace(elsewhere=False)
    assert prepare(home, server, {}, None).url == "https://files.molam.com/v1/x"


def test_a_file_is_for_operations_that_return_one() -> None:
    with pytest.raises(ValidationError, match="into"):
        prepare(SETTINGS, call(), {"into": io.BytesIO()}, None)


@pytest.mark.parametrize("option", ["timeout", "deadline", "max_retries"])
def test_an_option_without_an_acceptable_value_is_refused(option: str) -> None:
    with pytest.raises(ConfigurationError, match=option):
        policy_of(CONFIG, {option: -1})  # type: ignore[misc]


def test_options_that_are_none_were_not_given() -> None:
    usual = merged(SETTINGS, {}, {"timeout": 3})
    assert merged(SETTINGS, usual, {"timeout": None, "deadline": 9}) == {  # type: ignore[typeddict-item]
        "timeout": 3,
        "deadline": 9,
    }


def test_settings_show_no_key() -> None:
    assert KEY not in repr(SETTINGS)
    assert KEY not in repr(prepare(SETTINGS, call(), {}, None))
