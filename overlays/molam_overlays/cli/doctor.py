"""``molam doctor``: is everything as it should be? Changes nothing, shows no secret."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from email.utils import parsedate_to_datetime
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any

import attrs
import typer
from rich.markup import escape

from molam_overlays.cli.finding import Finding
from molam_overlays.cli.going_live import examine_live
from molam_overlays.cli.leftovers import leftovers
from molam_overlays.cli.output import err, out, show_json
from molam_overlays.cli.queues import examine_queues
from molam_overlays.cli.remote import AsJson
from molam_overlays.config import TEST_PREFIX
from molam_overlays.errors import MolamError
from molam_overlays.message.media import JSON
from molam_overlays.product import Product
from molam_overlays.sandbox.document import Document

SKEW_WARN_SECONDS = 30.0
SKEW_FAIL_SECONDS = 300.0
"""Beyond this, webhook signatures no longer verify."""
EXTRAS = {
    "sandbox": ("starlette", "uvicorn", "jsonschema", "jinja2"),
    "cli": ("typer", "rich"),
    "postgres": ("psycopg",),
    "otel": ("opentelemetry",),
    "speed": ("pyreqwest",),
}


def add(app: typer.Typer, product: Product) -> None:
    """Add the command."""

    @app.command()
    def doctor(
        live: Annotated[
            bool, typer.Option("--live", help="Check as well what must be right for real money.")
        ] = False,
        store: Annotated[
            str | None,
            typer.Option(
                envvar="MOLAM_STORE", help="The database of the stores, to look at as well."
            ),
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Check versions, leftovers of 0.1, settings, emitted files, the API and the clock.

        Exit code 1 if something is wrong. Secrets are never shown. A live key inside pytest is
        refused before anything is sent.
        """
        with nullcontext() if as_json else err.status("Looking"):
            findings = list(examine(product, live=live, store=store))
        wrong = any(each.state == "fail" for each in findings)
        if as_json:
            show_json({"ok": not wrong, "findings": [attrs.asdict(each) for each in findings]})
        else:
            for each in findings:
                colour = {"ok": "green", "warn": "yellow", "fail": "red"}[each.state]
                out.print(f"[{colour}]{each.state:<4}[/] {each.what:<10} {escape(each.detail)}")
        if wrong:
            raise typer.Exit(1)


def examine(
    product: Product,
    *,
    live: bool = False,
    store: str | None = None,
    environment: Mapping[str, str] | None = None,
    now: Callable[[], float] = time.time,
) -> Iterator[Finding]:
    """Look at one thing after the other.

    Args:
        product: the emitted package.
        live: look as well at what must be right for real money.
        store: the URL of the store, to look whether it keeps up.
        environment: variables to look for a running pytest in; the process's by default.
        now: the machine's clock, unix seconds.
    """
    variables = os.environ if environment is None else environment
    yield from _versions(product)
    yield _agreement(product)
    folder, noted = _emitted(product)
    yield from leftovers(folder, noted, Path.cwd(), metadata.distributions())
    if store is not None:
        yield from examine_queues(store)
    try:
        config = product.config()()
    except MolamError as error:
        yield Finding("config", "fail", str(error))
        return
    yield Finding("config", "ok", repr(config))
    moves_money = config.api_key.startswith("sk_live_")
    if moves_money and "PYTEST_CURRENT_TEST" in variables:
        yield Finding(
            "key",
            "fail",
            "A live key inside pytest: refused, nothing was sent. Give tests a key that starts "
            "with sk_test_, or use the fixture molam_client.",
        )
        return
    if config.api_key.startswith(TEST_PREFIX) and config.api_base == config.server:
        yield Finding(
            "key",
            "warn",
            f"A test key with {config.api_base}: no real money moves. Live payments "
            "need a key that starts with sk_live_.",
        )
    else:
        yield Finding("key", "ok", "live: real money moves" if moves_money else "test")
    if live:
        yield from examine_live(config, store, variables)
    yield from _reach(product, config, now)


def _versions(product: Product) -> Iterator[Finding]:
    yield Finding(
        "versions",
        "ok",
        f"{product.package} {product.version}, Python {platform.python_version()}, "
        f"{', '.join(f'{name} {metadata.version(name)}' for name in ('httpx', 'attrs'))}, "
        f"{platform.system()}",
    )
    there = [extra for extra, names in EXTRAS.items() if all(map(find_spec, names))]
    yield Finding("extras", "ok", ", ".join(there) or "none")


