"""Every operation of every document at hand, called over loopback and held against the document.

`scripts/prove FILE…` does the same with more calls, for any document.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from proving.proof import Proof, Verdict

ROOT = Path(__file__).parents[2]
OURS = ROOT / "openapi" / "molam.yaml"
DOCUMENTS = ROOT / "tests" / "generator" / "documents"
SHARED = ROOT.parent / "shared" / "specs"
REAL = {
    "adyen-checkout-v72.json": (28, 0),
    "adyen-transfers-v4.json": (12, 0),
    "adyen-webhooks-v1.json": (0, 48),
}
"""Operations and webhooks, as their folder's README counts them."""


def problems(verdicts: list[Verdict]) -> list[str]:
    return [f"{v.subject}: {problem}" for v in verdicts for problem in v.problems]


def test_all_of_ours_is_what_the_document_says(place: Path) -> None:
    verdicts = Proof(OURS, place, variants=3).run()
    assert problems(verdicts) == []
    # 13 operations, 14 webhooks, and the schemas together.
    assert len(verdicts) == 29
    assert all(verdict.calls for verdict in verdicts)


@pytest.mark.parametrize(
    "document", sorted(DOCUMENTS.glob("*.yaml")), ids=lambda document: document.stem
)
def test_all_of_a_document_is_what_it_says(document: Path, place: Path) -> None:
    verdicts = Proof(document, place, variants=3).run()
    assert problems(verdicts) == []
    assert verdicts
    assert all(verdict.calls for verdict in verdicts)


@pytest.mark.skipif(not SHARED.exists(), reason="the folder ../shared/specs is not here")
@pytest.mark.parametrize("name", REAL)
def test_all_of_a_real_document_is_what_it_says(name: str, place: Path) -> None:
    verdicts = Proof(SHARED / name, place, variants=2).run()
    assert problems(verdicts) == []
    webhooks = sum(verdict.subject.startswith("webhook ") for verdict in verdicts)
    assert (len(verdicts) - webhooks - 1, webhooks) == REAL[name]
    assert all(verdict.calls for verdict in verdicts)
