"""A real server on loopback: it keeps what arrives, and answers as it was told."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import attrs
from typing_extensions import Self

from .document import METHODS


@attrs.frozen
class Answer:
    """A response."""

    status: int = 200
    content: bytes = b""
    media: str = ""
    headers: dict[str, str] = attrs.field(factory=dict[str, str])


@attrs.frozen
class Arrived:
    """A request as it was on the wire."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    content: bytes

    def header(self, name: str) -> str | None:
        found = [value for field, value in self.headers if field.lower() == name.lower()]
        return found[0] if found else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet an answer: otherwise Nagle and delayed acknowledgements cost 40 ms a call.
    wbufsize = -1
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        host = self.server
        assert isinstance(host, _Server)
        size = int(self.headers.get("Content-Length") or 0)
        host.arrived.append(
            Arrived(self.command, self.path, list(self.headers.items()), self.rfile.read(size))
        )
        answer = host.answer
        self.send_response_only(answer.status)
        bodyless = answer.status in (204, 304) or self.command == "HEAD"
        if answer.media:
            self.send_header("Content-Type", answer.media)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if not bodyless:
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        if not bodyless:
            self.wfile.write(answer.content)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


for _method in METHODS:
    setattr(_Handler, f"do_{_method.upper()}", _Handler._serve)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    arrived: list[Arrived]
    answer: Answer


class Server:
    """Serves while it is entered."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.arrived = []
        self._server.answer = Answer()
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def say(self, answer: Answer) -> None:
        """Answer like this from now on, and forget what arrived."""
        self._server.answer = answer
        self._server.arrived.clear()

    @property
    def arrived(self) -> list[Arrived]:
        return list(self._server.arrived)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
