"""The commands, put together."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from molam_overlays.cli import doctor, rehearse, sandbox, stores, webhooks
from molam_overlays.product import DOCUMENTATION, Product

EXIT_CODES = "Exit codes: 0 done; 1 it did not work; 2 wrong usage, or an extra is not installed."


def application(product: Product) -> Any:
    """Make the command line application of a product."""
    app = typer.Typer(
        name=product.command,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        help="Molam on this machine: a sandbox of its API, and tools around it.",
        epilog=f"{EXIT_CODES} Documentation: {DOCUMENTATION}",
    )

    @app.callback(invoke_without_command=True)
    def main(
        context: typer.Context,
        version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    ) -> None:
        if version:
            typer.echo(f"{product.command} {product.version}")
        elif context.invoked_subcommand is None:
            typer.echo(context.get_help())
            raise typer.Exit(2)

    for part in (sandbox, webhooks, rehearse, doctor, stores):
        part.add(app, product)
    return app
