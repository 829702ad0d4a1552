"""Run the command, or say which extra is missing."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from molam_overlays.product import Product, missing_extra


def run(product: Product, arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits 2 with one line when the extra is not installed.

    Args:
        product: the emitted package.
        arguments: the words of the command line; those of the process by default.
    """
    try:
        from molam_overlays.cli.commands import application
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] in {"typer", "rich", "click", "shellingham"}:
            sys.exit(_needs("cli", product))
        raise
    application(product)(args=arguments, prog_name=product.command)


def _needs(extra: str, product: Product) -> int:
    print(
        f"{product.command} {product.version}: {missing_extra(extra, product.distribution)}",
        file=sys.stderr,
    )
    return 2
