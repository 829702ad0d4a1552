"""The set-up for real, on a day on which others have released something.

Beside the index that is configured stands one that holds nothing but newer releases, made up, of what
the lock pins. Whatever pip a Python brings, the set-up takes what is locked.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
# What pip of some age takes the newest of, however it is pinned: a package that another one wants with
# an extra (coverage[toml]); one whose extras are many; and the build backend.
RELEASED = ("coverage", "httpx", "hatchling")
BROUGHT_ALONG = ("coverage", "pytest-cov", "pytest", "iniconfig")

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI"), reason="takes half a minute; set CI=true to run it"
)


def wheel(name: str) -> bytes:
    """A release from the future. Its backend builds nothing."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "raise ImportError('a release from the future')")
        archive.writestr(
            f"{name}-99.0.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 99.0\n"
            "Provides-Extra: toml\nProvides-Extra: http2\nProvides-Extra: socks\n",
        )
        archive.writestr(
            f"{name}-99.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{name}-99.0.dist-info/RECORD", "")
    return packed.getvalue()


@pytest.fixture(scope="module")
def future() -> Iterator[str]:
    """An index on loopback with a release 99.0 of some packages; the address of it."""
    wheels = {f"{name}-99.0-py3-none-any.whl": wheel(name) for name in RELEASED}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            *_, name = self.path.rstrip("/").split("/")
            content = wheels.get(name, b"")
            if not content:
                file = f"{name}-99.0-py3-none-any.whl"
                if file in wheels:
                    digest = hashlib.sha256(wheels[file]).hexdigest()
                    link = html.escape(f"/files/{file}#sha256={digest}")
                    content = f'<!DOCTYPE html><a href="{link}">{file}</a>'.encode()
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
            thread.join()


@cache
def at_hand(version: str) -> Path | None:
    """The Python of a version on this machine, or None. A name on PATH may be a shim for nothing."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    named = [
        shutil.which(f"python{version}"),
        *sorted(root.glob(f"versions/{version}.*/bin/python")),
    ]
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        named.insert(0, sys._base_executable)  # type: ignore[attr-defined]
    for path in filter(None, named):
        tried = subprocess.run([path, "-c", "import ensurepip, venv"], capture_output=True)
        if tried.returncode == 0:
            return Path(path)
    return None


def configured(python: Path, setting: str) -> str:
    """What pip of a Python has been told on this machine."""
    if said := os.environ.get(f"PIP_{setting.upper().replace('-', '_')}"):
        return said
    listed = subprocess.run(
        [python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    found = re.findall(rf"(?m)^(?:global|install)\.{setting}='(.*)'$", listed.stdout)
    return str(found[-1]).replace("\\n", " ") if found else ""


def checkout(folder: Path) -> Path:
    """A checkout of what the set-up reads; of the lock, the part that is at stake."""
    for name in ("pyproject.toml", "README.md", "LICENSE", "scripts/bootstrap"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    for package in ("molam_sdk", "overlays/molam_overlays"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").touch()
    demo = (ROOT / "requirements-demo.lock").read_text(encoding="utf-8")
    whole = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    more = [
        block
        for block in re.split(r"(?m)^(?=[a-z])", whole)
        if block.partition("==")[0] in BROUGHT_ALONG
    ]
    assert {block.partition("==")[0] for block in more} == set(BROUGHT_ALONG)
    (folder / "requirements-demo.lock").write_text(demo)
    (folder / "requirements.lock").write_text(demo + "".join(more))
    return folder


@pytest.mark.parametrize("version", VERSIONS)
def test_newer_releases_change_nothing(version: str, future: str, tmp_path: Path) -> None:
    python = at_hand(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    folder = checkout(tmp_path / "a checkout")
    environment = {
        **os.environ,
        "PYTHON": str(python),
        "PIP_EXTRA_INDEX_URL": f"{configured(python, 'extra-index-url')} {future}".strip(),
    }
    ran = subprocess.run(
        [folder / "scripts/bootstrap"], env=environment, capture_output=True, text=True, timeout=600
    )
    assert ran.returncode == 0, ran.stderr
    assert "making .venv with Python" in ran.stderr

    inside = folder / ".venv/bin/python"
    asked = subprocess.run(
        [inside, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=True,
    )
    installed = {
        canonicalize_name(each["name"]): each["version"] for each in json.loads(asked.stdout)
    }
    told = subprocess.run(
        [inside, "-c", "import platform; print(platform.python_version())"],
        capture_output=True,
        text=True,
        check=True,
    )
    full = {"python_version": version, "python_full_version": told.stdout.strip()}
    lock = (folder / "requirements.lock").read_text(encoding="utf-8")
    pins = [Requirement(line.rstrip("\\ ")) for line in re.findall(r"(?m)^[a-z].*$", lock)]
    wanted = {
        pin.name: str(pin.specifier).removeprefix("==")
        for pin in pins
        if pin.marker is None or pin.marker.evaluate(full)
    }
    assert set(RELEASED) < set(wanted)
    assert {name: installed.get(name) for name in wanted} == wanted
    missing = set(installed) - set(wanted)
    assert missing <= {"pip", "setuptools", "molam-sdk-python"}, missing
