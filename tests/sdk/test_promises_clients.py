"""Every promise about the two clients: names, options, pages, hooks, the life of a process."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import json
import logging
import os
import subprocess
import sys
import threading
import time
import warnings
import weakref
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

import molam_sdk
from molam_sdk import Config, MolamAsyncClient, MolamClient
from molam_sdk.exceptions import (
    ClientClosedError,
    ConfigurationError,
    MolamError,
    NetworkError,
    PaginationError,
    ServerError,
    ValidationError,
)
from molam_sdk.observe import Hooks

support: Any = sys.modules["sdk_support"]  # conftest.py
PAYMENT, Recorder, loopback = support.PAYMENT, support.Recorder, support.loopback
OK = (200, json.dumps(PAYMENT), {"X-Request-Id": "req_1"})
CONFIG = Config(api_key="sk_test_1", api_base="http://localhost:9")

SIGNATURES = {
    "create_payment_intent": [
        "amount", "currency", "customer_id", "merchant_id", "description", "metadata", "capture",
        "return_url", "cancel_url", "idempotency_key",
    ],
    "retrieve_payment_intent": ["payment_intent_id"],
    "list_payment_intents": ["limit", "offset", "customer_id", "status"],
    "confirm_payment_intent": ["payment_intent_id", "payment_method", "idempotency_key"],
    "capture_payment_intent": ["payment_intent_id", "amount_to_capture", "idempotency_key"],
    "cancel_payment_intent": ["payment_intent_id", "idempotency_key"],
    "create_refund": ["charge_id", "amount", "reason", "metadata", "idempotency_key"],
    "retrieve_refund": ["refund_id"],
    "list_refunds": [],
    "create_payout": [
        "origin_module", "origin_entity_id", "amount", "currency", "beneficiary", "metadata",
        "idempotency_key",
    ],
    "retrieve_payout": ["payout_id"],
    "list_payouts": [],
    "cancel_payout": ["payout_id"],
    "verify_webhook_signature": ["signature_header", "raw_body"],
    "construct_event": ["signature_header", "raw_body"],
}  # fmt: skip


@pytest.mark.parametrize("client", [MolamClient, MolamAsyncClient])
@pytest.mark.parametrize(("method", "names"), SIGNATURES.items(), ids=list(SIGNATURES))
def test_each_method_takes_its_arguments_in_the_order_shown(
    client: Any, method: str, names: list[str]
) -> None:
    parameters = inspect.signature(getattr(client, method)).parameters
    positional = [
        name for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD
    ][1:]  # fmt: skip
    assert positional[: len(names)] == names
    plain = {"verify_webhook_signature", "construct_event"}
    is_async = client is MolamAsyncClient and method not in plain
    assert inspect.iscoroutinefunction(getattr(client, method)) is is_async
    assert inspect.getdoc(getattr(client, method))


def test_names_are_where_they_were() -> None:
    from molam_sdk import ApiError, SignatureError, exceptions
    from molam_sdk.async_client import MolamAsyncClient as Async
    from molam_sdk.client import MolamClient as Blocking
    from molam_sdk.http import HTTPAdapter
    from molam_sdk.http.adapter import HTTPAdapter as Same
    from molam_sdk.utils import make_idempotency_key
    from molam_sdk.utils.idempotency import make_idempotency_key as same_key

    assert Async is molam_sdk.MolamAsyncClient
    assert Blocking is molam_sdk.MolamClient
    assert ApiError is exceptions.ApiError
    assert SignatureError is exceptions.SignatureError
    assert HTTPAdapter is Same
    assert make_idempotency_key is same_key
    assert isinstance(molam_sdk.__version__, str)


def test_currency_and_locale_fall_back_to_the_config_and_capture_is_always_sent(
    make_api: Any,
) -> None:
    recorder = Recorder()
    api = make_api(recorder, default_currency="XOF", default_locale="fr")
    api.create_payment_intent(2500, idempotency_key="k")
    assert recorder.sent[0]["json"] == {
        "amount": 2500, "currency": "XOF", "capture": False, "locale": "fr"
    }  # fmt: skip
    api.create_payment_intent(2500, "USD", locale="en", capture=True, idempotency_key="k")
    assert recorder.sent[1]["json"] == {
        "amount": 2500, "currency": "USD", "capture": True, "locale": "en"
    }  # fmt: skip


def test_none_means_left_out(make_api: Any) -> None:
    recorder = Recorder()
    make_api(recorder).create_refund("ch_1", None, None, None, "k")
    assert not recorder.sent[0]["json"]


def test_client_config_is_the_config() -> None:
    assert MolamClient(CONFIG).config is CONFIG
    assert MolamAsyncClient(CONFIG).config is CONFIG


@pytest.mark.parametrize("config", ["sk_test_1", {"api_key": "sk_test_canary"}, 5])
def test_a_client_takes_a_config(config: Any) -> None:
    with pytest.raises(ConfigurationError, match="takes a Config") as caught:
        MolamClient(config)
    assert "canary" not in str(caught.value)


def test_every_result_says_what_happened(make_api: Any) -> None:
    payment = make_api(Recorder((503, "", {}), OK)).cancel_payment_intent("pi_1", "k")
    response = payment.response
    assert (response.status, response.request_id, response.idempotency_key) == (200, "req_1", "k")
    assert response.headers["x-request-id"] == "req_1"
    assert [attempt.outcome for attempt in response.attempts] == ["503", "200"]


def test_nested_objects_know_the_response_too(make_api: Any) -> None:
    text = json.dumps({**PAYMENT, "last_error": {"code": "c", "message": "m"}})
    payment = make_api(Recorder((200, text, {"X-Request-Id": "r"}))).retrieve_payment_intent("pi_1")
    assert payment.last_error.response.request_id == "r"


# Keys ---------------------------------------------------------------------------------------------


def test_a_post_without_a_key_gets_one_and_one_warning_a_call(
    make_api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder((503, "", {}), (503, "", {}), OK)
    with caplog.at_level("WARNING", logger="molam_sdk"):
        make_api(recorder).create_refund("ch_1")
    keys = {sent["headers"]["Idempotency-Key"] for sent in recorder.sent}
    (key,) = keys
    assert len(recorder.sent) == 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert key in caplog.text
    moment, digits = key.removeprefix("molam-").split("-")
    assert moment.isdigit()
    assert len(digits) == 24
    assert int(digits, 16) >= 0


def test_a_get_carries_no_key(make_api: Any) -> None:
    recorder = Recorder()
    make_api(recorder).retrieve_refund("ref_1")
    assert "Idempotency-Key" not in recorder.sent[0]["headers"]


# Options ------------------------------------------------------------------------------------------


def test_options_of_one_call(make_api: Any) -> None:
    recorder = Recorder((503, "", {}))
    api = make_api(recorder)
    with pytest.raises(ServerError):
        api.retrieve_refund("r", timeout=2, max_retries=1, extra_headers={"X-Shop": "1"})
    assert len(recorder.sent) == 2
    assert recorder.sent[0]["timeout"] == 2
    assert recorder.sent[0]["headers"]["X-Shop"] == "1"
    with pytest.raises(ServerError):
        api.retrieve_refund("r")
    assert len(recorder.sent) == 6
    assert recorder.sent[-1]["timeout"] == 30
    assert "X-Shop" not in recorder.sent[-1]["headers"]


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"timeout": 0}, ConfigurationError),
        ({"timeout": "5"}, ConfigurationError),
        ({"deadline": -1}, ConfigurationError),
        ({"max_retries": -1}, ConfigurationError),
        ({"max_retries": 1.5}, ConfigurationError),
        ({"extra_headers": ["X"]}, ValidationError),
        ({"time_out": 5}, TypeError),
    ],
)
def test_bad_options_are_refused_before_anything_is_sent(
    options: Any, kind: Any, make_api: Any
) -> None:
    recorder = Recorder()
    api = make_api(recorder)
    with pytest.raises(kind):
        api.retrieve_refund("r", **options)
    with pytest.raises(kind):
        api.client.with_options(**options)
    assert recorder.sent == []


def test_with_options_is_a_light_copy_that_never_touches_the_original(make_api: Any) -> None:
    recorder = Recorder()
    api = make_api(recorder)
    quick = api.using(timeout=1, extra_headers={"X-A": "1", "X-B": "1"})
    quicker = quick.using(max_retries=0, extra_headers={"x-a": "2"})
    for each in (api, quick, quicker):
        each.retrieve_refund("r")
    plain, first, second = (sent["headers"] for sent in recorder.sent)
    assert "X-A" not in plain
    assert (first["X-A"], first["X-B"]) == ("1", "1")
    assert (second["x-a"], second["X-B"]) == ("2", "1")
    assert "X-A" not in second
    assert [sent["timeout"] for sent in recorder.sent] == [30, 1, 1]
    assert quick.client._adapter is api.client._adapter
    assert quick.client._quota is api.client._quota
    assert type(quick.client) is type(api.client)
    quicker.close()
    quick.retrieve_refund("r")
    api.retrieve_refund("r")
    assert recorder.closed == 0
    with pytest.raises(ClientClosedError):
        quicker.retrieve_refund("r")
    api.close()
    with pytest.raises(ClientClosedError):
        quick.retrieve_refund("r")


# Deadline -----------------------------------------------------------------------------------------


def slow(seconds: float, answer: Any) -> Any:
    def act(request: Any) -> Any:
        act.clock.pass_time(seconds)  # type: ignore[attr-defined]
        return answer

    return act


def test_no_retry_starts_after_the_deadline(make_api: Any, clock: Any) -> None:
    act = slow(4, (429, "", {}))
    act.clock = clock
    recorder = Recorder(act)
    with pytest.raises(MolamError) as caught:
        make_api(recorder).create_refund("ch_1", idempotency_key="k", deadline=5, max_retries=9)
    assert caught.value.delivery == "rejected"
    assert len(recorder.sent) == 2  # at 0 s, and at 4.5 s; the next would start at 9.5 s


@pytest.mark.parametrize("deadline", [0.001, 1.0, 4.0, 6.0])
def test_one_last_retry_with_the_same_key_when_the_fate_is_unknown(
    deadline: float, make_api: Any, clock: Any
) -> None:
    act = slow(10, NetworkError("reset"))
    act.clock = clock
    recorder = Recorder(act)
    with pytest.raises(NetworkError):
        make_api(recorder).create_refund(
            "ch_1", idempotency_key="k", deadline=deadline, max_retries=9
        )
    assert len(recorder.sent) == 2
    assert {sent["headers"]["Idempotency-Key"] for sent in recorder.sent} == {"k"}


def test_a_read_has_no_last_retry(make_api: Any, clock: Any) -> None:
    act = slow(10, NetworkError("reset"))
    act.clock = clock
    recorder = Recorder(act)
    with pytest.raises(NetworkError):
        make_api(recorder).retrieve_refund("r", deadline=5)
    assert len(recorder.sent) == 1


def test_the_last_retry_honours_max_retries(make_api: Any, clock: Any) -> None:
    recorder = Recorder(NetworkError("reset"))
    with pytest.raises(NetworkError):
        make_api(recorder).create_refund("ch", idempotency_key="k", deadline=0.1, max_retries=0)
    assert len(recorder.sent) == 1


def test_the_backoff_doubles_up_to_eight_seconds(make_api: Any, clock: Any) -> None:
    clock.jitter = 0.0
    with pytest.raises(ServerError):
        make_api(Recorder((503, "", {}))).retrieve_refund("r", max_retries=7)
    assert clock.waited == [0.25, 0.5, 1, 2, 4, 4, 4]


# Quota --------------------------------------------------------------------------------------------


def test_an_empty_quota_fails_at_once(make_api: Any) -> None:
    recorder = Recorder((503, "", {}))
    api = make_api(recorder, max_retries=1000)
    with pytest.raises(ServerError):
        api.retrieve_refund("r")
    assert len(recorder.sent) == 101  # 500 tokens, 5 each
    with pytest.raises(ServerError):
        api.retrieve_refund("r")
    assert len(recorder.sent) == 102
    assert api.client._quota.tokens == 0


# Escape hatch -------------------------------------------------------------------------------------


def test_request_reaches_what_the_document_does_not_know(make_api: Any, caplog: Any) -> None:
    recorder = Recorder(
        (503, "", {}), (201, '{"id": "dsp_1", "deep": {"x": 1}}', {"X-Request-Id": "r"})
    )
    made = make_api(recorder).request("post", "/v1/connect/disputes", json={"a": 1})
    assert made["id"] == made.id == "dsp_1"
    assert made.response.request_id == "r"
    first, second = recorder.sent
    assert first == second
    assert first["method"] == "POST"
    assert first["url"] == "http://localhost:9/v1/connect/disputes"
    assert first["json"] == {"a": 1}
    assert first["headers"]["Idempotency-Key"].startswith("molam-")
    assert first["headers"]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "value"),
    [((200, "[1, 2]", {}), [1, 2]), ((200, '"text"', {}), "text"), ((204, "", {}), None),
     ((200, "null", {}), None), ((200, "5", {}), 5)],
)  # fmt: skip
def test_request_returns_any_json(answer: Any, value: Any, make_api: Any) -> None:
    api = make_api(Recorder(answer))
    if answer[0] == 204:
        assert not api.request("DELETE", "/v1/x")
    else:
        assert api.request("GET", "/v1/x") == value


def test_request_has_the_same_errors_and_options(make_api: Any) -> None:
    recorder = Recorder((402, '{"error": {"code": "c"}}', {}))
    with pytest.raises(molam_sdk.ApiError, match=r"POST /v1/connect/disputes/\{\}") as caught:
        make_api(recorder).request(
            "POST", "/v1/connect/disputes/dsp_123", idempotency_key="k", timeout=3
        )
    assert caught.value.idempotency_key == "k"
    assert recorder.sent[0]["timeout"] == 3
    assert recorder.sent[0]["json"] is None


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("FETCH", "/v1"), "method"),
        ((5, "/v1"), "method"),
        (("GET\r\n", "/v1"), "method"),
        (("CONNECT", "/v1"), "method"),
        (("POST", "/v1", {"json": {"x": object()}}), "json.x"),
        (("POST", "/v1", {"json": [1, {"y": float("inf")}]}), "json[1].y"),
        (("GET", "/v1", {"params": {"x": {"y": 1}}}), "params.x"),
        (("GET", "/v1", {"params": {"x": [[1]]}}), "params.x"),
        (("GET", "/v1", {"params": {1: 1}}), "params"),
        (("GET", "/v1", {"params": [("a", "b")]}), "params"),
        (("GET", "/v1", {"idempotency_key": "k"}), "idempotency_key"),
    ],
)
def test_request_refuses_what_is_malformed(arguments: Any, field: str, make_api: Any) -> None:
    recorder = Recorder()
    method, path, *more = arguments
    with pytest.raises(ValidationError) as caught:
        make_api(recorder).request(method, path, **(more[0] if more else {}))
    assert set(caught.value.errors) == {field}
    assert recorder.sent == []


def test_a_body_that_holds_itself_is_refused(make_api: Any) -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    with pytest.raises(ValidationError):
        make_api(Recorder()).request("POST", "/v1", json=loop)
    with pytest.raises(ValidationError):
        make_api(Recorder()).create_refund("ch_1", metadata=loop, idempotency_key="k")


# Pages --------------------------------------------------------------------------------------------


def pages_of(*pages: Any) -> Any:
    """A server of pages: each request gets the next."""
    return Recorder(*((200, json.dumps(page), {}) for page in pages))


def page(*ids: str, more: bool = True) -> dict[str, Any]:
    return {"data": [{"id": each} for each in ids], "has_more": more}


def test_a_page_iterates_over_all_following_pages_lazily(make_api: Any, flavour: str) -> None:
    recorder = pages_of(page("a", "b"), page("c"), page("d", more=False))
    api = make_api(recorder)
    found = api.list_refunds(limit=2, charge_id="ch_1", extra_headers={"X-Shop": "1"})
    assert len(recorder.sent) == 1
    assert [item.id for item in api.all(found)] == ["a", "b", "c", "d"]
    assert [sent["url"].partition("?")[2] for sent in recorder.sent] == [
        "limit=2&offset=0&charge_id=ch_1",
        "limit=2&charge_id=ch_1&offset=2",
        "limit=2&charge_id=ch_1&offset=3",
    ]
    assert all(sent["headers"]["X-Shop"] == "1" for sent in recorder.sent)


def test_only_as_many_pages_are_asked_for_as_are_needed(make_api: Any, flavour: str) -> None:
    recorder = pages_of(page("a", "b"), page("c"), page("d", more=False))
    api = make_api(recorder)
    found = api.list_refunds()
    if flavour == "sync":
        items = iter(found)
        assert [next(items)["id"], next(items)["id"]] == ["a", "b"]
        assert len(recorder.sent) == 1
        next(items)
    else:

        async def some() -> None:
            items = found.__aiter__()
            await items.__anext__()
            await items.__anext__()
            assert len(recorder.sent) == 1
            await items.__anext__()
            await items.aclose()

        api.run(some)
    assert len(recorder.sent) == 2


def test_page_by_page(make_api: Any) -> None:
    api = make_api(pages_of(page("a"), page("b", more=False)))
    first = api.list_payouts(offset=5, limit=1)
    assert first.has_more is True
    assert first.data[0].id == "a"
    second = api.next_page(first)
    assert second.data[0]["id"] == "b"
    assert type(second) is type(first)
    assert second.response.status == 200
    assert api.next_page(second) is None


def test_iteration_stops_at_has_more_false_and_survives_an_empty_page(make_api: Any) -> None:
    api = make_api(pages_of(page("a"), page(), page("b"), page(more=False)))
    assert [item["id"] for item in api.all(api.list_refunds())] == ["a", "b"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda n: page("a", "b"),
        lambda n: page(),
        lambda n: {"data": [{"id": "a", "seen_at": n}], "has_more": True},
        lambda n: {"data": None, "has_more": True},
        lambda n: page("ab"[n % 2]),
        lambda n: {"data": [{"no": "id"}], "has_more": True},
    ],
)
def test_a_server_that_repeats_itself_is_not_asked_for_ever(answer: Any, make_api: Any) -> None:
    recorder = Recorder()
    recorder.answers = [
        lambda request: (200, json.dumps(answer(len(recorder.sent))), {})
    ]  # fmt: skip
    api = make_api(recorder)
    with pytest.raises(PaginationError, match="repeated"):
        api.all(api.list_refunds())
    assert len(recorder.sent) < 12


def test_a_page_of_the_other_client_is_not_iterated_silently(make_api: Any, flavour: str) -> None:
    found = make_api(pages_of(page("a"))).list_refunds()
    if flavour == "sync":
        assert not hasattr(found, "__aiter__")
    else:
        with pytest.raises(TypeError, match="async for"):
            iter(found)


def test_a_page_that_lost_its_client_says_so_instead_of_ending_early(make_api: Any) -> None:
    import pickle

    api = make_api(pages_of(page("a"), page("b", more=False)))
    found = api.list_refunds()
    lost = pickle.loads(pickle.dumps(found))
    assert lost == found
    with pytest.raises(PaginationError, match="no client to ask"):
        api.all(lost)
    assert [item.id for item in api.all(copy.copy(found))] == ["a", "b"]


# Hooks and logging --------------------------------------------------------------------------------


def test_hooks_hear_every_attempt_and_cannot_break_a_call(
    make_api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def loud(event: Any) -> None:
        heard.append(type(event).__name__)
        raise RuntimeError("a broken hook")

    hooks = Hooks(on_request=loud, on_response=loud, on_retry=loud, on_error=loud)
    recorder = Recorder((503, "", {}), OK, NetworkError("reset"))
    api = make_api(recorder, hooks=hooks)
    assert api.create_refund("ch_1", idempotency_key="k")["id"] == PAYMENT["id"]
    assert heard == [
        "RequestEvent", "ResponseEvent", "RetryEvent", "RequestEvent", "ResponseEvent"
    ]  # fmt: skip
    heard.clear()
    with pytest.raises(NetworkError):
        api.create_refund("ch_1", idempotency_key="k", max_retries=0)
    assert heard == ["RequestEvent", "ErrorEvent"]
    assert "a broken hook" in caplog.text


def test_the_log_has_structured_fields_and_no_body(
    make_api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="molam_sdk")
    make_api(Recorder(OK)).confirm_payment_intent("pi_canary", "pm_canary", "k-1")
    assert "canary" not in caplog.text
    answered = [r for r in caplog.records if getattr(r, "status", None) == 200]
    (record,) = answered
    told = vars(record)
    assert told["method"] == "POST"
    assert told["path_template"] == "/v1/connect/payment_intents/{payment_intent_id}/confirm"
    assert told["attempt"] == 1
    assert told["request_id"] == "req_1"
    assert told["idempotency_key"] == "k-1"
    assert told["duration"] >= 0


# The life of a process ----------------------------------------------------------------------------


def test_close_is_safe_twice_and_a_closed_client_says_so(make_api: Any) -> None:
    recorder = Recorder()
    api = make_api(recorder)
    api.close()
    api.close()
    with pytest.raises(ClientClosedError, match="closed"):
        api.retrieve_refund("r")
    assert recorder.sent == []


def test_a_copy_of_a_client_shares_its_connections(make_api: Any) -> None:
    recorder = Recorder()
    api = make_api(recorder)
    for twin in (copy.copy(api.client), copy.deepcopy(api.client)):
        assert twin._adapter is api.client._adapter
        assert twin.config.api_key == api.client.config.api_key


def test_a_client_that_is_closed_between_attempts_does_not_hide_what_happened(
    make_api: Any, server: Any, clock: Any
) -> None:
    """The first attempt may have charged; the second finds the client closed."""
    server.act = lambda c: c.reset()
    api = make_api(api_base=server.url)
    close = api.client.close if api.flavour == "sync" else None
    if close is None:

        async def closing(seconds: float) -> None:
            await api.client._adapter.aclose()

        api.client._sleep = closing
    else:
        api.client._sleep = lambda seconds: api.client._adapter.close()
    with pytest.raises(ClientClosedError) as caught:
        api.create_refund("ch_1", idempotency_key="k")
    assert caught.value.delivery == "maybe_processed"
    assert caught.value.idempotency_key == "k"
    assert len(caught.value.attempts) == 2


def test_one_client_serves_many_threads(server: Any) -> None:
    server.act = lambda c: c.answer(
        200, json.dumps({"id": c.request.path.rpartition("/")[2]}).encode()
    )
    wrong: list[Any] = []
    with MolamClient(Config(api_key="sk_test_1", api_base=server.url)) as client:

        def work(worker: int) -> None:
            for number in range(20):
                name = f"ref_{worker}_{number}"
                if client.retrieve_refund(name)["id"] != name:
                    wrong.append(name)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert len(server.seen) == 160


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_client_made_before_fork_works_in_the_child(server: Any) -> None:
    script = f"""
