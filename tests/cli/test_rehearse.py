"""``molam rehearse``: each mistake that an endpoint can make is named, and no other."""

from __future__ import annotations

import hmac
import http.server
import json
import shlex
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from molam_overlays.cli.commands import application
from molam_overlays.cli.rehearse import is_loopback
from molam_overlays.sandbox.rehearsal import CHECKS
from molam_sdk._product import PRODUCT

SECRET = "whsec_of_the_shop"
TIMEOUT = 0.2
"""Seconds, where an endpoint is slow on purpose; else what Molam allows."""


class Shop:
    """An endpoint written by hand, with the mistakes that it is told to make."""

    def __init__(self, *mistakes: str) -> None:
        self.mistakes = mistakes
        self.events: set[str] = set()
        self.last = ""
        self.delivered = 0
        self.counting: Path | None = None

    def makes(self, mistake: str) -> bool:
        return mistake in self.mistakes

    def receive(self, header: str | None, body: bytes) -> int:
        if self.makes("crash"):
            return 500
        event = json.loads(body)
        if not self.verified(header, body, event):
            return 401
        if self.makes("slow"):
            time.sleep(TIMEOUT * 2)
        if event["type"] not in {"payment_intent.succeeded", "payment_intent.created"}:
            return 400 if self.makes("knows every type") else 200
        if self.known(event["id"]):
            return 500 if self.makes("duplicate breaks the constraint") else 200
        paid = event["type"] == "payment_intent.succeeded"
        if paid or self.makes("delivers on everything"):
            self.delivered += 1
            if self.counting:
                self.counting.write_text(str(self.delivered))
        return 200

    def known(self, id_: str) -> bool:
        before = id_ in self.events
        if self.makes("forgets"):
            before = False
        if self.makes("remembers the last"):
            before = id_ == self.last
        self.events.add(id_)
        self.last = id_
        return before

    def verified(self, header: str | None, body: bytes, event: Any) -> bool:
        if self.makes("verifies nothing"):
            return True
        if header is None:
            return self.makes("takes what is unsigned")
        pairs = [pair.split("=", 1) for pair in header.split(",")]
        fields = dict(pairs)
        if self.makes("verifies the time only"):
            return abs(time.time() * 1000 - int(fields["t"])) < 300_000
        signatures = [value for name, value in pairs if name == "v1"]
        if self.makes("takes the first v1"):
            signatures = signatures[:1]
        if self.makes("takes the last v1"):
            signatures = signatures[-1:]
        if self.makes("knows one key id") and fields["kid"] != "1":
            return False
        if not self.makes("forgets the time") and (
            abs(time.time() * 1000 - int(fields["t"])) > 300_000
        ):
            return False
        signed = body
        if self.makes("writes the body anew"):
            signed = json.dumps(event).encode()
        if self.makes("writes the body anew, sorted"):
            signed = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
        expected = hmac.new(SECRET.encode(), f"{fields['t']}.".encode() + signed, sha256)
        right = any(hmac.compare_digest(expected.hexdigest(), each) for each in signatures)
        if self.makes("forgives another amount") and not right:
            event["data"]["amount"] = 2500
            again = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
            expected = hmac.new(SECRET.encode(), f"{fields['t']}.".encode() + again, sha256)
            right = hmac.compare_digest(expected.hexdigest(), signatures[0])
        return right


