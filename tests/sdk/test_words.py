"""Errors in the words of whoever made the mistake."""

from __future__ import annotations

import inspect
import logging
from typing import Any

import httpx
import pytest

import molam_sdk
from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.exceptions import AuthenticationError, ConfigurationError, ValidationError
from molam_sdk.http.adapter import HttpxAdapter
from molam_sdk.models import Payout

CONFIG = Config(api_key="sk_test_x")


class Answers:
    def __init__(self, status: int = 200, text: str = '{"id":"pi_1234"}') -> None:
        self.answer = status, text, {}

    def send(self, **_: Any) -> Any:
        return self.answer


CLIENT: Any = MolamClient(CONFIG, Answers())


@pytest.mark.parametrize("client", [MolamClient, MolamAsyncClient])
def test_a_setting_given_to_a_client_belongs_into_a_config(client: Any) -> None:
    name = client.__name__
    with pytest.raises(TypeError, match=rf"{name}\(Config\(api_key=…\)\)"):
        client(api_key="sk_test_x")
    with pytest.raises(TypeError, match=rf"{name}\(\) got .*'hook'; did you mean 'hooks'\?"):
        client(hook=None)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: Config(apikey="x"), "Config() got an unexpected keyword argument 'apikey'; "  # type: ignore[arg-type]
         "did you mean 'api_key'?"),
        (lambda: CLIENT.create_payment_intent(amount=5, curency="USD"), "create_payment_intent() "
         "got an unexpected keyword argument 'curency'; did you mean 'currency'?"),
        (lambda: CLIENT.list_refunds(stauts="x"), "list_refunds() got an unexpected keyword "
         "argument 'stauts'; did you mean 'status'?"),
        (lambda: CLIENT.retrieve_refund("re_1", timout=5), "retrieve_refund() got an unexpected "
         "keyword argument 'timout'; did you mean 'timeout'?"),
        (lambda: CLIENT.with_options(timout=5), "with_options() got an unexpected keyword argument "
         "'timout'; did you mean 'timeout'?"),
        (lambda: CLIENT.retrieve_refund("re_1", zebra=5), "retrieve_refund() got an unexpected "
         "keyword argument 'zebra'"),
        (lambda: Payout(amonut=5), "Payout() got an unexpected keyword argument 'amonut'; did you "  # type: ignore[call-arg]
         "mean 'amount'?; from_dict() takes any property"),
    ],
)  # fmt: skip
def test_a_keyword_with_a_typo_names_its_nearest(call: Any, said: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == said


def test_the_method_is_named_as_it_is_called() -> None:
    client = MolamClient(CONFIG, Answers(401, '{"error":{"message":"no"}}'))
    with pytest.raises(AuthenticationError, match=r"^retrieve_payment_intent was answered"):
        client.retrieve_payment_intent("pi_1234")


@pytest.mark.parametrize(
    ("call", "field", "said"),
    [
        (lambda: CLIENT.create_refund("pi_1234"), "charge_id", "must be a charge id, which starts "
         "with ch_; this is the id of a payment intent, whose charge_id has it"),
        (lambda: CLIENT.retrieve_payment_intent("po_1234"), "payment_intent_id", "must be a payment "
         "intent id, which starts with pi_; this is the id of a payout"),
        (lambda: CLIENT.list_refunds(charge_id="ref_1234"), "charge_id", "must be a charge id, which "
         "starts with ch_; this is the id of a refund, whose charge_id has it"),
    ],
)  # fmt: skip
def test_another_objects_id_is_called_that(call: Any, field: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        call()
    assert caught.value.errors == {field: said}


def test_an_id_of_no_known_kind_is_sent() -> None:
    assert CLIENT.create_refund("zebra", idempotency_key="k").id == "pi_1234"


@pytest.mark.parametrize("currency", ["usd", "US", "USDX", "U$D"])
def test_a_currency_that_no_call_could_use_is_refused_at_once(currency: str) -> None:
    with pytest.raises(ConfigurationError, match="three capital letters"):
        Config(api_key="sk_test_x", default_currency=currency)


@pytest.mark.parametrize("key", ["sk_", "sk_test_", "sk_live_", "jwt_"])
def test_a_prefix_is_no_key(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"Invalid API key format: nothing follows {key}"):
        Config(api_key=key)


def networked(**settings: Any) -> MolamClient:
    answer = httpx.MockTransport(lambda _: httpx.Response(200, json={"id": "pi_1234"}))
    adapter = HttpxAdapter(client=httpx.Client(transport=answer))
    return MolamClient(Config(**settings), adapter)


def remarks(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "test key" in record.getMessage()]


def test_a_test_key_with_the_live_host_is_one_line_at_the_first_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    client = networked(api_key="sk_test_x")
    assert remarks(caplog) == []
    for each in (client, client.with_options(timeout=5), client):
        each.retrieve_payment_intent("pi_1234")
    (said,) = remarks(caplog)
    assert said == (
        "A test key (sk_test_…) is used with https://api.molam.com: no real money moves. Live "
        "payments need a key that starts with sk_live_."
    )


def test_nothing_is_said_of_other_keys_hosts_and_adapters(caplog: pytest.LogCaptureFixture) -> None:
    for client in (
        networked(api_key="sk_live_x"),
        networked(api_key="sk_test_x", api_base="http://localhost:4010"),
        CLIENT,
    ):
        client.retrieve_payment_intent("pi_1234")
    assert remarks(caplog) == []


def test_help_describes_every_argument() -> None:
    for what in (Config, MolamClient, MolamAsyncClient):
        signature = inspect.signature(what)
        assert "world" not in signature.parameters
        for name in signature.parameters:
            assert f"{name}: " in (what.__init__.__doc__ or ""), (what, name)


def test_a_client_with_options_shows_them_without_secrets() -> None:
    shown = repr(CLIENT.with_options(timeout=5, extra_headers={"X-Token": "hidden"}))
    assert shown.endswith(".with_options(timeout=5, extra_headers={'X-Token': '***'})")
    assert ".with_options" not in repr(CLIENT)


def test_the_sandbox_is_reachable_as_an_attribute() -> None:
    assert "sandbox" in dir(molam_sdk)
    assert molam_sdk.sandbox.Sandbox.__name__ == "Sandbox"
