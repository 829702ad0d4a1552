"""The pictures in the documentation show what the pages say today."""

from __future__ import annotations

import re

from molam_overlays.sandbox.contract import Contract

from .pictures import FOLDER, ROOT, digests, pictures, recorded, shop, texts


def test_no_picture_is_older_than_its_page(contract: Contract) -> None:
    core = shop(contract)
    assert digests(texts(core)) == recorded(), "run .venv/bin/python scripts/screenshots"
    core.state.close()


def test_every_picture_is_there_and_shown(contract: Contract) -> None:
    core = shop(contract)
    names = {each.name for each in pictures(core)}
    core.state.close()
    for name in names:
        assert (FOLDER / name).read_bytes().startswith(b"\x89PNG")
    told = (ROOT / "docs/sandbox.md").read_text("utf-8") + (ROOT / "README.md").read_text("utf-8")
    assert names <= set(re.findall(r"images/([\w-]+\.png)", told))


def test_a_page_that_says_something_else_is_noticed(contract: Contract) -> None:
    core = shop(contract)
    told = texts(core)
    before = digests(told)
    assert digests({name: text.replace("Order", "Odrer") for name, text in told.items()}) != before
    core.state.close()
