"""How commands speak: for people, or as JSON; and how they fail, in one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def misuse(message: str, *, as_json: bool = False) -> NoReturn:
    """End with exit code 2 and one clear line: the command was not given what it needs."""
    fail(message, as_json=as_json, code=2)


def fail(message: str, *, as_json: bool = False, code: int = 1) -> NoReturn:
    """End with an exit code and one clear line."""
    message = " ".join(message.split())
    if as_json:
        typer.echo(json.dumps({"error": message}))
    else:
        err.print(f"[bold red]Error:[/] {_plain(message)}")
    raise typer.Exit(code)


@contextmanager
def working(what: str, *, as_json: bool = False) -> Generator[Callable[[int], object], None, None]:
    """Show on a terminal, and nowhere else, that something is under way and since when.

    What it yields takes how much was done since it was last called, and shows the sum.
    """
    if as_json or not err.is_terminal:
        yield lambda done: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done: progress.advance(task, done)


def show_json(data: Any) -> None:
    """Print one line of JSON, at once."""
    print(json.dumps(data, ensure_ascii=False, default=str), flush=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
