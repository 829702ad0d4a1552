"""The pages: what people see and click, without scripts, over HTTP and in a real browser."""

from __future__ import annotations

import http.client
import http.server
import json
import re
import shutil
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from molam_overlays.sandbox.clock import Clock
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.server import Server, address_of, listen
from molam_overlays.sandbox.state import State

from .conftest import INTENTS, World

EVIL = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">{{7*7}}"
)


class Site(World):
    """A world on a port, with its pages."""

    def __init__(self, contract: Contract) -> None:
        self.state = State()
        self.clock = Clock(frozen=True)
        listening = listen("127.0.0.1", 0)
        self.port = listening.getsockname()[1]
        self.core = Core(contract, self.state, self.clock, base_url=address_of(listening))
        self.checked = contract
        self.server = Server(self.core, listening, post=lambda *_: 204, version="9.9.9")
        self.server.start()

    def visit(
        self, path: str, form: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            if form is None:
                connection.request("GET", path)
            else:
                kind = {"Content-Type": "application/x-www-form-urlencoded"}
                connection.request("POST", path, urlencode(form), kind)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()


@pytest.fixture
def site(contract: Contract) -> Iterator[Site]:
    made = Site(contract)
    yield made
    made.server.stop()
    made.state.close()


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_overview_shows_objects_requests_events_and_values(site: Site) -> None:
    site.core.outbox.subscribe("http://127.0.0.1:9/hook", "whsec_1")
    intent = site.paid(description="Order 1042")
    refund = site.post(
        f"/v1/connect/charges/{intent['charge_id']}/refund", {"amount": 500}, key="key-7"
    )
    payout = site.payout()
    site.core.script("status=503")
    status, headers, page = site.visit("/")
    assert status == 200
    for expected in [
        intent["id"],
        "Order 1042",
        "USD\u00a025.00",
        refund.body["id"],
        payout.body["id"],
        "USD\u00a0500.00",
        "key-7",
        "payment_intent.succeeded",
        "http://127.0.0.1:9/hook",
        "pm_declined",
        "status=503",
        "9.9.9",
    ]:
        assert expected in page, expected
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "sk_test" not in page.replace("sk_test_</code>", "")


def test_an_empty_overview_says_what_to_do(site: Site) -> None:
    page = site.visit("/")[2]
    assert "None yet." in page
    assert "--webhook-url" in page


def test_merchants_texts_stay_text(site: Site) -> None:
    intent = site.intent(description=EVIL, metadata={EVIL: EVIL}, customer_id=EVIL[:100])
    site.confirm(intent, EVIL)
    site.get(f"{INTENTS}?customer_id={EVIL[:20]}".replace(" ", "%20"), key=EVIL[:50])
    for page in (site.visit("/")[2], site.visit(f"/pay/{intent['id']}")[2]):
        names = {tag for tag, _ in Tags(page).tags}
        assert not names & {"script", "img", "iframe", "object"}
        assert not any(name.startswith("on") for _, attrs in Tags(page).tags for name in attrs)
        assert "{{7*7}}" in page
        assert "49" not in re.findall(r">(\d+)<", page)


@pytest.mark.parametrize(
    ("action", "status", "lands"),
    [("pay", "succeeded", "thanks"), ("decline", "failed", "cart"), ("cancel", "canceled", "cart")],
)
def test_the_customer_decides_and_lands_at_the_shop(
    site: Site, action: str, status: str, lands: str
) -> None:
    intent = site.intent(
        capture=True,
        return_url="https://shop.example/thanks",
        cancel_url="https://shop.example/cart",
    )
    path = f"/pay/{intent['id']}"
    assert site.confirm(intent, None).body["redirect_url"] == f"http://127.0.0.1:{site.port}{path}"
    page = site.visit(path)[2]
    assert "USD\u00a025.00" in page
    assert page.count('name="action"') == 3
    got, headers, _ = site.visit(path, {"action": action})
    assert (got, headers["Location"]) == (303, f"https://shop.example/{lands}")
    assert site.get(f"{INTENTS}/{intent['id']}").body["status"] == status
    assert "nothing to do here" in site.visit(path)[2]
    assert site.visit(path, {"action": "pay"})[0] == 409


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,hi", None])
def test_nobody_is_sent_to_what_is_no_web_page(site: Site, url: str | None) -> None:
    intent = site.intent(capture=True, **({"return_url": url} if url else {}))
    site.confirm(intent, None)
    status, headers, page = site.visit(f"/pay/{intent['id']}", {"action": "pay"})
    assert (status, headers["Location"]) == (200, None)
    assert 'href="javascript' not in page
    assert 'href="data' not in page


def test_a_page_says_when_there_is_no_such_payment(site: Site) -> None:
    assert site.visit("/pay/pi_nowhere")[0] == 404
    intent = site.intent()
    assert site.visit(f"/pay/{intent['id']}", {"action": "steal"})[0] == 422


def test_buttons_move_the_clock_and_resend_events(site: Site) -> None:
    site.core.outbox.subscribe("http://127.0.0.1:9/", "whsec_1")
    before = site.clock.now_ms()
    assert site.visit("/_sandbox/page/clock", {"step": "hour"})[0] == 303
    assert site.clock.now_ms() - before == 3_600_000
    assert site.visit("/_sandbox/page/clock", {"step": "year"})[0] == 422
    event = site.core.trigger("payout.paid")
    assert site.visit(f"/_sandbox/page/events/{event['id']}/resend", {})[0] == 303
    assert len(site.core.outbox.events()[0]["deliveries"]) == 2
    assert site.visit("/_sandbox/page/events/evt_nowhere/resend", {})[0] == 404


# In a real browser

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
DRIVER = shutil.which("chromedriver")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
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
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
        # The pages must work without scripts.
        "blink-settings=scriptEnabled=false",
    ]:
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options, Service(DRIVER))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


