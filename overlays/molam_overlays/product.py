"""What an emitted package hands to the commands and the sandbox.

The seam between the two halves: `molam_overlays` never imports the emitted package, so
``python -m molam_sdk``, ``molam_sdk.sandbox`` and ``molam_sdk.pytest_plugin`` bring everything that
comes from the document as one `Product`. Loaders are functions, so that nothing is imported or
read before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from molam_overlays.home import OURS, home

DISTRIBUTION: Final = OURS.distribution
"""What brings this runtime."""
DOCUMENTATION: Final = "https://molam.github.io/python-sdk/"
"""Where the pages are that this package is explained on."""


@attrs.frozen(kw_only=True)
class Product:
    """The emitted package, as far as commands and sandbox need it."""

    package: str
    """Its import name, such as ``molam_sdk``."""
    version: str
    """Its version."""
    command: str = "molam"
    """The command line's name."""
    distribution: str = DISTRIBUTION
    """What is installed."""
    environment: str = "MOLAM"
    """What names of environment variables begin with."""
    signature_header: str = "Molam-Signature"
    """The header that the signature of a webhook is in."""
    document: Callable[[], Mapping[str, Any]]
    """Loads ``openapi.json``, the document the package was made from."""
    client: Callable[[], type[Any]]
    """Loads the blocking client class."""
    async_client: Callable[[], type[Any]]
    """Loads the async client class."""
    config: Callable[[], type[Any]]
    """Loads the Config class."""
    events: Callable[[], Mapping[str, type[Any]]]
    """Loads the event classes by type."""
    migrations: Path
    """The folder of SQL migrations inside the package."""


def missing_extra(extra: str, distribution: str = "") -> str:
    """Say which extra to install, in one line; of the package of this process by default."""
    distribution = distribution or home().distribution
    return f'This needs the extra `{extra}`: pip install "{distribution}[{extra}]"'
