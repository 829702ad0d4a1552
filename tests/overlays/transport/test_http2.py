"""HTTP/2 by option, against a server that speaks nothing else."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

h2_config = pytest.importorskip("h2.config")
h2_connection = pytest.importorskip("h2.connection")
h2_events = pytest.importorskip("h2.events")


class Server:
    """Answer every request with its body; remember the connections and paths."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.seen: list[tuple[int, str]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.sockets: list[socket.socket] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            self.sockets.append(sock)
            threading.Thread(target=self.serve, args=[sock, len(self.sockets)], daemon=True).start()

    def serve(self, plain: socket.socket, number: int) -> None:
        with plain, self.context.wrap_socket(plain, server_side=True) as sock:
            assert sock.selected_alpn_protocol() == "h2"
            config = h2_config.H2Configuration(client_side=False)
            connection = h2_connection.H2Connection(config)
            connection.initiate_connection()
            sock.sendall(connection.data_to_send())
            body = b""
            while data := sock.recv(65536):
                for event in connection.receive_data(data):
                    if isinstance(event, h2_events.RequestReceived):
                        self.seen.append((number, dict(event.headers)[b":path"].decode()))
                        body = b""
                    elif isinstance(event, h2_events.DataReceived):
                        body += event.data
                        connection.acknowledge_received_data(
                            event.flow_controlled_length, event.stream_id
                        )
                    elif isinstance(event, h2_events.StreamEnded):
                        stream = event.stream_id
                        connection.send_headers(stream, [(":status", "200"), ("x-a", "b")])
                        connection.send_data(stream, body, end_stream=True)
                sock.sendall(connection.data_to_send())

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def h2_server() -> Iterator[tuple[Server, ssl.SSLContext]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2"])
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    server = Server(context)
    yield server, trust
    server.close()


def test_http2_is_spoken_and_its_connection_used_again(h2_server: Any, make: Any) -> None:
    server, trust = h2_server
    caller = make(http2=True, verify=trust)
    for number in range(3):
        response = caller.post(f"{server.url}/v1/{number}", b"%d" % number)
        assert (response.status, response.content) == (200, b"%d" % number)
        assert response.headers["X-A"] == "b"
    assert server.seen == [(1, "/v1/0"), (1, "/v1/1"), (1, "/v1/2")]
    caller.close()
