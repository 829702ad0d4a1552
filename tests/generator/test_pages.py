"""The pages about the API: true to the document, and every sample runs as it stands."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest

from generator.command import OUTPUT, PAGES, run
from generator.emit import ROOT
from generator.pages.tree import difference
from generator.pages.words import cell, code
from generator.write.disk import read
from molam_overlays.outcome import ruling_of

DOCUMENT: dict[str, Any] = json.loads((OUTPUT / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS = {
    (method.upper(), path): one
    for path, item in DOCUMENT["paths"].items()
    for method, one in item.items()
    if method in ("get", "post")
}
SAMPLE = re.compile(r"```\{code-block\} (python|sh)\n:caption: (\w+)\n\n(.*?)```", re.DOTALL)
SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def sections() -> Iterator[tuple[str, str]]:
    for tag in DOCUMENT["tags"]:
        yield from SECTION.findall(page(f"{tag['name']}.md"))


class Asked(NamedTuple):
    """What a server was asked."""

    method: str
    path: str
    query: dict[str, str]
    key: str | None
    authorization: str | None
    body: Any


class Example(BaseHTTPRequestHandler):
    """Answers with the document's example, and notes what it was asked."""

    asked: list[Asked]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.asked.append(
            Asked(
                self.command,
                parts.path,
                query,
                self.headers.get("Idempotency-Key"),
                self.headers.get("Authorization"),
                body,
            )
        )
        answer = example_of(self.command, parts.path)
        if query.get("offset", "0") != "0":
            answer = {"data": [], "has_more": False}
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def example_of(method: str, path: str) -> Any:
    for (verb, template), one in OPERATIONS.items():
        if verb == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            (media,) = next(iter(one["responses"].values()))["content"].values()
            return next(iter(media["examples"].values()))["value"]
    raise AssertionError(f"no operation {method} {path}")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Asked]]:
    asked: list[Asked] = []
    handler = type("Handler", (Example,), {"asked": asked})
    listening = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    monkeypatch.setenv("MOLAM_API_KEY", "sk_test_pages")
    monkeypatch.setenv("MOLAM_API_BASE", f"http://127.0.0.1:{listening.server_port}")
    yield asked
    listening.shutdown()
    listening.server_close()
    thread.join()


def test_every_operation_event_and_error_code_has_its_place() -> None:
    documented = {f"{method} {path}" for method, path in OPERATIONS}
    shown = {found for _, text in sections() for found in re.findall(r"^`(\w+ /\S+)`$", text, re.M)}
    assert shown == documented
    events = dict(SECTION.findall(page("events.md")))
    assert {re.search(r"`([\w.]+)`", text)[1] for text in events.values()} == set(
        DOCUMENT["webhooks"]
    )
    assert set(dict(SECTION.findall(page("errors.md")))) == documented_codes()


def documented_codes() -> set[str]:
    return {
        example["value"]["error"]["code"]
        for response in DOCUMENT["components"]["responses"].values()
        for media in response.get("content", {}).values()
        for example in media["examples"].values()
    } | {
        example["value"]["error"]["code"]
        for one in OPERATIONS.values()
        for response in one["responses"].values()
        for media in response.get("content", {}).values()
        for example in media["examples"].values()
        if "error" in example["value"]
    }


@pytest.mark.parametrize(("name", "text"), list(sections()), ids=lambda part: part[:30])
def test_samples_run_and_curl_asks_for_the_same(name: str, text: str, server: list[Asked]) -> None:
    samples = {caption: source for _, caption, source in SAMPLE.findall(text)}
    assert set(samples) == {"Blocking", "Async", "curl"}
    said = []
    for caption in ("Blocking", "Async"):
        server.clear()
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(samples[caption], f"{name}.py", "exec"), {"__name__": "__main__"})
        assert printed.getvalue()
        said.append(server[0])
    assert said[0] == said[1]
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    server.clear()
    command = ["sh", "-euc", samples["curl"]]
    done = subprocess.run(command, capture_output=True, timeout=30, env=os.environ, check=True)
    assert json.loads(done.stdout)
    (asked,) = server
    ours = said[0]
    assert (asked.method, asked.path, asked.key, asked.authorization) == (
        ours.method,
        ours.path,
        ours.key,
        ours.authorization,
    )
    assert asked.query.items() <= ours.query.items()
    assert (asked.body or {}).items() <= (ours.body or {}).items()


def test_errors_tell_what_the_client_does_of_them() -> None:
    rows = re.findall(
        r"^\| \[`(\w+)`\]\(#\w+\) \| (\w+) \| `(\w+)` \| `(\w+)` \| (yes|no) \|$",
        page("errors.md"),
        re.MULTILINE,
    )
    assert {row[0] for row in rows} == documented_codes()
    for found, status, _, delivery, repeated in rows:
        ruling = ruling_of(int(status.replace("XX", "00")), found)
        assert (ruling.delivery, ruling.repeat) == (delivery, repeated == "yes"), found


@pytest.mark.parametrize(("name", "text"), SECTION.findall(page("errors.md")))
def test_each_error_code_has_a_cause_and_a_remedy(name: str, text: str) -> None:
    cause, remedy = text.strip().split("\n\n**Do:** ")
    assert cause.endswith(".")
    assert remedy.endswith(".")


# What only a sandbox has to say.
_OF_THE_SANDBOX = {
    "fault_not_understood",
    "live_key_refused",
    "method_not_allowed",
    "unknown_path",
}


def test_the_sandbox_answers_with_documented_codes_alone() -> None:
    found = set()
    for path in (ROOT / "overlays/molam_overlays/sandbox").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "Refusal",
                "_unauthorised",
            ):
                found |= {
                    argument.value
                    for argument in node.args
                    if isinstance(argument, ast.Constant)
                    and isinstance(argument.value, str)
                    and re.fullmatch(r"[a-z]+(_[a-z]+)+", argument.value)
                }
    names = {"amount_to_capture", "scheduled_for"}
    assert len(found) > 10
    assert found - names - _OF_THE_SANDBOX <= documented_codes()


def test_an_edited_page_is_drift(capsys: pytest.CaptureFixture[str]) -> None:
    tree = read(PAGES)
    assert difference(tree, tree, "docs/api") == ""
    said = difference({**tree, "refunds.md": b"mine"}, tree, "docs/api")
    assert "docs/api/ is not what the generator emits" in said
    assert "  refunds.md\n" in said
    assert run(["check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", "a \\| b"),
        ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
        ("{role}`x|y` {{z}}", "\\{role\\}`x\\|y` \\{\\{z\\}\\}"),
        ("[here](javascript:x)", "here (javascript:x)"),
    ],
)
def test_text_of_the_document_starts_nothing_on_a_page(text: str, shown: str) -> None:
    assert cell(text) == shown


def test_code_with_bars_stays_one_cell() -> None:
    assert code("int | None") == "`int \\| None`"
