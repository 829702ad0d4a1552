"""How commands speak: for people, or as JSON; and how they fail, in one line."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import typer
from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str, *, as_json: bool = False) -> NoReturn:
    """End with exit code 1 and one clear line."""
    if as_json:
        typer.echo(json.dumps({"error": message}))
    else:
        err.print(f"[bold red]Error:[/] {_plain(message)}")
    raise typer.Exit(1)


def show_json(data: Any) -> None:
    """Print one line of JSON, at once."""
    print(json.dumps(data, ensure_ascii=False, default=str), flush=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
