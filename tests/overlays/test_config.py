"""Config's rules that have no promise of their own; the promises are in tests/sdk."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from molam_overlays.config import Config, is_loopback, mask_key
from molam_overlays.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost", True),
        ("http://LOCALHOST.", True),
        ("http://api.localhost", True),
        ("http://127.0.0.1", True),
        ("http://127.255.255.254", True),
        ("http://[::1]", True),
        ("http://0.0.0.0", False),
        ("http://[::]", False),
        ("http://127.1", False),
        ("http://localhost.evil.test", False),
        ("http://notlocalhost", False),
        ("http://2130706433", False),
        ("http://[::ffff:10.0.0.1]", False),
    ],
)
def test_loopback(url: str, loopback: bool) -> None:
    assert is_loopback(urlsplit(url)) is loopback


@pytest.mark.parametrize(
    ("key", "shown"),
    [("sk_test_abc", "sk_test_***"), ("sk_live_abc", "sk_live_***"), ("sk_abc", "sk_***"),
     ("jwt_abc", "jwt_***"), ("other", "***")],
)  # fmt: skip
def test_keys_are_masked_but_for_their_public_prefix(key: str, shown: str) -> None:
    assert mask_key(key) == shown


def test_the_default_server_is_the_documents() -> None:
    class Ours(Config):
        server = "https://eu.api.test"

    assert Ours(api_key="sk_test_1").api_base == "https://eu.api.test"


def test_a_base_of_slashes_never_comes_to_mean_the_default_server() -> None:
    for base in ("/", "///"):
        with pytest.raises(ConfigurationError, match="api_base"):
            Config(api_key="sk_test_1", api_base=base)


@pytest.mark.parametrize("key", [5, b"sk_test_1", ["sk_test_1"]])
def test_a_key_that_is_no_text_is_refused_by_type(key: object) -> None:
    with pytest.raises(ConfigurationError, match="api_key must be text"):
        Config(api_key=key)  # type: ignore[arg-type]


def test_a_message_about_a_base_never_quotes_credentials() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Config(api_key="sk_test_1", api_base="https://user:canary:9@host")
    assert "canary" not in str(caught.value)
