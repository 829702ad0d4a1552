# Generated from openapi/molam.yaml by python -m generator. Do not edit.

"""The command line: ``python -m molam_sdk`` and ``molam``."""

from __future__ import annotations

from molam_overlays.cli.entry import run
from molam_sdk._product import PRODUCT


def main() -> None:
    """Run the command."""
    run(PRODUCT)


if __name__ == "__main__":
    main()
