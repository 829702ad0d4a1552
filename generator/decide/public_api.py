"""What the package hands out besides what it is emitted from: `public_api.toml`, read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from generator import toml

FILE: Final = Path(__file__).with_name("public_api.toml")


@attrs.frozen
class Module:
    """One module of re-exports."""

    name: str
    doc: str
    sources: tuple[tuple[str, tuple[str, ...]], ...]
    """Module of `molam_overlays` and names in it."""
    extra: bool
    """Whether importing it takes what only an extra installs: then nothing imports it unasked."""


@attrs.frozen
class PublicApi:
    """The table as a whole."""

    client: str
    """The class of the blocking client."""
    async_client: str
    top: Mapping[str, str]
    """Name in the package itself, to the module of the package it comes from."""
    modules: tuple[Module, ...]


def load(path: Path = FILE) -> PublicApi:
    """Read the table."""
    data = toml.read(path)
    return PublicApi(
        client=data["client"],
        async_client=data["async_client"],
        top=data["top"],
        modules=tuple(
            Module(
                name=name,
                doc=entry["doc"],
                sources=tuple((source, tuple(names)) for source, names in entry["names"].items()),
                extra=entry.get("extra", False),
            )
            for name, entry in data["modules"].items()
        ),
    )
