"""The docstring of a method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from generator.decide import prose
from generator.decide.arguments import Given, Ordered, is_key, key_place
from generator.decide.bodies import successful
from generator.decide.homes import Homes
from generator.decide.media import kind_of
from generator.decide.views import Brand
from generator.text.docstring import WIDTH, quoted, wrap
from generator.text.literal import comment
from generator.text.markdown import readable
from generator.understand.api import Api, Operation

_INDENT: Final = 8
_STREAM: Final = (
    "What to iterate over in a ``with`` block (``async with``, ``async for``); the request leaves "
    "when it begins. `timeout` bounds the first byte and then each gap."
)


def method_doc(api: Api, homes: Homes, operation: Operation, ordered: Ordered, options: str) -> str:
    """Return all that a reader of a method wants to know.

    Args:
        options: what the method calls the options of the call.
    """
    lines = _summary(operation)
    lines += prose.section("Args", _arguments(operation, ordered, options), _INDENT)
    results = prose.returned(successful(operation))
    if operation.streams:
        results.insert(0, _STREAM)
    if results:
        body = [line for text in results for line in wrap(text, WIDTH - _INDENT - 4)]
        lines += ["", "Returns:", *("    " + line if line else "" for line in body)]
    lines += prose.section("Raises", _errors(homes.brand, operation, bool(ordered)), _INDENT)
    lines += prose.section("Callbacks, sent to you", _callbacks(api, homes, operation), _INDENT)
    source = f"Source: {api.document.name}, {comment(operation.title)}"
    lines += ["", *wrap(source, WIDTH - _INDENT)]
    return quoted(lines, _INDENT)


def _summary(operation: Operation) -> list[str]:
    facts = operation.facts
    width = WIDTH - _INDENT
    summary = prose.sentence(prose.one_line(facts.get("summary")))
    description = readable(str(facts.get("description") or ""))
    lines = wrap(summary or prose.sentence(description.partition("\n\n")[0]), width)
    if not lines:
        lines = [f"Call ``{comment(operation.title)}``."]
        if len(lines[0]) > width:
            lines = wrap(lines[0], width)
    if summary and description:
        lines += ["", *wrap(prose.sentence(description), width)]
    deprecated = prose.deprecation(facts)
    if deprecated:
        lines += ["", *wrap(deprecated, width)]
    return lines


def _arguments(operation: Operation, ordered: Ordered, options: str) -> list[tuple[str, str]]:
    entries = [(one.argument, _argument(one)) for one, _ in ordered]
    key = next((one for one in operation.parameters if is_key(one)), None)
    if key is not None:
        said = prose.told(key.facts.get("description"))
        place = key_place(operation)
        entry = ("idempotency_key", f"{said} Made when left out.".strip())
        entries.insert(len(entries) if place is None else place, entry)
    said = "`timeout`, `max_retries`, `deadline`, `extra_headers`"
    medias = [media.media for one in successful(operation) for media in one.media]
    if not operation.streams and any(kind_of(media) == "bytes" for media in medias):
        said += ", `into`: a file to write the answer to as it arrives"
    return [*entries, (options, f"{said}.")]


def _argument(one: Given) -> str:
    text = one.doc
    if one.client_default:
        text += f" Default: the client's `{one.client_default}`."
    elif one.default is not None and "default" not in text.lower():
        text += f" {prose.default_of(one.default)}"
    return text.strip()


def _errors(brand: Brand, operation: Operation, takes_any: bool) -> list[tuple[str, str]]:
    errors = prose.raised(operation)
    if not any(name == "ApiError" for name, _ in errors):
        errors.append((brand.error, f"any other failure; see `{brand.package}.exceptions`."))
    if takes_any:
        errors.insert(0, ("ValidationError", "an argument breaks a rule; nothing was sent."))
    return errors


def _callbacks(api: Api, homes: Homes, operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield what the server will send back, by the name of the callback."""
    for called in operation.callbacks:
        schema = called.body.media[0].schema if called.body and called.body.media else None
        payload = ""
        if schema is not None and schema.kind == "ref":
            name = homes[api.schemas.target_or_kinds(schema).key].name
            payload = f"`{called.method.upper()}` with `{homes.package}.models.{name}`."
        said = prose.told(called.facts.get("description"), called.facts.get("summary"))
        yield comment(called.path), f"{said} {payload}".strip()
