"""Blocking calls: ``python -m benchmarks.workers.calls CONTENDER URL``.

An order is the number of calls; the result is the CPU time that one took, user and system, in
microseconds. What comes back is looked at, so that nobody is measured failing.
"""

from __future__ import annotations

import importlib
import json
import socket
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from benchmarks.payload import ANSWER, ORDER, PATH, PAYMENT, compact
from benchmarks.workers.loop import obey

Call = Callable[[], str]
"""Makes one call and returns the id of the payment intent."""
KEY = "sk_test_0123456789"


def molam(url: str, adapter: Any = None) -> Call:
    sdk = importlib.import_module("molam_sdk")
    make_key = importlib.import_module("molam_sdk.utils.idempotency").make_idempotency_key
    client = sdk.MolamClient(sdk.Config(api_key=KEY, api_base=url), adapter)

    def call() -> str:
        intent = client.create_payment_intent(**ORDER, idempotency_key=make_key())
        return str(intent.id)

    return call


def molam_speed(url: str) -> Call:
    pyreqwest = importlib.import_module("molam_sdk.http.pyreqwest")
    return molam(url, pyreqwest.PyreqwestAdapter())


def molam_own_client(url: str) -> Call:
    httpx = importlib.import_module("httpx")
    adapters = importlib.import_module("molam_sdk.http.adapter")
    return molam(url, adapters.HttpxAdapter(httpx.Client()))


def httpx_client(url: str) -> Call:
    httpx = importlib.import_module("httpx")
    client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})

    def call() -> str:
        return str(client.post(f"{url}{PATH}", json=ORDER).json()["id"])

    return call


def httpx_transport(url: str) -> Call:
    httpx = importlib.import_module("httpx")
    transport = httpx.HTTPTransport()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}

    def call() -> str:
        request = httpx.Request("POST", f"{url}{PATH}", headers=headers, content=compact(ORDER))
        response = transport.handle_request(request)
        return str(json.loads(response.read())["id"])

    return call


def pyreqwest(url: str) -> Call:
    builder = importlib.import_module("pyreqwest.client").SyncClientBuilder
    client = builder().build()

    def call() -> str:
        request = client.post(f"{url}{PATH}").bearer_auth(KEY).body_bytes(compact(ORDER))
        return str(json.loads(bytes(request.build().send().bytes()))["id"])

    return call


def raw_socket(url: str) -> Call:
    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname or "", parts.port or 80))
    body = compact(ORDER)
    request = (
        b"POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
    ) % (PATH.encode(), parts.netloc.encode(), KEY.encode(), len(body), body)

    def call() -> str:
        sock.sendall(request)
        answer = b""
        while not answer.endswith(ANSWER):
            answer += sock.recv(65536)
        return str(PAYMENT["id"])

    return call


def stripe(url: str) -> Call:
    stripe = importlib.import_module("stripe")
    client = stripe.StripeClient(KEY, base_addresses={"api": url})

    def call() -> str:
        return str(client.v1.payment_intents.create(params=ORDER).id)

    return call


def openai(url: str) -> Call:
    openai = importlib.import_module("openai")
    client = openai.OpenAI(api_key=KEY, base_url=url)

    def call() -> str:
        return str(client.completions.create(model="m", prompt="x" * 200).id)

    return call


def openapi_python_client(url: str) -> Call:
    sys.path.insert(0, sys.prefix)
    peer = importlib.import_module("molam_peer")
    models = importlib.import_module("molam_peer.models")
    create = importlib.import_module("molam_peer.api.payment_intents.create_payment_intent")
    client = peer.AuthenticatedClient(base_url=url, token=KEY)

    def call() -> str:
        body = models.CreatePaymentIntentRequest.from_dict(ORDER)
        answer = create.sync_detailed(client=client, body=body, idempotency_key="molam-1")
        # It reads a 200 where it expects a 201 as nothing: decode what it would have.
        parsed = answer.parsed or models.PaymentIntent.from_dict(json.loads(answer.content))
        return str(parsed.id)

    return call


CONTENDERS: dict[str, Callable[[str], Call]] = {
    "molam": molam,
    "molam-speed": molam_speed,
    "molam-own-client": molam_own_client,
    "httpx": httpx_client,
    "httpx-transport": httpx_transport,
    "pyreqwest": pyreqwest,
    "raw-socket": raw_socket,
    "stripe": stripe,
    "openai": openai,
    "openapi-python-client": openapi_python_client,
}


def main() -> None:
    name, url = sys.argv[1:]
    call = CONTENDERS[name](url)
    if call() != PAYMENT["id"]:
        raise SystemExit(f"{name} did not return the payment intent")

    def run(order: dict[str, Any]) -> dict[str, Any]:
        count = order["calls"]
        begin = time.process_time()
        for _ in range(count):
            call()
        return {"cpu": (time.process_time() - begin) / count * 1e6}

    obey(run)


if __name__ == "__main__":
    main()