@contextmanager
def served(shop: Shop) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(shop.receive(self.headers["Molam-Signature"], body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/webhooks"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def molam(*words: str) -> Result:
    return CliRunner().invoke(application(PRODUCT), ["rehearse", *words], env={"COLUMNS": "200"})


def rehearsed(url: str, *words: str) -> tuple[int, dict[str, Any]]:
    ran = molam(url, "--secret", SECRET, "--json", *words)
    return ran.exit_code, json.loads(ran.stdout)


def mistakes(report: dict[str, Any]) -> set[str]:
    return {each["name"] for each in report["findings"] if each["passed"] is False}


def patience(*mistakes: str) -> list[str]:
    return [f"--timeout={TIMEOUT}"] if "slow" in mistakes else []


PLANTED = {
    "takes what is unsigned": {"no_signature"},
    "forgives another amount": {"altered_body"},
    "forgets the time": {"old_signature"},
    "takes the first v1": {"second_v1"},
    "takes the last v1": {"second_v1"},
    "knows one key id": {"new_kid"},
    "writes the body anew": {"raw_body"},
    "writes the body anew, sorted": {"raw_body"},
    "knows every type": {"unknown_type"},
    "duplicate breaks the constraint": {"duplicate"},
    "slow": {"in_time"},
    "crash": {"genuine"},
    # Who verifies nothing accepts all of it.
    "verifies nothing": {"wrong_signature", "no_signature", "altered_body", "old_signature"},
    "verifies the time only": {"wrong_signature", "altered_body"},
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_mistake_is_named_and_no_other(mistake: str) -> None:
    with served(Shop(mistake)) as url:
        code, report = rehearsed(url, *patience(mistake))
    assert mistakes(report) == PLANTED[mistake], report
    assert code == 1


@pytest.mark.parametrize(
    "planted",
    [
        ("forgets the time", "takes the last v1", "knows one key id", "knows every type", "slow"),
        (
            "verifies nothing",
            "knows every type",
            "duplicate breaks the constraint",
        ),
        (
            "takes what is unsigned",
            "forgets the time",
            "takes the first v1",
            "writes the body anew",
            "duplicate breaks the constraint",
        ),
    ],
)
def test_all_mistakes_are_named_together(planted: tuple[str, ...]) -> None:
    with served(Shop(*planted)) as url:
        code, report = rehearsed(url, *patience(*planted))
    assert mistakes(report) == set().union(*(PLANTED[each] for each in planted))
    assert code == 1


def test_a_good_endpoint_passes() -> None:
    with served(Shop()) as url:
        code, report = rehearsed(url)
    assert (code, report["mistakes"]) == (0, 0), report
    assert all(each["passed"] for each in report["findings"])


def counting(path: Path) -> str:
    program = "import sys; print(open(sys.argv[1]).read())"
    return shlex.join([sys.executable, "-c", program, str(path)])


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        ("", set()),
        ("forgets", {"duplicate_effect"}),
        ("remembers the last", {"reordering_effect"}),
        ("delivers on everything", {"reordering_effect"}),
    ],
)
def test_effects_are_counted(tmp_path: Path, mistake: str, named: set[str]) -> None:
    shop = Shop(mistake)
    shop.counting = tmp_path / "delivered"
    shop.counting.write_text("0")
    with served(shop) as url:
        code, report = rehearsed(url, "--effects", counting(shop.counting), "--settle=0")
    assert mistakes(report) == named, report
    assert code == bool(named)
    assert [each["name"] for each in report["findings"]] == [each.name for each in CHECKS]


def test_a_number_that_never_changes_judges_nothing(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("7")
    with served(Shop()) as url:
        code, report = rehearsed(url, "--effects", counting(number), "--settle=0")
    assert code == 0
    unknown = [each for each in report["findings"] if each["passed"] is None]
    assert [each["name"] for each in unknown] == ["duplicate_effect", "reordering_effect"]
    assert "stayed 7" in unknown[0]["saw"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/nowhere/at/all", "did not run"),
        (shlex.join([sys.executable, "-c", "print(1.5)"]), "a whole number"),
    ],
)
def test_a_command_that_does_not_count_is_said(command: str, words: str) -> None:
    with served(Shop()) as url:
        ran = molam(url, "--secret", SECRET, "--effects", command)
    assert ran.exit_code == 1
    assert words in ran.output


def test_people_read_what_is_wrong_and_what_to_do() -> None:
    with served(Shop("knows one key id")) as url:
        ran = molam(url, "--secret", SECRET)
    assert "MISTAKE  expected that it takes a key id that it has not seen  (new_kid)" in ran.output
    assert "Seen: answered 401" in ran.output
    assert "try the secrets that you have" in ran.output
    assert f"1 mistake at {url}: new_kid" in ran.output
    assert SECRET not in ran.output


def test_nobody_there_is_not_a_mistake_but_a_failure() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ran = molam(f"http://127.0.0.1:{free.getsockname()[1]}/")
    assert ran.exit_code == 1
    assert "does not answer" in ran.output


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:8000/webhooks", True),
        ("https://127.0.0.1/", True),
        ("http://127.8.9.1:80", True),
        ("http://[::1]:8000/", True),
        ("http://shop.example/webhooks", False),
        ("http://10.0.0.1/", False),
        ("http://localhost.shop.example/", False),
        ("http://127.0.0.1@shop.example/", False),
        ("http://0.0.0.0/", False),
        ("ftp://localhost/", False),
        ("localhost:8000", False),
        ("http://[", False),
    ],
)
def test_only_this_machine_is_rehearsed_unless_told(url: str, here: bool) -> None:
    assert is_loopback(url) is here
    if not here:
        ran = molam(url)
        assert ran.exit_code == 2
        assert "--allow-remote" in ran.output.replace("\n", "")


# Our own receivers


def flask_application(handle: Callable[[Any], object]) -> Any:
    flask = pytest.importorskip("flask")
    from molam_sdk import Config, MolamClient
    from molam_sdk.contrib.flask import webhook_endpoint

    client = MolamClient(Config(api_key="sk_test_shop", webhook_secret=SECRET))
    application = flask.Flask(__name__)
    application.post("/webhooks")(webhook_endpoint(client.construct_event, handle))
    return application


def test_our_flask_receiver_passes(tmp_path: Path) -> None:
    from werkzeug.serving import make_server

    number = tmp_path / "number"
    number.write_text("0")
    seen: set[str] = set()

    def handle(event: Any) -> None:
        if event["id"] not in seen and event["type"] == "payment_intent.succeeded":
            seen.add(event["id"])
            number.write_text(str(len(seen)))

    server = make_server("127.0.0.1", 0, flask_application(handle))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.port}/webhooks"
        code, report = rehearsed(url, "--effects", counting(number), "--settle=0")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (code, report["mistakes"]) == (0, 0), report
    assert all(each["passed"] for each in report["findings"])


def test_our_fastapi_receiver_passes() -> None:
    fastapi = pytest.importorskip("fastapi")
    import uvicorn

    from molam_sdk import Config, MolamClient
    from molam_sdk.contrib.asgi import webhook_endpoint

    client = MolamClient(Config(api_key="sk_test_shop", webhook_secret=SECRET))
    application = fastapi.FastAPI()
    application.post("/webhooks")(webhook_endpoint(client.construct_event, lambda event: None))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    server = uvicorn.Server(uvicorn.Config(application, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        code, report = rehearsed(f"http://127.0.0.1:{listening.getsockname()[1]}/webhooks")
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
    assert (code, report["mistakes"]) == (0, 0), report
