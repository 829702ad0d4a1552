"""What the package hands out besides what it is emitted from: `public_api.toml`, read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from generator import toml
from generator.decide.runtime import ERROR
from generator.decide.views import Brand

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

    names: Mapping[str, str]
    """Name in the package itself, to the module of the package it comes from."""
    modules: tuple[Module, ...]

    @property
    def errors(self) -> frozenset[str]:
        """The names of all errors but the one above all others, which is the brand's."""
        listed = (one.sources for one in self.modules if one.name == "exceptions")
        return frozenset(name for sources in listed for _, names in sources for name in names) - {
            ERROR
        }

    def top(self, brand: Brand) -> dict[str, str]:
        """Return these names with those that are the brand's own."""
        return {
            **self.names,
            brand.client: "client",
            brand.async_client: "async_client",
            brand.error: "exceptions",
        }


def load(path: Path = FILE) -> PublicApi:
    """Read the table."""
    data = toml.read(path)
    return PublicApi(
        names=data["top"],
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
