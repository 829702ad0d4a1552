"""What `molam doctor` finds of 0.1, in an environment and in a program."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from molam_overlays.cli.leftovers import leftovers

NOTHING = [("ok", "nothing of it is left here")]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "molam_sdk").mkdir(parents=True)
    (folder / "molam_sdk" / "client.py").touch()
    install(folder, "molam-sdk-python", "0.2.0", "httpx>=0.28", "attrs")
    return folder


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    folder.mkdir()
    return folder


def install(site: Path, name: str, version: str, *requires: str) -> None:
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    wants = "".join(f"Requires-Dist: {one}\n" for one in requires)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{wants}"
    (info / "METADATA").write_text(text, encoding="utf-8")


def found(site: Path, program: Path, *emitted: str) -> list[tuple[str, str]]:
    distributions = metadata.distributions(path=[str(site)])
    listed = emitted or ("client.py",)
    return [
        (one.state, one.detail)
        for one in leftovers(site / "molam_sdk", listed, program, distributions)
    ]


def test_a_clean_environment_has_none(site: Path, program: Path) -> None:
    (program / "shop.py").write_text("import requests, molam_sdk\n", encoding="utf-8")
    (program / "requirements.txt").write_text("molam-sdk-python>=0.2,<0.3\n", encoding="utf-8")
    assert found(site, program) == NOTHING


def test_two_releases_at_once_are_found(site: Path, program: Path) -> None:
    install(site, "molam-sdk-python", "0.1.0")
    ((state, detail),) = found(site, program)
    assert state == "warn"
    assert "installed as 0.1.0 and as 0.2.0" in detail


def test_files_of_another_release_are_found(site: Path, program: Path) -> None:
    (site / "molam_sdk" / "validators.py").touch()
    ((_, detail),) = found(site, program)
    assert "validators.py" in detail


def test_packages_that_only_0_1_wanted_are_found(site: Path, program: Path) -> None:
    for name in ("requests", "aiohttp", "PyJWT"):
        install(site, name, "2.0")
    install(site, "fastapi", "1.0", "aiohttp (>=3) ; extra == 'x'")
    ((_, detail),) = found(site, program)
    assert detail.startswith("requests, pyjwt: wanted by 0.1")
    assert detail.endswith("pip uninstall requests pyjwt")


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("requirements.txt", "molam-sdk-python==0.1.0", "held to 0.1"),
        ("requirements-dev.in", "molam_sdk_python ~= 0.1", "held to 0.1"),
        (
            "pyproject.toml",
            'dependencies = ["molam-sdk-python[vault]>=0.1"]',
            "extra vault is gone",
        ),
        ("tests/test_pay.py", "from " + "responses import activate", "take respx"),
        ("tests/test_pay.py", "    import " + "aioresponses", "take respx"),
        ("tests/test_pay.py", "@mock.patch(" + '"requests.Session.post")', "take respx"),
        ("shop.py", "except (MolamError, requests" + ".Timeout):", "catch MolamError"),
    ],
)
def test_a_program_written_for_0_1_is_found(
    site: Path, program: Path, name: str, line: str, said: str
) -> None:
    path = program / name
    path.parent.mkdir(exist_ok=True)
    first = "import molam_sdk" if name.endswith(".py") else "# what the shop needs"
    path.write_text(f"{first}\n{line}\n", encoding="utf-8")
    ((state, detail),) = found(site, program)
    assert state == "warn"
    assert detail.startswith(f"{name}:2: ")
    assert said in detail


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "molam-sdk-python>=0.10\nmolam-sdk-python[sandbox]\nother==0.1\n"),
        ("shop.py", "import requests\n\ntry: ...\nexcept requests" + ".Timeout: ...\n"),
        (".venv/lib/x.py", "import molam_sdk\nimport " + "responses\n"),
        ("env/lib/x.py", "import molam_sdk\nimport " + "responses\n"),
    ],
)
def test_what_has_nothing_to_do_with_0_1_is_left_alone(
    site: Path, program: Path, name: str, text: str
) -> None:
    path = program / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text, encoding="utf-8")
    if name.startswith("env/"):
        (program / "env" / "pyvenv.cfg").touch()
    assert found(site, program) == NOTHING
