"""Pages are run as they stand; and what they link to is there.

The package index shows the README too, so its addresses are whole.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from molam_overlays.product import DOCUMENTATION
from tests.pages import ROOT, run_page


@pytest.mark.parametrize(
    "page", ["README.md", "docs/guide.md", "docs/webhooks-and-stores.md", "docs/fleets.md"]
)
def test_page_runs_as_it_stands(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_page(page, tmp_path, monkeypatch), f"{page} has no blocks"


def test_no_two_pages_give_one_order_another_payment() -> None:
    """Whoever follows one page after the other, with one sandbox, meets no key that was used."""
    told: dict[str, str] = {}
    for page in ["README.md", "docs/guide.md", *map(str, sorted(ROOT.glob("docs/guides/*.md")))]:
        text = (ROOT / page).read_text(encoding="utf-8")
        for order in set(re.findall(r'key="(order-\d{4}-\w+)"', text)):
            assert told.setdefault(order, page) == page, order


SITE = "https://molam.github.io/python-sdk/"
SOURCE = "https://github.com/molam/python-sdk"
RAW = "https://raw.githubusercontent.com/molam/python-sdk/main/"
LINK = re.compile(r"\]\(([^)\s]+)\)|<(https?://[^>]+)>")
ISSUES = f"{SOURCE}/issues"


def links(text: str) -> list[str]:
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [one or other for one, other in LINK.findall(outside)]


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "SUPPORT.md"])
def test_pages_that_are_read_elsewhere_have_whole_addresses_of_things_that_are_there(
    page: str,
) -> None:
    for link in links((ROOT / page).read_text(encoding="utf-8")):
        if link.startswith("#"):
            continue
        assert link.startswith(("https://", "http://127.0.0.1")), link
        target, _, anchor = link.partition("#")
        if target.startswith((f"{SOURCE}/blob/main/", f"{SOURCE}/tree/main/", RAW)):
            place = ROOT / re.sub(r"^.*?/main/", "", target)
            assert place.exists(), link
        elif target.startswith(SITE):
            source = ROOT / "docs" / (target.removeprefix(SITE) or "index.html")
            place = source.with_suffix(".md")
            assert place.is_file(), link
            assert not anchor or anchor in anchors(place), link
        elif target.startswith(SOURCE):
            assert target in (SOURCE, ISSUES, f"{ISSUES}/new/choose") or "/security/" in target


def anchors(place: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", place.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w-]", "", one.lower().replace(" ", "-")) for one in headings}


def test_the_addresses_of_the_project_are_said_once_and_the_same() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'Documentation = "{SITE}"' in project
    assert f'Source = "{SOURCE}"' in project
    assert DOCUMENTATION == SITE
