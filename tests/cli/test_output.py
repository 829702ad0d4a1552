"""What long commands show of their progress, and to whom."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from molam_overlays.cli import output


@pytest.mark.parametrize(("terminal", "as_json"), [(True, False), (True, True), (False, False)])
def test_a_terminal_alone_is_shown_how_much_is_done(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, as_json: bool
) -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=terminal, width=80)
    monkeypatch.setattr(output, "err", console)
    with output.working("Purging", as_json=as_json) as told:
        told(1200)
        told(34)
    assert ("Purging 1,234" in shown.getvalue()) is (terminal and not as_json)
    assert bool(shown.getvalue()) is (terminal and not as_json)
