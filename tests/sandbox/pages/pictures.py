"""The pictures in the documentation: which pages of which shop, and whether they are still true.

A picture's bytes depend on the fonts of a machine; what is on it does not. So beside the pictures
stands what the pages said when they were taken, as a digest, which a test compares.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final

import attrs

from molam_overlays.sandbox.clock import Clock
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.delivery import send
from molam_overlays.sandbox.pages.site import content_of
from molam_overlays.sandbox.scenario import Player, load
from molam_overlays.sandbox.search import Query
from molam_overlays.sandbox.state import State
from tests.sandbox.conftest import Visitor

ROOT: Final = Path(__file__).resolve().parents[3]
FOLDER: Final = ROOT / "docs/images"
START_MS: Final = 1_737_014_400_000
"""2025-01-16T08:00:00Z."""


@attrs.frozen
class Picture:
    """One picture: a page in a window."""

    name: str
    path: str
    width: int
    height: int
    theme: str


def pictures(core: Core) -> list[Picture]:
    """List the pictures of the shop that `shop` makes."""
    rows = {
        each.body["description"]: each.id
        for each in core.search.objects("payment_intent", Query()).rows
    }
    payment = f"/_sandbox/page/payment_intent/{rows['Order 1002']}"
    return [
        Picture("sandbox.png", "/", 1280, 900, "light"),
        Picture("payment.png", payment, 1280, 1500, "light"),
        Picture("payment-phone.png", payment, 390, 1400, "dark"),
        Picture("checkout.png", f"/pay/{rows['Order 1009']}", 480, 1100, "light"),
    ]


def shop(contract: Contract) -> Core:
    """Play a day of a shop, the same each time."""
    numbers = iter(range(1, 1 << 20))
    core = Core(
        contract,
        State(),
        Clock(lambda: START_MS, frozen=True),
        base_url="http://127.0.0.1:4010",
        ids=lambda prefix: f"{prefix}{next(numbers):08x}",
        signing_ms=lambda: START_MS,
    )
    core.outbox.subscribe("http://localhost:8000/webhooks", "whsec_sandbox")
    answers = iter([204, 204, 500])

    def deliver() -> None:
        while taken := core.outbox.take():
            for delivery in taken:
                send(core, lambda *_: next(answers, 204), delivery)

    for _ in Player(core, deliver).play(load("day")):
        pass
    return core


def texts(core: Core) -> dict[str, str]:
    """Return what the pages of the pictures say, by the name of the picture."""
    visitor = Visitor(core, version="0.2.0")
    return {each.name: visitor.get(each.path).text for each in pictures(core)}


def digests(told: dict[str, str]) -> dict[str, str]:
    """Return digests of pages, and of how they look."""
    style = content_of("style.css").decode()
    return {
        name: hashlib.sha256((style + _plain(text)).encode()).hexdigest()[:16]
        for name, text in told.items()
    }


def _plain(text: str) -> str:
    """Leave out what differs from one run to the next."""
    return re.sub(r"in \d+ ms", "in 0 ms", text)


def recorded() -> dict[str, Any]:
    """Return what was recorded with the pictures."""
    found: dict[str, Any] = json.loads((FOLDER / "pages.json").read_text("utf-8"))
    return found
