"""How a request comes of settings, call, options and key: without a client, without I/O."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from molam_overlays.calls.call import Call
from molam_overlays.calls.download import Download
from molam_overlays.calls.operation import Operation
from molam_overlays.calls.retry import RetryPolicy
from molam_overlays.config import CallOptions, Config, check_retries, check_seconds
from molam_overlays.errors import ValidationError
from molam_overlays.message.extra_headers import check_headers, folded, with_extra
from molam_overlays.message.idempotency import KEY_HEADER
from molam_overlays.message.media import JSON
from molam_overlays.wire import Request

_REPLACEABLE: Final = frozenset({"accept", "user-agent"})
"""Header fields of ours that a caller may replace. Credentials are not among them."""

_PYTHON: Final = ".".join(str(number) for number in sys.version_info[:3])
OPTIONS: Final = frozenset(CallOptions.__annotations__)
"""The names of what every call takes."""


class Settings(NamedTuple):
    """What every request of a client has in common."""

    config: Config
    base: str
    """Where requests go: scheme and host, a path perhaps."""
    headers: Mapping[str, str]
    own_headers: frozenset[str]
    """Names of header fields that no caller may replace, as `folded`."""
    query: str
    """The key, where it travels in the query; else nothing."""
    elsewhere: bool
    """True for a client that was sent to another server than the document's, such as a sandbox."""

    def __repr__(self) -> str:
        return f"Settings({self.config!r})"


def settings_of(config: Config, user_agent: str) -> Settings:
    """Return the settings of a client; `user_agent` is how it introduces itself."""
    headers = {
        **config.credentials.headers(config.api_key, config.further_keys),
        "Accept": JSON,
        "User-Agent": f"{user_agent} python/{_PYTHON}",
    }
    return Settings(
        config,
        config.api_base,
        headers,
        frozenset({folded(name) for name in headers} - _REPLACEABLE),
        config.credentials.query(config.api_key, config.further_keys),
        config.api_base != config.server,
    )


def merged(settings: Settings, usual: CallOptions, given: CallOptions) -> CallOptions:
    """Return the usual options with those that were given; what is None was not given.

    Raises:
        ValidationError: a header field is malformed, or the SDK's.
    """
    found: dict[str, Any] = {**usual}
    for name, value in given.items():
        if value is not None:
            found[name] = value
    headers = given.get("extra_headers")
    if headers is not None:
        check_headers(headers, settings.own_headers)
        found["extra_headers"] = with_extra(usual.get("extra_headers", {}), headers)
    return cast("CallOptions", found)


def policy_of(config: Config, options: CallOptions) -> RetryPolicy:
    """Return how long and how often a call with these options is tried.

    Raises:
        ConfigurationError: an option has no acceptable value.
    """
    deadline = options.get("deadline")
    return RetryPolicy(
        max_retries=check_retries(options.get("max_retries", config.max_retries)),
        timeout=check_seconds("timeout", options.get("timeout", config.timeout)),
        deadline=None if deadline is None else check_seconds("deadline", deadline),
    )


def prepare(
    settings: Settings, call: Call[Any], options: CallOptions, idempotency_key: str | None
) -> Request:
    """Return the request of a call. Its `sink` is the `Download` where the options say ``into``.

    Raises:
        ValidationError: the operation needs a key, takes none, or has no file to download.
    """
    operation = call.operation
    usual = headers_of(settings, operation)
    headers = {**usual, **call.headers}
    if "Cookie" in usual and "Cookie" in call.headers:
        headers["Cookie"] = f"{usual['Cookie']}; {call.headers['Cookie']}"
    if operation.accept != JSON:
        headers["Accept"] = operation.accept
    if call.media is not None:
        headers["Content-Type"] = call.media
    if "extra_headers" in options:
        headers = with_extra(headers, options["extra_headers"])
    if idempotency_key is not None:
        if not operation.keyed:
            raise ValidationError(
                {"idempotency_key": f"has no meaning for {operation.method}, which takes none"}
            )
        headers[KEY_HEADER] = idempotency_key
    into = options.get("into")
    return Request(
        operation.method,
        _url(settings, call),
        headers,
        call.content,
        call.json,
        check_seconds("timeout", options.get("timeout", settings.config.timeout)),
        None if into is None else Download(into, operation),
    )


def headers_of(settings: Settings, operation: Operation[Any]) -> Mapping[str, str]:
    """Return the header fields that every request of an operation has."""
    own = operation.credentials
    if own is None:
        return settings.headers
    config = settings.config
    usual = config.credentials.headers(config.api_key, config.further_keys)
    kept = {name: value for name, value in settings.headers.items() if name not in usual}
    return {**own.headers(config.api_key, config.further_keys), **kept}


def _url(settings: Settings, call: Call[Any]) -> str:
    operation, config = call.operation, settings.config
    # A client that was sent elsewhere, to a sandbox for instance, goes there with all it does.
    base = operation.server if operation.server and not settings.elsewhere else settings.base
    url = f"{base}{call.target}"
    query = settings.query
    if operation.credentials is not None:
        query = operation.credentials.query(config.api_key, config.further_keys)
    if query:
        url += f"{'&' if call.query else '?'}{query}"
    return url
