"""The locks belong together: one is a part of another, one holds what pyproject.toml declares."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-demo.lock", "requirements-lowest.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OLDEST = {"python_version": "3.10", "python_full_version": "3.10.0"}


def lines(lock: str) -> list[str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def pins(lock: str) -> list[Requirement]:
    found = [line.rstrip("\\ ") for line in lines(lock) if not line.startswith(" ")]
    return [Requirement(line) for line in found]


def declared() -> list[Requirement]:
    """What pyproject.toml wants on Python 3.10, its own extras left out."""
    groups = [PROJECT["project"]["dependencies"], PROJECT["build-system"]["requires"]]
    groups += PROJECT["project"]["optional-dependencies"].values()
    wanted = [Requirement(text) for group in groups for text in group]
    return [
        each
        for each in wanted
        if each.name != PROJECT["project"]["name"]
        and (each.marker is None or each.marker.evaluate(OLDEST))
    ]


def test_the_demo_installs_lines_of_the_whole_lock() -> None:
    whole = "\n".join(lines("requirements.lock")) + "\n"
    blocks = re.split(r"(?m)^(?=\S)", "\n".join(lines("requirements-demo.lock")) + "\n")[1:]
    assert len(blocks) > 20
    assert [block for block in blocks if block not in whole] == []


def test_the_demo_has_what_the_sandbox_and_an_editable_install_want() -> None:
    names = {canonicalize_name(pin.name) for pin in pins("requirements-demo.lock")}
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = PROJECT["project"]["dependencies"] + extras["sandbox"] + extras["cli"]
    wanted += [*PROJECT["build-system"]["requires"], "editables"]
    parsed = {canonicalize_name(Requirement(text).name) for text in wanted}
    assert parsed - names == {canonicalize_name(PROJECT["project"]["name"])}
    assert not names & {"django", "pytest", "pyright", "selenium", "mypy"}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_exact_and_has_hashes(lock: str) -> None:
    for block in re.split(r"(?m)^(?=\S)", "\n".join(lines(lock)) + "\n")[1:]:
        assert re.match(
            r"[a-z0-9][a-z0-9._-]*==\S+( ; .+)? \\\n( +--hash=sha256:\w{64}( \\)?\n)+\Z", block
        )


LEFT_OUT = {"schemathesis", "openapi-spec-validator", "cattrs"}
"""They want newer ones of what the SDK wants, and its tests do without."""


@pytest.mark.parametrize("name", sorted({each.name for each in declared()} - LEFT_OUT))
def test_the_lowest_lock_pins_the_declared_minimum(name: str) -> None:
    floors = [
        Version(spec.version)
        for each in declared()
        if each.name == name
        for spec in each.specifier
        if spec.operator in (">=", "==")
    ]
    assert floors, f"{name} declares no minimum"
    (pin,) = (
        pin
        for pin in pins("requirements-lowest.lock")
        if canonicalize_name(pin.name) == canonicalize_name(name)
    )
    (pinned,) = (Version(spec.version) for spec in pin.specifier)
    # Stubs carry the day of their release behind the version they are for.
    wanted = max(floors)
    assert (
        pinned.release[: len(wanted.release)] == wanted.release
        if "types-" in name
        else (pinned == wanted)
    ), f"{name} {pinned} is tested, {wanted} is declared"
