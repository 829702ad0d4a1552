"""What 0.1 of the SDK left behind in an environment, and in a program that was written for it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from molam_overlays.cli.finding import Finding

DISTRIBUTION: Final = "molam-sdk-python"
_WANTED_THEN: Final = (
    "requests", "aiohttp", "pyjwt", "python-dotenv", "cryptography", "pydantic", "hvac",
)  # fmt: skip
_SKIPPED: Final = {"node_modules", "site-packages", "dist-packages", "__pycache__"}
_MOST_FILES, _LARGEST = 5_000, 1_000_000
_PIN: Final = re.compile(
    r"molam[-_.]sdk[-_.]python\s*(?:\[[^\]]*\bvault\b[^\]]*\]|\[[^\]]*\]\s*)?\s*(?:[=~<]=?=?\s*0\.1\b)?",
    re.IGNORECASE,
)
_OF_THE_PROGRAM: Final = (
    (
        re.compile(r"^\s*(?:import|from)\s+(responses|requests_mock|aioresponses)\b"),
        "{0} answers for requests or aiohttp, which are not used any more: take respx or an adapter",
    ),
    (
        re.compile(r"patch(?:\.object)?\(\s*[\"'](requests|aiohttp)\."),
        "{0} is patched, and not used any more: take respx or an adapter",
    ),
    (
        re.compile(r"\bexcept\b.*\b(requests\.\w+|aiohttp\.\w+)"),
        "{0} is never raised by a call any more: catch MolamError",
    ),
)


def leftovers(
    package: Path,
    emitted: Collection[str],
    program: Path,
    installed: Iterable[metadata.Distribution],
) -> Iterator[Finding]:
    """Look for what 0.1 left behind; a single ``ok`` when there is nothing.

    Args:
        package: the folder of the installed package.
        emitted: the files that belong there, by path below it.
        program: the folder of the merchant's program.
        installed: the distributions of the environment.
    """
    known = list(installed)
    found = [
        *_twice(known),
        *_strangers(package, emitted),
        *_unwanted(known),
        *_in_program(program),
    ]
    for detail in found:
        yield Finding("0.1", "warn", detail)
    if not found:
        yield Finding("0.1", "ok", "nothing of it is left here")


def _twice(installed: Iterable[metadata.Distribution]) -> Iterator[str]:
    versions = sorted({one.version for one in installed if _name(one) == DISTRIBUTION})
    if len(versions) > 1:
        yield (
            f"{DISTRIBUTION} is installed as {' and as '.join(versions)}. Uninstall it until pip finds "
            "none, and install it once."
        )


def _strangers(package: Path, emitted: Collection[str]) -> Iterator[str]:
    if not emitted:
        return
    there = {path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    strange = sorted(there - set(emitted))
    if strange:
        yield (
            f"{package} holds files of another release: {', '.join(strange[:5])}"
            f"{' …' if strange[5:] else ''}. Remove the folder, and install again."
        )


def _unwanted(installed: Iterable[metadata.Distribution]) -> Iterator[str]:
    known = list(installed)
    names = {_name(one) for one in known}
    wanted = {_bare(want) for one in known for want in one.requires or ()}
    idle = [name for name in _WANTED_THEN if name in names and name not in wanted]
    if idle:
        yield (
            f"{', '.join(idle)}: wanted by 0.1, and by nothing else that is installed here. If your "
            f"program does not import {'it' if len(idle) == 1 else 'them'}: pip uninstall {' '.join(idle)}"
        )


def _name(one: metadata.Distribution) -> str:
    return _bare(one.metadata["Name"] or "")


def _bare(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _in_program(program: Path) -> Iterator[str]:
    for path in _files(program):
        text = path.read_text(encoding="utf-8", errors="replace")
        told = _pins(text) if path.suffix != ".py" else _mocks(text)
        for number, detail in told:
            yield f"{path.relative_to(program).as_posix()}:{number}: {detail}"


def _files(program: Path) -> Iterator[Path]:
    count = 0
    for folder, below, names in os.walk(program):
        # Environments and hidden folders are not the program.
        below[:] = sorted(
            name
            for name in below
            if name not in _SKIPPED
            and name[0] != "."
            and not (Path(folder) / name / "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = Path(folder) / name
            if not (name.endswith(".py") or _names_requirements(name)):
                continue
            if (count := count + 1) > _MOST_FILES:
                return
            if path.is_file() and path.stat().st_size <= _LARGEST:
                yield path


def _names_requirements(name: str) -> bool:
    listed = name.startswith(("requirements", "constraints")) and name.endswith((".txt", ".in"))
    return listed or name in ("pyproject.toml", "setup.cfg", "Pipfile")


def _pins(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        for found in _PIN.finditer(line):
            if "vault" in found[0].lower():
                yield number, "the extra vault is gone: read the key yourself and pass api_key="
            elif re.search(r"0\.1\b", found[0]):
                yield number, f"{DISTRIBUTION} is held to 0.1"


def _mocks(text: str) -> Iterator[tuple[int, str]]:
    if "molam" not in text:
        return
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, said in _OF_THE_PROGRAM:
            if found := pattern.search(line):
                yield number, said.format(found[1])
