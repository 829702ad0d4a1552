"""Every promise about Config, from the public surface."""

from __future__ import annotations

import copy
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

import molam_sdk
import molam_sdk.config
from molam_sdk import Config, MolamClient, MolamError
from molam_sdk.exceptions import ConfigurationError

KEY = "sk_test_canary1234"


def test_config_is_at_both_places() -> None:
    assert molam_sdk.Config is molam_sdk.config.Config


def test_defaults() -> None:
    config = Config(api_key=KEY)
    assert config.api_key == KEY
    assert config.api_base == "https://api.molam.com"
    assert config.default_currency == "USD"
    assert config.default_locale == "en"
    assert config.webhook_secret is None
    assert config.timeout == 30
    assert config.max_retries == 3


@pytest.mark.parametrize(
    ("field", "variable", "value", "argument"),
    [
        ("api_key", "MOLAM_API_KEY", "sk_live_env", "jwt_argument"),
        ("api_base", "MOLAM_API_BASE", "https://env.test", "https://argument.test"),
        ("default_currency", "MOLAM_DEFAULT_CURRENCY", "XOF", "EUR"),
        ("default_locale", "MOLAM_DEFAULT_LOCALE", "fr", "sw"),
        ("webhook_secret", "MOLAM_WEBHOOK_SECRET", "whsec_env", "whsec_argument"),
    ],
)
def test_an_argument_beats_the_environment_which_beats_the_default(
    field: str, variable: str, value: str, argument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = {} if field == "api_key" else {"api_key": KEY}
    monkeypatch.setenv(variable, value)
    assert getattr(Config(**needed), field) == value
    assert getattr(Config(**{**needed, field: argument}), field) == argument
    monkeypatch.setenv(variable, "")
    if field != "api_key":
        assert getattr(Config(**needed), field) != value


@pytest.mark.parametrize("given", [{}, {"api_key": ""}, {"api_key": None}])
def test_no_key_says_what_is_required(given: dict[str, Any]) -> None:
    with pytest.raises(MolamError, match="MOLAM_API_KEY is required") as caught:
        Config(**given)
    assert isinstance(caught.value, ValueError)


def test_an_empty_key_still_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLAM_API_KEY", KEY)
    assert Config(api_key="").api_key == KEY


@pytest.mark.parametrize(
    "key",
    [
        "pk_test_canary",
        "SK_test_canary",
        "canary",
        "sk_test_canary\n",
        " sk_test_canary",
        "sk_test_can ary",
        "sk_test_canary\x00",
        "sk_test_canary\u00e9",
        "sk_test_canary\u200b",
        "jwt_canary\r\nX-Evil: 1",
    ],
)
def test_a_malformed_key_is_refused_and_never_shown(key: str) -> None:
    with pytest.raises(MolamError, match="Invalid API key format") as caught:
        Config(api_key=key)
    assert isinstance(caught.value, ValueError)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk_x", "sk_test_x", "sk_live_x", "jwt_x.y.z"])
def test_both_kinds_of_key_are_taken(key: str) -> None:
    assert Config(api_key=key).api_key == key


def test_keyword_arguments_only() -> None:
    with pytest.raises(TypeError):
        Config(KEY)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.test/", "https://api.test"),
        ("https://api.test/base/", "https://api.test/base"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://molam.localhost:1", "http://molam.localhost:1"),
    ],
)
def test_a_trailing_slash_is_dropped_and_loopback_may_be_http(given: str, kept: str) -> None:
    assert Config(api_key=KEY, api_base=given).api_base == kept


@pytest.mark.parametrize(
    "base",
    [
        "http://api.test",
        "http://127.0.0.1.evil.test",
        "http://localhost.evil.test",
        "http://localhost@evil.test",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "ftp://api.test",
        "api.test",
        "//api.test",
        "https://",
        "/",
        "https://api.test?x=1",
        "https://api.test#x",
        "https://user:pass@api.test",
        "https://api.test:port",
        "https://api.test:99999",
        "https://api.test/\r\nx",
        "https://api .test",
        "https://\u00e9.test",
        b"https://api.test",
        5,
    ],
)
def test_an_api_base_that_is_not_https_or_not_an_address_is_refused(base: Any) -> None:
    with pytest.raises(ConfigurationError, match="api_base"):
        Config(api_key=KEY, api_base=base)


def test_a_live_key_never_goes_over_http() -> None:
    with pytest.raises(ConfigurationError, match="never goes over http"):
        Config(api_key="sk_live_1", api_base="http://localhost:8000")


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "5", None, True, 10**400])
def test_a_timeout_is_a_positive_number_of_seconds(timeout: Any) -> None:
    with pytest.raises(ConfigurationError, match="timeout must be a positive number of seconds"):
        Config(api_key=KEY, timeout=timeout)


@pytest.mark.parametrize("retries", [-1, 1.5, "3", None, True])
def test_max_retries_is_a_whole_number(retries: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_retries must be a whole number"):
        Config(api_key=KEY, max_retries=retries)


@pytest.mark.parametrize(
    "secret",
    [5, {"1": 5}, {1: "whsec"}, ["whsec", 5], "whsec\n", {"1": " whsec"}],
)
def test_a_webhook_secret_that_is_none_is_refused_without_showing_it(secret: Any) -> None:
    with pytest.raises(ConfigurationError, match="webhook"):
        Config(api_key=KEY, webhook_secret=secret)


def test_several_secrets_are_kept_even_from_a_generator() -> None:
    config = Config(api_key=KEY, webhook_secret=(text for text in ["a", "b"]))
    assert config.webhook_secret == ("a", "b")


@pytest.mark.parametrize("secret", ["whsec_canary5678", {"1": "whsec_canary5678"}])
def test_repr_and_str_never_show_key_or_secret(
    secret: Any, caplog: pytest.LogCaptureFixture
) -> None:
    config = Config(api_key=KEY, webhook_secret=secret)
    client = MolamClient(config)
    logging.getLogger("app").warning("%s %r %s %r", config, config, client, client)
    for text in (repr(config), str(config), f"{config}", repr(client), caplog.text):
        assert "canary" not in text
    assert "sk_test_***" in repr(config)


def test_a_config_is_frozen() -> None:
    config = Config(api_key=KEY)
    with pytest.raises(AttributeError):
        config.api_key = "sk_other"  # type: ignore[misc]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("make", [lambda c: c, MolamClient], ids=["config", "client"])
def test_pickling_a_config_or_a_client_says_why_not(protocol: int, make: Any) -> None:
    with pytest.raises(TypeError, match="API key"):
        pickle.dumps(make(Config(api_key=KEY)), protocol)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copy_keeps_the_key(duplicate: Any) -> None:
    config = Config(api_key=KEY)
    assert duplicate(config).api_key == KEY
    assert duplicate({"config": config})["config"] == config


def test_the_package_is_typed() -> None:
    assert Path(molam_sdk.__file__ or "").with_name("py.typed").exists()
    assert molam_sdk.__version__
