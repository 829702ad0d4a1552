"""Binary answers that go to a file as they arrive, through real adapters."""

from __future__ import annotations

import asyncio
import gzip
import io
import sys
from pathlib import Path
from typing import Any

import pytest

from molam_overlays.calls.awaiting import Awaiting
from molam_overlays.calls.blocking import Blocking
from molam_overlays.calls.operation import Operation
from molam_overlays.config import Config
from molam_overlays.errors import DownloadError, MolamError, NetworkError, ValidationError
from molam_overlays.message.body import Result
from molam_overlays.schema.files import Binary
from molam_overlays.schema.model import Model
from molam_overlays.transport.httpx_async import AsyncHttpxAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter

REPORT: Operation[Any] = Operation(
    id="report",
    method="GET",
    path="/report",
    results=(Result(Binary(), "200", "application/pdf"), Result(Model, "200")),
)
JSON_ONLY: Operation[Any] = Operation(
    id="thing", method="GET", path="/thing", results=(Result(Model, "200"),)
)
LARGE = b"0123456789abcdef" * 20_000
PDF = "Content-Type: application/pdf"


@pytest.fixture
def loopback() -> Any:
    import importlib.util

    name = "transport_server"
    if name not in sys.modules:
        path = Path(__file__).parents[1] / "transport" / "server.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(params=["sync", "async"])
def fetch(request: pytest.FixtureRequest, loopback: Any) -> Any:
    """Serve with `act`, call once with `into`, and return the result."""

    def run(
        act: Any, into: Any, operation: Any = REPORT, limit: int = 100_000, **options: Any
    ) -> Any:
        with loopback.Server(act=act) as server:
            run.server = server  # type: ignore[attr-defined]
            config = Config(api_key="sk_test_1", api_base=server.url)
            given: Any = {"into": into, **options}
            if request.param == "sync":
                adapter = HttpxAdapter(max_response_bytes=limit)
                with Blocking(config, adapter, sleep=lambda _: None) as client:
                    return client._run(operation.call(), None, given)

            async def shop() -> Any:
                async def nap(seconds: float) -> None:
                    pass

                aadapter = AsyncHttpxAdapter(max_response_bytes=limit)
                async with Awaiting(config, aadapter, sleep=nap) as client:
                    return await client._run(operation.call(), None, given)

            return asyncio.run(shop())

    return run


def test_a_body_beyond_the_limit_goes_to_the_file(fetch: Any) -> None:
    file = io.BytesIO()
    assert fetch(lambda c: c.answer(200, LARGE, PDF), file) == b""
    assert file.getvalue() == LARGE


def test_it_is_written_as_it_arrives_and_decompressed(fetch: Any) -> None:
    pieces: list[int] = []

    class Counting(io.BytesIO):
        def write(self, part: Any) -> int:
            pieces.append(len(part))
            return super().write(part)

    content = b"\0" * 5_000_000
    file = Counting()
    fetch(lambda c: c.answer(200, gzip.compress(content), PDF, "Content-Encoding: gzip"), file)
    assert file.getvalue() == content
    assert len(pieces) > 4
    assert max(pieces) <= 1024 * 1024


def test_it_starts_where_the_file_stands_and_a_retry_starts_over(fetch: Any) -> None:
    file = io.BytesIO(b"head")
    file.seek(4)

    def act(c: Any) -> None:
        if len(fetch.server.seen) == 1:
            c.answer(200, LARGE[:70_000], PDF, length=len(LARGE))
            c.hang_up()
        else:
            c.answer(200, b"whole", PDF)

    fetch(act, file)
    assert file.getvalue() == b"headwhole"
    assert len(fetch.server.seen) == 2


def test_a_file_that_cannot_be_rewound_ends_the_call(fetch: Any) -> None:
    class Pipe:
        def write(self, part: bytes) -> None:
            pass

    def act(c: Any) -> None:
        c.answer(200, LARGE[:70_000], PDF, length=len(LARGE))
        c.hang_up()

    with pytest.raises(DownloadError, match="cannot be rewound"):
        fetch(act, Pipe())
    assert len(fetch.server.seen) == 2


def test_a_cut_off_download_is_an_error(fetch: Any) -> None:
    def act(c: Any) -> None:
        c.answer(200, LARGE[:70_000], PDF, length=len(LARGE))
        c.hang_up()

    with pytest.raises(NetworkError):
        fetch(act, io.BytesIO(), max_retries=0)


def test_a_full_disk_says_so_and_is_not_the_networks_fault(fetch: Any) -> None:
    class Full(io.BytesIO):
        def write(self, part: Any) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(DownloadError, match="could not be written"):
        fetch(lambda c: c.answer(200, LARGE, PDF), Full())
    assert len(fetch.server.seen) == 1


def test_errors_and_json_do_not_go_to_the_file(fetch: Any) -> None:
    file = io.BytesIO()
    with pytest.raises(MolamError, match="404"):
        fetch(lambda c: c.answer(404, b'{"error": {"message": "no"}}'), file)
    result = fetch(lambda c: c.answer(200, b'{"id": "1"}', "Content-Type: application/json"), file)
    assert result["id"] == "1"
    assert file.getvalue() == b""


def test_an_adapter_that_cannot_stream_is_taken_as_well(tmp_path: Path) -> None:
    from molam_overlays.wire import Headers, Response

    class Whole:
        def exchange(self, request: Any) -> Response:
            return Response(200, Headers({"Content-Type": "application/pdf"}), b"%PDF")

    config = Config(api_key="sk_test_1", api_base="http://localhost:1")
    target = tmp_path / "report.pdf"
    with target.open("wb") as file:
        assert Blocking(config, Whole())._run(REPORT.call(), None, {"into": file}) == b""
    assert target.read_bytes() == b"%PDF"


@pytest.mark.parametrize(("operation", "into"), [(REPORT, "report.pdf"), (JSON_ONLY, io.BytesIO())])
def test_into_is_for_files_and_for_operations_that_return_one(operation: Any, into: Any) -> None:
    config = Config(api_key="sk_test_1", api_base="http://localhost:1")
    client = Blocking(config)
    with pytest.raises(ValidationError) as caught:
        client._run(operation.call(), None, {"into": into})
    assert set(caught.value.errors) == {"into"}
    with pytest.raises(ValidationError, match="belongs to one call"):
        client.with_options(into=io.BytesIO())


def test_without_into_the_bytes_are_returned(fetch: Any) -> None:
    assert fetch(lambda c: c.answer(200, b"%PDF", PDF), None) == b"%PDF"
    with pytest.raises(NetworkError, match="larger than"):
        fetch(lambda c: c.answer(200, LARGE, PDF), None, limit=1000)
