"""TLS and proxies: whom we trust, whom we go through, and what is said when it fails."""

from __future__ import annotations

import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from molam_overlays import errors
from molam_overlays.errors import ConfigurationError, NetworkError
from molam_overlays.transport.route import Proxies

BODY = b'{"id":"pi_1","status":"succeeded"}'


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def authority_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def context_for(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def tls_server(server: Any, authority: trustme.CA) -> Any:
    server.tls = context_for(authority, "127.0.0.1", "api.molam.test")
    return server


def test_an_authority_given_by_path_is_trusted(
    tls_server: Any, make: Any, authority_file: str
) -> None:
    caller = make(verify=authority_file)
    assert caller.post(f"{tls_server.url}/ok").content == BODY
    assert caller.post(f"{tls_server.url}/ok").content == BODY
    assert tls_server.connections == 1


def test_a_context_of_ones_own_is_used(tls_server: Any, make: Any, authority: trustme.CA) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    assert make(verify=context).post(f"{tls_server.url}/ok").content == BODY


def test_ssl_cert_file_is_read_from_the_environment(
    tls_server: Any, make: Any, authority_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", authority_file)
    assert make().post(f"{tls_server.url}/ok").content == BODY
    with pytest.raises(NetworkError, match="not trusted"):
        make(trust_env=False).post(f"{tls_server.url}/ok")


def test_ones_own_clients_trust_what_the_variable_or_verify_says(
    tls_server: Any, make: Any, own: str, authority_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NetworkError, match="not trusted"):
        make(own=own).post(f"{tls_server.url}/ok")
    context = ssl.create_default_context(cafile=authority_file)
    given = make(own=own, of_client={"verify": context})
    assert given.post(f"{tls_server.url}/ok").content == BODY
    monkeypatch.setenv("SSL_CERT_FILE", authority_file)
    assert make(own=own).post(f"{tls_server.url}/ok").content == BODY


def test_a_certificate_that_is_not_trusted_is_named_and_not_tried_again(
    tls_server: Any, make: Any
) -> None:
    with pytest.raises(
        NetworkError, match=rf"certificate of 127\.0\.0\.1:{tls_server.port} is not trusted: \S"
    ) as caught:
        make().post(f"{tls_server.url}/ok")
    assert (caught.value.delivery, caught.value.repeatable) == ("not_sent", False)
    assert tls_server.seen == []


def test_a_certificate_for_another_host_is_named_and_not_tried_again(
    server: Any, make: Any, authority: trustme.CA, authority_file: str
) -> None:
    server.tls = context_for(authority, "elsewhere.test")
    with pytest.raises(NetworkError, match=r"is not for 127\.0\.0\.1") as caught:
        make(verify=authority_file).post(f"{server.url}/ok")
    assert (caught.value.delivery, caught.value.repeatable) == ("not_sent", False)
    assert server.seen == []


def test_verification_can_be_turned_off(tls_server: Any, make: Any) -> None:
    assert make(verify=False).post(f"{tls_server.url}/ok").content == BODY


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_handshake_that_fails_was_not_sent(make: Any, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            sock, _ = listener.accept()
            sock.recv(10_000)
            sock.sendall(answer)
            sock.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(NetworkError, match=r"TLS|No connection") as caught:
            make().post(f"https://127.0.0.1:{listener.getsockname()[1]}/ok")
        thread.join()
    assert (caught.value.delivery, caught.value.repeatable) == ("not_sent", True)


def test_a_handshake_that_stalls_ends_with_the_timeout_and_was_not_sent(make: Any) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(errors.TimeoutError) as caught,
    ):
        make().post(f"https://127.0.0.1:{listener.getsockname()[1]}/ok", timeout=0.2)
    assert caught.value.delivery == "not_sent"


def test_a_client_certificate_is_shown(
    tls_server: Any, make: Any, authority: trustme.CA, authority_file: str, tmp_path: Path
) -> None:
    tls_server.tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls_server.tls)
    mine = authority.issue_cert("merchant@molam.test")
    bundle, key = tmp_path / "bundle.pem", tmp_path / "key.pem"
    mine.private_key_and_cert_chain_pem.write_to_path(str(bundle))
    mine.private_key_pem.write_to_path(str(key))
    for cert in (str(bundle), (str(bundle), str(key))):
        caller = make(verify=authority_file, cert=cert)
        assert caller.post(f"{tls_server.url}/ok").content == BODY


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_missing_client_certificate_was_not_sent(
    tls_server: Any,
    make_any: Any,
    authority: trustme.CA,
    authority_file: str,
    version: ssl.TLSVersion,
) -> None:
    tls_server.tls.verify_mode = ssl.CERT_REQUIRED
    tls_server.tls.maximum_version = version
    authority.configure_trust(tls_server.tls)
    for _ in range(10):  # in TLS 1.3 the server's alert and its reset race the request
        caller = make_any(verify=authority_file)
        with pytest.raises(NetworkError) as caught:
            caller.post(f"{tls_server.url}/ok")
        assert caught.value.delivery == "not_sent"
        if version is ssl.TLSVersion.TLSv1_3:
            assert "client certificate" in str(caught.value)
            assert not caught.value.repeatable
    assert tls_server.seen == []


@pytest.mark.parametrize("arguments", [{"verify": "/nowhere/ca.pem"}, {"cert": "/nowhere/me.pem"}])
def test_certificates_that_cannot_be_loaded_are_a_configuration_error(
    make: Any, arguments: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match="could not be loaded"):
        make(**arguments).post("https://127.0.0.1:9/ok")


class Proxy:
    """A proxy that connects everything to one address, and remembers what it was asked."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> None:
        self.asked: list[bytes] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://user:pass-canary@127.0.0.1:{self._listener.getsockname()[1]}"
        self.upstream = ("127.0.0.1", 0)
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, target: Any, *args: Any) -> None:
        self._threads.append(threading.Thread(target=target, args=args, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        head = b""
        with sock:
            while b"\r\n\r\n" not in head:
                got = sock.recv(65536)
                if not got:
                    return
                head += got
            self.asked.append(head)
            if not head.startswith(b"CONNECT"):
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied")
                return
            sock.sendall(self._answer)
            if not self._answer.startswith(b"HTTP/1.1 200"):
                return
            with socket.create_connection(self.upstream) as upstream:
                self._start(self._pump, upstream, sock)
                self._pump(sock, upstream)

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    running = Proxy()
    yield running
    running.close()


def test_https_goes_through_a_tunnel_and_the_proxy_never_sees_the_key(
    tls_server: Any, make: Any, authority_file: str, proxy: Proxy
) -> None:
    proxy.upstream = ("127.0.0.1", tls_server.port)
    caller = make(verify=authority_file, proxy=proxy.url)
    assert caller.post(f"https://api.molam.test:{tls_server.port}/ok").content == BODY
    assert caller.post(f"https://api.molam.test:{tls_server.port}/ok").content == BODY
    (asked,) = proxy.asked
    assert asked.startswith(b"CONNECT api.molam.test:")
    assert b"Proxy-Authorization: Basic" in asked
    assert b"canary" not in asked
    assert tls_server.connections == 1


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_the_environment_names_the_proxy(
    make: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable.lower(), proxy.url)
    assert make().post("http://api.molam.test/ok").content == b"proxied"
    assert proxy.asked[0].startswith(b"POST http://api.molam.test/ok")


@pytest.mark.parametrize("exempt", ["127.0.0.1", "*", "127.0.0.0/8", "10.1.1.1, 127.0.0.1"])
def test_no_proxy_lets_loopback_pass_by(
    server: Any, make: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, exempt: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", exempt)
    assert make().post(f"{server.url}/ok").content == BODY
    assert proxy.asked == []


def test_without_no_proxy_loopback_goes_through_the_proxy(
    server: Any, make: Any, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    assert make().post(f"{server.url}/ok").content == b"proxied"
    assert make(trust_env=False).post(f"{server.url}/ok").content == BODY


@pytest.mark.parametrize(
    ("host", "no_proxy", "proxied"),
    [
        ("api.molam.com", "molam.com", False),
        ("api.molam.com", ".molam.com", False),
        ("apimolam.com", "molam.com", True),
        ("::1", "::1", False),
        ("::1", "127.0.0.1", True),
        ("localhost", "localhost", False),
    ],
)
def test_no_proxy_matches_hosts_and_their_domains(
    monkeypatch: pytest.MonkeyPatch, host: str, no_proxy: str, proxied: bool
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", no_proxy)
    proxies = Proxies(None, trust_env=True)
    assert (proxies.proxy_for(("https", host, 443)) is not None) is proxied


def test_a_proxy_that_refuses_was_not_sent_and_its_password_is_not_shown(make: Any) -> None:
    refusing = Proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(NetworkError, match="status 407 and would not connect") as caught:
        make(proxy=refusing.url).post("https://api.molam.test/ok")
    refusing.close()
    assert caught.value.delivery == "not_sent"
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_proxy_that_is_no_url_is_refused_unseen(make: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make(proxy="gopher://user:pass-canary@127.0.0.1")
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_socks_proxy_without_its_package_says_what_to_install(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "socksio", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'httpx\[socks\]'"):
        make(proxy="socks5://127.0.0.1:1080")
