"""Pages over HTTP, and in a real browser."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from molam_overlays.sandbox.contract import Contract

from .visits import Site


@pytest.fixture
def site(contract: Contract) -> Iterator[Site]:
    made = Site(contract)
    yield made
    made.end()


CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
DRIVER = shutil.which("chromedriver")


def started(folder: Any, *, scripts: bool) -> Any:
    """Start a browser; the pages must work without scripts as well."""
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("no Chromium with chromedriver on this machine (apt install chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "disable-dev-shm-usage",
        "hide-scrollbars",
        f"user-data-dir={folder}",
        *([] if scripts else ["blink-settings=scriptEnabled=false"]),
    ]:
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options, Service(DRIVER))
    driver.set_page_load_timeout(30)
    return driver


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser without scripts."""
    driver = started(tmp_path_factory.mktemp("chromium"), scripts=False)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser with scripts."""
    driver = started(tmp_path_factory.mktemp("scripted"), scripts=True)
    yield driver
    driver.quit()


def wait(browser: Any) -> Any:
    """Wait for a page: a click returns before the next one is there."""
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.wait import WebDriverWait

    gone = [StaleElementReferenceException]
    return WebDriverWait(browser, 15, poll_frequency=0.02, ignored_exceptions=gone)


@pytest.fixture
def shop() -> Iterator[str]:
    """A shop's pages: each says its own path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<!doctype html><title>Shop {self.path}</title>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