import os, sys
from molam_sdk import Config, MolamClient
client = MolamClient(Config(api_key="sk_test_1", api_base={server.url!r}))
client.retrieve_refund("ok")
child = os.fork()
if child == 0:
    client.retrieve_refund("ok")
    os._exit(0)
_, status = os.waitpid(child, 0)
client.retrieve_refund("ok")
sys.exit(os.waitstatus_to_exitcode(status))
"""
    server.act = lambda c: c.answer()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [seen.connection for seen in server.seen] == [1, 2, 1]


def test_an_async_client_serves_one_event_loop_after_another(server: Any) -> None:
    client = MolamAsyncClient(Config(api_key="sk_test_1", api_base=server.url))
    for _ in range(3):
        assert asyncio.run(client.retrieve_refund("ok"))["id"] == "pi_1"
    assert server.connections == 3
    server.wait_until(lambda: not server.open)  # each went with its loop
    asyncio.run(client.aclose())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_async_client_runs_on_asyncio_and_trio(backend: str, server: Any) -> None:
    answers = iter([503, 200])
    server.act = lambda c: c.answer(next(answers))

    async def shop() -> Any:
        config = Config(api_key="sk_test_1", api_base=server.url)
        async with MolamAsyncClient(config, world=instant()) as client:
            return await client.create_refund("ch_1", idempotency_key="k")

    refund = anyio.run(shop, backend=backend)
    assert refund["id"] == "pi_1"
    assert len(server.seen) == 2


def instant() -> Any:
    """Real time, and jitter such that pauses are as short as they get."""
    return SimpleNamespace(
        monotonic=time.monotonic, now=lambda: datetime.now(timezone.utc), random=lambda: 0.0
    )


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("during", ["attempt", "pause"])
def test_a_cancelled_call_logs_its_key_and_poisons_nothing(
    backend: str, during: str, server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    asked = threading.Event()

    def act(c: Any) -> None:
        if len(server.seen) > 1:
            c.answer()
        elif during == "attempt":
            asked.set()
            c.closing.wait(5)
            c.hang_up()
        else:
            c.answer(503, b"")

    server.act = act

    async def shop() -> None:
        config = Config(api_key="sk_test_1", api_base=server.url)
        async with MolamAsyncClient(config) as client:
            with anyio.move_on_after(0.2) as scope:
                await client.create_refund("ch_1", idempotency_key="order-7")
            assert scope.cancelled_caught
            assert (await client.retrieve_refund("ok"))["id"] == "pi_1"

    anyio.run(shop, backend=backend)
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "order-7" in record.getMessage()
    assert "interrupted" in record.getMessage()


def test_an_interrupted_pause_logs_the_key_too(caplog: pytest.LogCaptureFixture) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    client = MolamClient(CONFIG, Recorder((503, "", {})), sleep=interrupt)
    with pytest.raises(KeyboardInterrupt):
        client.create_refund("ch_1", idempotency_key="order-8")
    assert "order-8" in caplog.text


def test_a_bug_in_an_adapter_passes_unchanged_and_the_key_is_logged(
    make_api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    api = make_api(Recorder(ZeroDivisionError("a bug")))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        api.create_refund("ch_1", idempotency_key="order-9")
    assert "order-9" in caplog.text


def test_an_adapter_that_runs_out_of_answers_is_never_a_success(make_api: Any) -> None:
    answers = iter([])

    class Spent:
        def send(self, **request: Any) -> Any:
            return next(answers)

    api = make_api(Spent())
    with pytest.raises(RuntimeError):
        api.create_refund("ch_1", idempotency_key="k")


@pytest.mark.parametrize("answer", [None, 200, (200,), (200, "{}"), ("x", "{}", {}), (200, {}, 5)])
def test_an_adapter_that_answers_nonsense_is_told_what_was_expected(
    answer: Any, make_api: Any
) -> None:
    api = make_api(Recorder(answer))
    with pytest.raises((TypeError, AttributeError)):
        api.retrieve_refund("r", max_retries=0)


def test_a_foreign_error_of_ours_in_mid_exchange_says_nothing_about_the_fate(
    make_api: Any,
) -> None:
    with pytest.raises(MolamError) as caught:
        make_api(Recorder(MolamError("?"))).create_refund("ch_1", idempotency_key="k")
    assert caught.value.delivery == "maybe_processed"


def test_a_client_is_freed_when_it_is_let_go() -> None:
    client = MolamClient(CONFIG, Recorder())
    client.retrieve_refund("r")
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None


def test_building_a_client_leaves_no_import_to_the_first_payment() -> None:
    script = """