def wait(browser: Any) -> Any:
    """Wait for a page: a click returns before the next one is there."""
    from selenium.webdriver.support.wait import WebDriverWait

    return WebDriverWait(browser, 15, poll_frequency=0.02)


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


@pytest.mark.parametrize(
    ("action", "status", "title"),
    [
        ("pay", "succeeded", "Shop /thanks"),
        ("decline", "failed", "Shop /cart"),
        ("cancel", "canceled", "Shop /cart"),
    ],
)
def test_a_person_clicks_through_checkout_on_a_phone(
    site: Site, browser: Any, shop: str, action: str, status: str, title: str
) -> None:
    from selenium.webdriver.common.by import By

    intent = site.intent(
        capture=True,
        description=EVIL,
        return_url=f"{shop}/thanks",
        cancel_url=f"{shop}/cart",
    )
    url = site.confirm(intent, None).body["redirect_url"]
    browser.set_window_size(390, 844)
    browser.get(url)
    wait(browser).until(lambda _: browser.title == "Pay USD\u00a025.00")
    assert EVIL in browser.find_element(By.TAG_NAME, "main").text
    button = browser.find_element(By.CSS_SELECTOR, f"button[value={action}]")
    right = button.location["x"] + button.size["width"]
    assert right <= 390, "fits the screen"
    button.click()
    wait(browser).until(lambda _: browser.title == title)
    assert site.get(f"{INTENTS}/{intent['id']}").body["status"] == status


def test_a_person_reads_the_overview_and_resends_an_event(site: Site, browser: Any) -> None:
    from selenium.webdriver.common.by import By

    site.core.outbox.subscribe("http://127.0.0.1:9/hook", "whsec_1")
    intent = site.paid(description=EVIL)
    browser.set_window_size(390, 844)
    browser.get(f"http://127.0.0.1:{site.port}/")
    wait(browser).until(lambda _: browser.title == "Molam sandbox")
    assert intent["id"] in browser.page_source
    root = browser.find_element(By.TAG_NAME, "html")
    assert int(root.get_property("scrollWidth")) <= int(root.get_property("clientWidth"))
    browser.find_element(
        By.XPATH, "//details[.//strong[text()='payment_intent.succeeded']]//button"
    ).click()
    wait(browser).until(lambda _: browser.current_url.endswith("#events"))
    newest = site.core.outbox.events()[0]
    assert len(newest["deliveries"]) == 2
    assert json.dumps(intent["id"]) in browser.page_source.replace("&quot;", '"')


def test_the_picture_in_the_readme_is_there() -> None:
    picture = Path(__file__).resolve().parents[2] / "docs/images/sandbox.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
