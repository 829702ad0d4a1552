"""The benchmarks' own server, in its own process, over real sockets."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest

from benchmarks.bench import Server, running_server
from benchmarks.payload import ANSWER


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


def test_a_post_is_answered_with_a_payment_intent(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(2):
        connection.request("POST", "/v1/connect/payment_intents", b"{}")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, ANSWER)
    connection.close()


def test_requests_that_come_in_pieces_or_together_are_told_apart(server: Server) -> None:
    one = b"POST /echo HTTP/1.1\r\nHost: x\r\ncontent-length: 3\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(one[:20])
        sock.sendall(one[20:] + b"ab")
        sock.sendall(b"c" + one + b"def")
        answer = b""
        while not answer.endswith(b"def"):
            answer += sock.recv(65536)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert b"\r\n\r\nabcHTTP/1.1" in answer


def test_connections_are_counted_and_dropped_on_demand(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        made = server.ask("GET", "/connections")
        assert made["open"] == 1
        assert server.ask("GET", "/connections")["made"] == made["made"] + 1
        server.ask("POST", "/drop")
        assert sock.recv(1) == b""