import sys
from molam_sdk import Config, MolamClient, MolamAsyncClient
class Canned:
    def send(self, **request):
        return 200, '{"id": "x", "status": "y", "data": [], "has_more": false}', {}
client = MolamClient(Config(api_key="sk_test_1"), Canned())
before = set(sys.modules)
client.create_payout("m", "e", 5.5, "USD", {"type": "wallet", "wallet_id": "w"}, {"a": 1}, "k")
client.list_refunds(limit=1)
try:
    client.retrieve_refund("")
except ValueError:
    pass
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_building_a_blocking_client_loads_nothing_that_it_has_no_use_for() -> None:
    script = """
import sys
# httpx and httpcore import these where they find them.
sys.modules.update(dict.fromkeys(["click", "rich", "trio"]))
from molam_sdk import Config, MolamClient
MolamClient(Config(api_key="sk_test_1"))
idle = {"asyncio", "attr", "dateutil", "molam_overlays.watch.hooks", "platform", "sqlite3", "uuid"}
print(sorted(idle & sys.modules.keys()))
"""
    # Without the site module, whose .pth files may import anything.
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_importing_the_package_alone_loads_next_to_nothing() -> None:
    script = """
import sys
import molam_sdk
print([name for name in ("httpx", "attrs", "dateutil", "asyncio", "json") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_no_call_warns_of_deprecation_by_itself(make_api: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_api(Recorder()).retrieve_refund("r")
