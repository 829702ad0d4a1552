"""What the package and its parts are called: as the settings say, or after the document's title."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from generator.decide.naming import class_name, module_name, words
from generator.decide.views import Brand
from generator.read.settings import Settings

_EMPTY: Final = re.compile(r"apis?|the|openapi|rest|service|specification|v[0-9]+")
"""Words of a title that name nothing."""
_WORDS: Final = 4
"""A title is shortened to so many."""


def find_brand(
    settings: Settings, info: Mapping[str, Any], taken: Collection[str], package: str = ""
) -> Brand:
    """Decide on the names.

    Args:
        settings: what stands beside the document.
        info: what the document says of itself.
        taken: names of errors that there are.
        package: the import name, where the caller knows it.
    """
    package = package or settings.package or module_name(_title(info) or "sdk")
    name = settings.name or class_name(_title(info) or package)
    if f"{name}Error" in taken:
        name += "Api"
    # Headers and environment variables are ASCII; what is left of a title may not be.
    plain = re.sub(r"[^A-Za-z0-9_]", "", name).lstrip("_0123456789")
    header = "-".join(words(plain)) if plain else "Webhook"
    distribution = settings.distribution or module_name(package).strip("_").replace("_", "-")
    return Brand(
        name=name,
        package=package,
        distribution=distribution,
        version=settings.version or _version(info),
        command=settings.command or distribution,
        environment=settings.environment or (header.replace("-", "_").upper()),
        user_agent=settings.user_agent or (distribution if distribution.isascii() else "sdk"),
        signature_header=settings.signature_header or f"{header}-Signature",
    )


def _title(info: Mapping[str, Any]) -> str:
    said = words(str(info.get("title") or ""))
    kept = [word for word in said if not _EMPTY.fullmatch(word.lower())]
    return " ".join(kept[:_WORDS])


def _version(info: Mapping[str, Any]) -> str:
    """Return the document's version as a header can carry it."""
    return re.sub(r"[^A-Za-z0-9.+-]+", "-", str(info.get("version") or "")).strip("-") or "0"
