"""What holds for every test."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import processes
from tests.postgresql import Server, serving

# No test fails for being slow: neither a case by itself nor the making of its data.
# And none passes on one day and fails on another: examples are the same each time. To look for new
# ones: make test ARGS="--hypothesis-profile=dice".
settings.register_profile("dice", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("molam", settings.get_profile("dice"), derandomize=True, database=None)
settings.load_profile("molam")

MEMORY = "/dev/shm"
MEMORY_WANTED = 4 << 30
GENERATOR_TESTS = (Path(__file__).parent / "generator", Path(__file__).parent / "proof")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", type=int, metavar="SEED", help="another order for each SEED")


def _write_to_memory() -> None:
    """Have what tests write lie in memory where that has room, unless TMPDIR says where it goes.

    A run makes some hundred thousand files, most of which live for less than a second. On ext4 without a journal
    each takes the longer to make the more were deleted before: the stores' tests took six times as long.
    """
    if os.environ.get("TMPDIR") or not os.access(MEMORY, os.W_OK):
        return
    found = os.statvfs(MEMORY)
    if found.f_bavail * found.f_frsize >= MEMORY_WANTED and not found.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = MEMORY


def pytest_configure(config: pytest.Config) -> None:
    _write_to_memory()
    # A conftest's own hooks would not be asked about fixtures of the whole session.
    config.pluginmanager.register(processes)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seed = config.getoption("--shuffle")
    if seed is not None:
        random.Random(seed).shuffle(items)


class _NeedsPython311(pytest.Module):
    """A test module that this Python cannot even import; it is reported as skipped."""

    def collect(self) -> list[pytest.Item]:
        pytest.skip(
            "the generator's parser, openapi-python-client, needs Python 3.11",
            allow_module_level=True,
        )


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Skip the generator's tests on Python 3.10, and say why."""
    if sys.version_info < (3, 11) and any(map(module_path.is_relative_to, GENERATOR_TESTS)):
        return _NeedsPython311.from_parent(parent, path=module_path)
    return None


@pytest.fixture
def anyio_backend() -> str:
    """Run coroutine tests on asyncio; parametrize `anyio_backend` to run one on trio as well."""
    return "asyncio"


@pytest.fixture(autouse=True, scope="session")
def _no_molam_environment() -> Iterator[None]:
    """Forget the developer's own MOLAM_ variables: a test must not find a key by accident."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("MOLAM_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """A PostgreSQL for all tests of this process, who make databases of their own in it."""
    with serving() as server:
        yield server


@pytest.fixture
def postgresql(postgresql_server: Server) -> Iterator[Server]:
    """The same for one test: what it makes goes with it."""
    with postgresql_server.dropping():
        yield postgresql_server
