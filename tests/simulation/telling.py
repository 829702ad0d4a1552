"""A failure as a story that a person can read, and as a file that is run for ever."""

from __future__ import annotations

import json
from pathlib import Path

from tests.simulation.kernel import EPOCH, Fault
from tests.simulation.run import Outcome, Story

FOUND = Path(__file__).parent / "found"


def tell(story: Story, outcome: Outcome) -> str:
    """Tell who did what, when, what was on disk, and which invariant broke."""
    lines = [f"{story.name}: {story.about}", ""]
    for step in outcome.steps:
        words = f" {step.text}" if step.text not in ("", step.process) else ""
        struck = f"   <- {step.fault}" if step.fault else ""
        lines.append(f"{_clock(step.now):>14}  {step.process:<12} {step.place}{words}{struck}")
    lines += ["", "What was on disk and at the bank:", *(f"  {line}" for line in outcome.disk)]
    lines += ["", f"Broken: {outcome.broken}", f"Replay: {replay(outcome)}"]
    return "\n".join(lines)


def _clock(now: float) -> str:
    days, rest = divmod(now, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    day = f"{days:.0f}d " if days else ""
    return f"{day}{hours:02.0f}:{minutes:02.0f}:{seconds:06.3f}"


def replay(outcome: Outcome) -> str:
    """Return the command that makes this very run again."""
    return f'make simulate SEED="{seed_of(outcome.story, outcome.faults)}"'


def seed_of(story: str, faults: tuple[Fault, ...]) -> str:
    """Name one schedule of one story."""
    return "; ".join((story, *(str(fault) for fault in faults)))


def read_seed(text: str) -> tuple[str, tuple[Fault, ...]]:
    """Read what `seed_of` wrote."""
    story, *written = [part.strip() for part in text.split(";")]
    return story, tuple(_fault(part) for part in written if part)


def _fault(text: str) -> Fault:
    words = text.split()
    end = next(index for index, word in enumerate(words) if "#" in word or word.isdigit())
    at = " ".join(words[: end + 1])
    arg = int(words.pop()) if len(words) > end + 2 and words[-1].isdigit() else 0
    return Fault(int(at) if at.isdigit() else at, " ".join(words[end + 1 :]), arg)


def keep(story: Story, outcome: Outcome) -> Path:
    """Write a failure down, so that every run of the tests plays it again."""
    name = "-".join((story.name, *(str(fault) for fault in outcome.faults)))
    safe = "".join(letter if letter.isalnum() else "-" for letter in name)[:120].strip("-")
    path = FOUND / f"{safe}.json"
    about = {
        "seed": seed_of(outcome.story, outcome.faults),
        "broke": outcome.broken,
        "told": tell(story, outcome).splitlines(),
    }
    path.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


__all__ = ["EPOCH", "FOUND", "keep", "read_seed", "replay", "seed_of", "tell"]
