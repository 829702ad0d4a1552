"""What is particular to the adapters on pyreqwest; their faults are in test_faults."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from molam_overlays.errors import (
    ClientClosedError,
    ConfigurationError,
    MolamError,
    NetworkError,
)
from molam_overlays.wire import Request

pyreqwest = pytest.importorskip(
    "molam_overlays.transport.pyreqwest", reason="needs extra speed", exc_type=ImportError
)
BODY = b'{"id":"pi_1","status":"succeeded"}'


def post(url: str, timeout: float = 10) -> Request:
    return Request("POST", url, {"Authorization": "Bearer sk_test_canary"}, b"{}", None, timeout)


def test_calls_share_a_connection_and_arrive_as_sent(server: Any) -> None:
    adapter = pyreqwest.PyreqwestAdapter()
    for path in ("ok?limit=1", "chunked", "gzipped", "empty"):
        adapter.exchange(post(f"{server.url}/{path}"))
    adapter.close()
    assert {seen.connection for seen in server.seen} == {1}
    seen = server.seen[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/ok?limit=1", b"{}")
    assert seen.header("Accept-Encoding") == ["gzip, deflate"]
    assert seen.header("Content-Length") == ["2"]


@pytest.mark.parametrize("path", ["declined-and-empty", "declined-and-empty-stalled"])
def test_a_status_outlives_a_body_that_never_begins(server: Any, path: str) -> None:
    adapter = pyreqwest.PyreqwestAdapter()
    answer = adapter.exchange(post(f"{server.url}/{path}", timeout=0.3))
    assert (answer.status, answer.content, answer.cut_short) == (402, b"", True)


@pytest.mark.parametrize("path", ["declined-and-empty", "declined-and-empty-stalled"])
async def test_the_async_adapter_loses_such_a_status_only_once(server: Any, path: str) -> None:
    adapter = pyreqwest.AsyncPyreqwestAdapter()
    with pytest.raises(MolamError) as caught:
        await adapter.exchange(post(f"{server.url}/{path}", timeout=0.3))
    assert caught.value.delivery == "maybe_processed"
    for _ in range(2):
        answer = await adapter.exchange(post(f"{server.url}/{path}", timeout=0.3))
        assert (answer.status, answer.cut_short) == (402, True)
    await adapter.aclose()


@pytest.mark.parametrize("id_", ["..", ".", "%2e%2E", ".%2e", "a\\b"])
def test_an_id_that_reqwest_would_resolve_is_refused(server: Any, id_: str) -> None:
    adapter = pyreqwest.PyreqwestAdapter()
    with pytest.raises(NetworkError, match="segment of dots") as caught:
        adapter.exchange(post(f"{server.url}/v1/{id_}/ok"))
    assert (caught.value.delivery, caught.value.repeatable) == ("not_sent", False)
    assert server.seen == []


def test_a_certificate_must_be_trusted_and_can_be_given(server: Any, tmp_path: Path) -> None:
    authority = trustme.CA()
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server.tls)
    with pytest.raises(NetworkError, match="not trusted") as caught:
        pyreqwest.PyreqwestAdapter().exchange(post(f"{server.url}/ok"))
    assert (caught.value.delivery, caught.value.repeatable) == ("not_sent", False)
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    trusting = pyreqwest.PyreqwestAdapter(verify=path)
    assert trusting.exchange(post(f"{server.url}/ok")).content == BODY


@pytest.mark.parametrize(
    "arguments", [{"verify": object()}, {"verify": "/nowhere"}, {"proxy": "::"}, {"cert": "/no"}]
)
def test_settings_it_cannot_use_are_a_configuration_error(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        pyreqwest.PyreqwestAdapter(**arguments)


def test_a_closed_adapter_says_so_and_closes_twice(server: Any) -> None:
    adapter = pyreqwest.PyreqwestAdapter()
    adapter.close()
    adapter.close()
    with pytest.raises(ClientClosedError):
        adapter.exchange(post(f"{server.url}/ok"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_in_a_forked_child_it_says_so_instead_of_hanging(server: Any) -> None:
    adapter = pyreqwest.PyreqwestAdapter()
    adapter.exchange(post(f"{server.url}/ok"))
    child = os.fork()
    if child == 0:
        try:
            adapter.exchange(post(f"{server.url}/ok"))
        except ClientClosedError as error:
            os._exit(0 if "fork" in str(error) else 2)
        except BaseException:
            os._exit(3)
        os._exit(4)
    assert os.waitpid(child, 0)[1] == 0
    adapter.exchange(post(f"{server.url}/ok"))
    adapter.close()


def test_a_response_with_a_header_that_is_not_ascii_is_still_a_response(server: Any) -> None:
    response = pyreqwest.PyreqwestAdapter().exchange(post(f"{server.url}/accented"))
    assert (response.status, response.content) == (200, BODY)
    assert response.headers["X-Request-Id"] == "req_1"
    assert "X-City" not in response.headers


def test_a_certificate_for_another_host_says_so(server: Any, tmp_path: Path) -> None:
    authority = trustme.CA()
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.test").configure_cert(server.tls)
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    with pytest.raises(NetworkError, match=r"is not for 127\.0\.0\.1") as caught:
        pyreqwest.PyreqwestAdapter(verify=path).exchange(post(f"{server.url}/ok"))
    assert (caught.value.delivery, caught.value.repeatable) == ("not_sent", False)


def test_without_the_extra_one_line_says_what_to_install() -> None:
    code = "import sys; sys.modules['pyreqwest'] = None\nimport molam_overlays.transport.pyreqwest"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: molam_sdk.http.pyreqwest needs pyreqwest: pip install")