def _agreement(product: Product) -> Finding:
    """Compare the document in the package with the clients and events emitted from it."""
    edited = _edited(product)
    if edited:
        return Finding(
            "document",
            "fail",
            f"Not as emitted: {', '.join(edited[:5])}{' …' if edited[5:] else ''}. Reinstall; in a "
            "checkout run make drift, which says why.",
        )
    document = Document(product.document())
    emitted = _operations(product)
    missing = [one.id for one in document.operations if (one.method, one.template) not in emitted]
    events = set(product.events())
    types = set(document.webhook_types())
    missing += sorted(types - events)
    if missing:
        return Finding(
            "document",
            "fail",
            f"The emitted files do not match openapi.json: {', '.join(dict.fromkeys(missing))} "
            "missing. Reinstall; in a checkout run make generate.",
        )
    return Finding(
        "document",
        "ok",
        f"API {document.root['info']['version']}: {len(document.operations)} operations and "
        f"{len(types)} events, all emitted",
    )


def _edited(product: Product) -> list[str]:
    """Name the files of the package that differ from what the generator noted of them."""
    folder, noted = _emitted(product)
    return [name for name, told in noted.items() if _hash(folder / name) != told]


def _emitted(product: Product) -> tuple[Path, dict[str, str]]:
    """Return the package's folder, and the hashes that the generator noted of its files."""
    spec = find_spec(product.package)
    folder = Path(next(iter(spec.submodule_search_locations or ()))) if spec else Path()
    manifest = folder / ".generated.json"
    if not manifest.is_file():
        return folder, {}
    files: dict[str, str] = json.loads(manifest.read_bytes())["files"]
    return folder, files


def _hash(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _operations(product: Product) -> set[tuple[str, str]]:
    """Return method and path of each operation that the package can call."""
    if find_spec(product.package) is None:
        return set()
    api = import_module(f"{product.package}.api")
    modules = (import_module(f"{api.__name__}.{one.name}") for one in iter_modules(api.__path__))
    return {
        (value.method, value.path)
        for module in modules
        for value in vars(module).values()
        if hasattr(value, "method") and hasattr(value, "path")
    }


def _reach(product: Product, config: Any, now: Callable[[], float]) -> Iterator[Finding]:
    from molam_overlays.transport.httpx_sync import HttpxAdapter
    from molam_overlays.wire import Request

    document = Document(product.document())
    path = next(
        each.template
        for each in document.operations
        if each.method == "GET" and "{" not in each.template
    )
    adapter = HttpxAdapter()
    # Where the document says that the key travels.
    key = config.credentials.query(config.api_key, config.further_keys)
    url = f"{config.api_base}{path}?limit=1{'&' if key else ''}{key}"
    request = Request(
        "GET",
        url,
        {**config.credentials.headers(config.api_key, config.further_keys), "Accept": JSON},
        timeout=10.0,
    )
    began = now()
    try:
        response = adapter.exchange(request)
    except MolamError as error:
        yield Finding("api", "fail", f"{config.api_base} cannot be reached: {error}")
        return
    finally:
        adapter.close()
    took = now() - began
    if response.status == 200:
        yield Finding("api", "ok", f"{config.api_base} answers in {took * 1000:.0f} ms")
    elif response.status in {401, 403}:
        yield Finding("api", "fail", f"{config.api_base} refuses the key ({response.status})")
    else:
        yield Finding("api", "fail", f"{config.api_base} answers with status {response.status}")
    yield _skew(response.headers.get("Date"), began, took)


def _skew(told: str | None, began: float, took: float) -> Finding:
    try:
        server = parsedate_to_datetime(told or "").timestamp()
    except (ValueError, TypeError):
        return Finding("clock", "warn", "The server did not tell the time.")
    # The header has whole seconds: compare with its middle, and with that of the call.
    ahead = began + took / 2 - (server + 0.5)
    side = "ahead of" if ahead > 0 else "behind"
    detail = f"{abs(ahead):.0f} s {side} the server"
    if abs(ahead) > SKEW_FAIL_SECONDS:
        return Finding(
            "clock", "fail", f"{detail}: webhook signatures cannot verify. Set the clock."
        )
    if abs(ahead) > SKEW_WARN_SECONDS:
        return Finding("clock", "warn", f"{detail}. Let the system keep its clock by NTP.")
    return Finding("clock", "ok", "in step with the server" if abs(ahead) < 1.5 else detail)
