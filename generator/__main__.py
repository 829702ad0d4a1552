"""The generator's command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; exits 1 with one message when something is wrong."""
    if tuple(sys.version_info) < (3, 11):
        sys.exit(
            "generator: openapi-python-client needs Python 3.11 or newer, this is "
            f"{sys.version_info.major}.{sys.version_info.minor}. Run: "
            "PYTHON=/path/to/python3.11 make setup"
        )
    from generator.command import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
