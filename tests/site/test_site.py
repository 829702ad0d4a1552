"""The documentation site as `make docs` builds it: whole, offline, searchable, and usable by everybody."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("sphinx", reason="Sphinx needs Python 3.11")

ROOT = Path(__file__).parents[2]
KNOWN_HOSTS = {
    "api.molam.com", "docs.molam.io", "github.com", "localhost:8000", "127.0.0.1:4010", "molam.github.io",
    "pradyunsg.me", "www.python-httpx.org", "www.sphinx-doc.org",
}  # fmt: skip
# One of each kind: a start, a guide with tables, emitted pages, docstrings, a page for maintainers.
LOOKED_AT = [
    "index.html",
    "guides/going-live.html",
    "api/refunds.html",
    "api/errors.html",
    "python/errors.html",
    "maintainers/changing-the-api.html",
]
LOOKS = [(1280, "dark"), (390, "light"), (390, "dark"), (1280, "light")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site: a warning is an error."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-b", "html"]
    command += ["-d", str(out / "doctrees"), str(ROOT / "docs"), str(out / "html")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return out / "html"


class Page(HTMLParser):
    """The addresses and anchors of a page, and what it loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.ids |= {value for name in ("id", "name") if (value := given.get(name))}
        if tag == "a" and (href := given.get("href")):
            self.links.append(href)
        elif tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon"):
            self.loads.append(given.get("href") or "")
        elif tag in ("script", "img") and (source := given.get("src")):
            self.loads.append(source)


def pages_of(site: Path) -> dict[Path, Page]:
    found = {}
    for path in site.rglob("*.html"):
        page = Page()
        page.feed(path.read_text(encoding="utf-8"))
        found[path] = page
    return found


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = pages_of(site)
    assert len(pages) > 30
    wrong = []
    for path, page in pages.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme == "mailto":
                continue
            if parts.netloc:
                if link in page.loads or parts.netloc not in KNOWN_HOSTS:
                    wrong.append(f"{path.relative_to(site)}: {link}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].ids if target in pages else None
            if not target.exists() or (
                parts.fragment and anchors is not None and unquote(parts.fragment) not in anchors
            ):
                wrong.append(f"{path.relative_to(site)}: {link}")
    assert wrong == []


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with chromedriver on this machine (apt install chromium-driver)")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    folder = tmp_path_factory.mktemp("browser")
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-first-run",
                 "disable-background-networking", f"user-data-dir={folder}"):  # fmt: skip
        options.add_argument(f"--{flag}")
    started = webdriver.Chrome(options, Service(driver))
    started.set_page_load_timeout(120)
    yield started
    started.quit()


def look(browser: Any, width: int, theme: str) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]},
    )
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )


@pytest.mark.parametrize("words", ["resume", "idempotency_key_reused", "create_payout"])
def test_the_search_finds_from_a_folder_without_a_server(
    site: Path, browser: Any, words: str
) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(f"{(site / 'search.html').as_uri()}?q={words}")
    found = WebDriverWait(browser, 120).until(
        lambda _: browser.find_elements("css selector", "#search-results ul.search li a")
    )
    assert found[0].get_attribute("href").startswith("file://")


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_axe_has_no_findings_and_no_page_is_too_wide(
    site: Path, browser: Any, width: int, theme: str
) -> None:
    look(browser, width, theme)
    fetched = subprocess.run([ROOT / "scripts/axe"], capture_output=True, text=True, check=False)
    if fetched.returncode:
        pytest.skip("axe-core cannot be had here")
    axe = Path(fetched.stdout.strip()).read_text(encoding="utf-8")
    wrong = []
    for name in LOOKED_AT:
        browser.get((site / name).as_uri())
        browser.execute_script(axe)
        found = browser.execute_async_script(
            "const done = arguments[0]; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a',"
            "'wcag21aa']}).then(r => done(r.violations.map(v => [v.id, v.nodes.length,"
            "v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary.slice(0, 300)])));"
        )
        wrong += [(name, *one) for one in found]
        scroll, client = browser.execute_script(
            "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
        )
        if scroll > client:
            wrong.append((name, "too wide", scroll, client))
    assert wrong == []
