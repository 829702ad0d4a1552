"""A running sandbox, as the other commands see it: over HTTP, through its controls."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from molam_overlays.cli.output import fail, misuse
from molam_overlays.errors import MolamError
from molam_overlays.message.media import JSON
from molam_overlays.redact import redact_url
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request

DEFAULT_URL = "http://127.0.0.1:4010"
SandboxUrl = Annotated[
    str,
    typer.Option("--sandbox", envvar="MOLAM_SANDBOX", help="Where the sandbox is."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def check_address(option: str, url: str, *, as_json: bool) -> None:
    """End the command with exit code 2 unless a URL can be asked at all."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if not right or not url.isprintable() or " " in url:
        misuse(
            f"{option} is a URL such as {DEFAULT_URL}/webhooks; got {redact_url(url):.80}.",
            as_json=as_json,
        )


class Remote:
    """The controls of a sandbox; every failure ends the command in one line."""

    def __init__(self, url: str, *, as_json: bool) -> None:
        check_address("--sandbox", url, as_json=as_json)
        self._url = url.rstrip("/")
        self._as_json = as_json
        self._adapter = HttpxAdapter(trust_env=False)

    def close(self) -> None:
        """Close the connection."""
        self._adapter.close()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask, and return the decoded answer."""
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": JSON}
        request = Request(method, f"{self._url}/_sandbox{path}", headers, content, body, 10.0)
        try:
            response = self._adapter.exchange(request)
        except MolamError as error:
            fail(
                f"No sandbox answers at {self._url} ({error}) Start one with `molam sandbox`, or "
                "name it with --sandbox.",
                as_json=self._as_json,
            )
        try:
            answer = json.loads(response.content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or (response.status != 200 and "error" not in answer):
            fail(
                f"What answers at {self._url} is no sandbox (status {response.status}). Name the "
                "sandbox with --sandbox.",
                as_json=self._as_json,
            )
        if response.status != 200:
            fail(str(answer["error"]), as_json=self._as_json)
        return answer
