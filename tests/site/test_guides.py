"""The guides of the site, each run as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import ROOT, run_page

GUIDES = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs/guides").glob("*.md"))]


@pytest.mark.parametrize("page", GUIDES)
def test_guide_runs_as_it_stands(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run_page(page, tmp_path, monkeypatch)
    assert ran or page == "docs/guides/going-live.md", f"{page} has no blocks"
