"""Whose runtime this is in this process: what the package that users import calls itself.

A package that was emitted from another document says so before it imports anything else from here;
errors, pickles, logs and hints then name it. Ours says nothing, and is what is named by default.
Classes have one name in a process: of several packages, the one that was imported first has the say.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Home(NamedTuple):
    """The names; those of the settings beside our own document by default."""

    package: str = "molam_sdk"
    """Its import name, and its logger's."""
    error: str = "MolamError"
    """What it calls the root of all errors."""
    distribution: str = "molam-sdk-python"
    """What is installed."""
    environment: str = "MOLAM"
    """What names of environment variables begin with."""

    def module(self, name: str) -> str:
        """Return where users of the package find one of our own package's modules."""
        return f"{self.package}{name.removeprefix(OURS.package)}"

    def with_extra(self, name: str) -> str:
        """Return what installs an extra."""
        return f'pip install "{self.distribution}[{name}]"'


OURS: Final = Home()
_settled: list[Home] = []


def settle(*, package: str, error: str, distribution: str, environment: str) -> None:
    """Say what the package is called, once; later packages share what the first one said."""
    if not _settled:
        _settled.append(Home(package, error, distribution, environment))


def home() -> Home:
    """Return what the package is called. Whoever asks settles it."""
    if not _settled:
        _settled.append(OURS)
    return _settled[0]
