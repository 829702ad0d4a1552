"""The two drivers: `Blocking` and `Awaiting`. The only places that do I/O.

Both carry out what `call.flow` decides. What they share, which is everything but the doing, is in
`_Client`.
"""

from __future__ import annotations

import platform
import re
import sys
import time
import warnings
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from datetime import datetime, timezone
from functools import partial
from random import random
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, TypeVar, cast
from urllib.parse import urlsplit

import attrs

from molam_overlays import codec, webhooks
from molam_overlays.body import JSON
from molam_overlays.call import Send, Settle, Step, Wait, World, WriteAhead, flow
from molam_overlays.codec import AnyValue, Problems
from molam_overlays.config import CallOptions, Config, check_retries, check_seconds
from molam_overlays.download import Download
from molam_overlays.errors import (
    Attempt,
    ClientClosedError,
    ConfigurationError,
    MolamError,
    ResumeError,
    ValidationError,
)
from molam_overlays.idempotency import make_idempotency_key
from molam_overlays.observe import CallInfo, Hooks, Observer, configure_logging
from molam_overlays.operation import SAFE_METHODS, Body, Call, Operation, Result
from molam_overlays.page import bind_page
from molam_overlays.parameters import Parameter, header_problem, query_pairs
from molam_overlays.retry import RetryPolicy, RetryQuota
from molam_overlays.transport import user
from molam_overlays.transport.adapter import AsyncHTTPAdapter, HTTPAdapter
from molam_overlays.transport.httpx_sync import HttpxAdapter
from molam_overlays.wire import Request

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from molam_overlays.store.journal import Recovered

T = TypeVar("T")

KEY_LIFETIME: Final = 24 * 3600.0
"""Seconds the API remembers an idempotency key."""

_OPTIONS: Final = frozenset(CallOptions.__annotations__)
_OWN_HEADERS: Final = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "idempotency-key",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Header fields no caller may set: they decide where a request goes and what it means."""


def _now() -> datetime:
    return datetime.now(timezone.utc)


WORLD: Final = World(monotonic=time.monotonic, now=_now, random=random)


@attrs.frozen(slots=True, eq=False, repr=False)
class _Before:
    """What is known of a call that is resumed."""

    since: datetime
    attempts: tuple[Attempt, ...]


@attrs.frozen(slots=True, eq=False, repr=False)
class _Started:
    """One call under way, and what it takes to make the very same call again."""

    client: _Client
    steps: Generator[Step, Any, Any]
    call: Call[Any]
    idempotency_key: str | None
    options: CallOptions | None
    again: Callable[..., Any]
    since: datetime
    download: Download | None

    def resumed(self, error: MolamError) -> Any:
        """Repeat the call with its key, on from the attempts that failed."""
        age = (self.client._world.now() - self.since).total_seconds()
        if self.idempotency_key is not None and age > KEY_LIFETIME:
            refusal = ResumeError(
                "The server has forgotten this call's idempotency key, which is older than 24 "
                "hours: repeating it could do it twice. Look up what became of it instead."
            )
            refusal.delivery = error.delivery
            refusal.attempts = error.attempts
            refusal.idempotency_key = self.idempotency_key
            raise refusal
        before = _Before(self.since, error.attempts)
        return self.again(self.call, self.idempotency_key, self.options, before)


class _Client:
    """What both clients share: settings, options, preparation of a call."""

    sdk_version: ClassVar[str] = "0"
    config_class: ClassVar[type[Config]] = Config
    """What is built when no Config is given."""

    _asynchronous: ClassVar[bool] = False

    def __init__(
        self,
        config: Config | None,
        *,
        hooks: Hooks | None,
        world: World,
    ) -> None:
        if config is None:
            config = self.config_class()
        if not isinstance(config, Config):
            raise ConfigurationError(
                f"A client takes a Config, not {type(config).__name__}: "
                f"{type(self).__name__}(Config(api_key=…))."
            )
        self.config: Config = config
        self._options: CallOptions = {}
        self._quota = RetryQuota()
        self._observer = Observer(hooks)
        self._journal: Any = None
        self._own_store: Any = None
        self._recovery: Any = None
        self._world = world
        self._closed = [False]
        self._derived = False
        self._usual_policy = self._policy(self._options)
        self._secrets = _no_secret if config.webhook_secret is None else config.webhook_secret
        parts = urlsplit(config.api_base)
        self._base = config.api_base
        self._host, self._port, self._scheme = parts.hostname or "", parts.port, parts.scheme
        self._key_query = config.credentials.query(config.api_key, config.further_keys)
        self._own_base = config.api_base == config.server
        self._headers = {
            **config.credentials.headers(config.api_key, config.further_keys),
            "Accept": JSON,
            "User-Agent": f"molam-sdk-python/{self.sdk_version} python/{platform.python_version()}",
        }
        configure_logging()
        codec.resolve_pending()

    def _url(self, call: Call[Any]) -> str:
        operation = call.operation
        # A client that was sent elsewhere, to a sandbox for instance, goes there with all it does.
        base = operation.server if operation.server and self._own_base else self._base
        url = f"{base}{call.target}"
        query = self._key_query
        if operation.credentials is not None:
            config = self.config
            query = operation.credentials.query(config.api_key, config.further_keys)
        if query:
            url += f"{'&' if call.query else '?'}{query}"
        return url

    def _headers_of(self, operation: Operation[Any]) -> dict[str, str]:
        """Return the header fields that every request of an operation has."""
        own = operation.credentials
        if own is None:
            return self._headers
        config = self.config
        usual = config.credentials.headers(config.api_key, config.further_keys)
        kept = {name: value for name, value in self._headers.items() if name not in usual}
        return {**own.headers(config.api_key, config.further_keys), **kept}

    def _keep_journal(self, store: Any) -> None:
        # A client without a store never loads sqlite3 and what comes with it.
        from molam_overlays import recovery

        self._recovery = recovery
        if isinstance(store, str):
            store = self._own_store = recovery.store_at(store, asynchronous=self._asynchronous)
        self._journal = recovery.journal_of(store, asynchronous=self._asynchronous)
        self._account = recovery.account_of(self.config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.config!r})"

    def __copy__(self) -> Self:
        return self._derive()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._derive()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"A {type(self).__name__} holds the API key and open connections and cannot be "
            "pickled. Build one in the process that needs it."
        )

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self.__reduce__()

    def _derive(self) -> Self:
        derived = object.__new__(type(self))
        derived.__dict__.update(self.__dict__)
        derived._derived = True
        return derived

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a light copy with other defaults for its calls.

        It shares connections, retry quota and hooks with this client, which stays as it is.
        Closing the copy leaves this client open.

        Args:
            options: `timeout` and `deadline` in seconds, `max_retries`, `extra_headers`.

        Raises:
            ConfigurationError: an option has no acceptable value.
            TypeError: an option has another name.
        """
        derived = self._derive()
        if options.get("into") is not None:
            raise ValidationError({"into": "belongs to one call"})
        derived._options = self._merged(options, "with_options")
        derived._usual_policy = self._policy(derived._options)
        return derived

    def _merged(self, options: CallOptions, method: str) -> CallOptions:
        unknown = options.keys() - _OPTIONS
        if unknown:
            raise TypeError(f"{method}() got an unexpected keyword argument {sorted(unknown)[0]!r}")
        merged: dict[str, Any] = {**self._options}
        for name, value in options.items():
            if value is not None:
                merged[name] = value
        headers = options.get("extra_headers")
        if headers is not None:
            _check_headers(headers)
            merged["extra_headers"] = _with_extra(self._options.get("extra_headers", {}), headers)
        return cast("CallOptions", merged)

    def _policy(self, options: CallOptions) -> RetryPolicy:
        config = self.config
        deadline = options.get("deadline")
        return RetryPolicy(
            max_retries=check_retries(options.get("max_retries", config.max_retries)),
            timeout=check_seconds("timeout", options.get("timeout", config.timeout)),
            deadline=None if deadline is None else check_seconds("deadline", deadline),
        )

    def _start(
        self,
        call: Call[Any],
        idempotency_key: str | None,
        given: CallOptions | None,
        again: Callable[..., Any],
        before: _Before | None,
    ) -> _Started:
        if self._closed[0]:
            raise ClientClosedError(
                f"This {type(self).__name__} is closed. Build a new one; it can be kept for the "
                "life of the process."
            )
        operation = call.operation
        if operation.deprecated is not None and before is None:
            _warn(operation.deprecated)
        options, policy = self._options, self._usual_policy
        if given:
            options = self._merged(given, operation.id)
            policy = self._policy(options)
        usual = self._headers_of(operation)
        headers = {**usual, **call.headers}
        if "Cookie" in usual and "Cookie" in call.headers:
            headers["Cookie"] = f"{usual['Cookie']}; {call.headers['Cookie']}"
        if operation.accept != JSON:
            headers["Accept"] = operation.accept
        if call.media is not None:
            headers["Content-Type"] = call.media
        if "extra_headers" in options:
            headers = _with_extra(headers, options["extra_headers"])
        minted = False
        if operation.keyed:
            minted = idempotency_key is None
            idempotency_key = make_idempotency_key(idempotency_key)
            headers["Idempotency-Key"] = idempotency_key
        elif idempotency_key is not None:
            raise ValidationError(
                {"idempotency_key": f"has no meaning for {operation.method}, which takes none"}
            )
        url = self._url(call)
        host, port, scheme = self._host, self._port, self._scheme
        if operation.server:
            parts = urlsplit(url)
            host, port, scheme = parts.hostname or "", parts.port, parts.scheme
        info = CallInfo(
            operation_id=operation.id,
            method=operation.method,
            path_template=operation.path,
            idempotency_key=idempotency_key,
            host=host,
            port=port,
            scheme=scheme,
        )
        if minted:
            self._observer.key_minted(info)
        into = options.get("into")
        download = None if into is None else Download(into, operation)
        request = Request(
            operation.method,
            url,
            headers,
            call.content,
            call.json,
            policy.timeout,
            download,
        )
        steps = flow(
            call,
            request,
            idempotency_key,
            policy,
            self._quota,
            self._world,
            self._observer,
            info,
            earlier=() if before is None else before.attempts,
            journaled=self._journal is not None,
        )
        first = self._world.now() if before is None else before.since
        return _Started(self, steps, call, idempotency_key, given, again, first, download)

    def verify_webhook_signature(self, signature_header: str | None, raw_body: bytes) -> bool:
        """Check a webhook's signature; return True. A plain call on both clients.

        Args:
            signature_header: the value of ``Molam-Signature``.
            raw_body: the bytes of the body as they arrived, before any decoding.

        Raises:
            SignatureError: it does not verify, is older or newer than five minutes, or its `kid`
                names no secret of ours.
        """
        return webhooks.verify_signature(signature_header, raw_body, self._secrets)

    def _derive_unjournaled(self) -> Self:
        quiet = self._derive()
        quiet._journal = None
        return quiet

    def _journal_for_recovery(self) -> Any:
        if self._journal is None:
            raise ConfigurationError(
                "This client keeps no journal: build it with idempotency_store=…, the same store "
                "that the crashed process had."
            )
        return self._journal

    def _escape(self, method: Any, path: Any, json: Any, params: Any) -> Call[Any]:
        verb = method.upper() if isinstance(method, str) else ""
        problems: Problems = {}
        if verb not in _METHODS:
            problems["method"] = f"must be one of {', '.join(sorted(_METHODS))}"
        problem = _path_problem(path)
        if problem is not None:
            problems["path"] = problem
        pairs: list[str] = []
        if params is not None and not isinstance(params, Mapping):
            problems["params"] = f"must be a dict, not {type(params).__name__}"
        else:
            for name, value in (params or {}).items():
                pairs.extend(_query(name, value, problems))
        encoded = None
        if json is not None:
            found: Problems = {}
            encoded = _ANY_BODY.encode(json, found)
            for at, what in found.items():
                problems["json" if not at else f"json{at}" if at[0] == "[" else f"json.{at}"] = what
        if problems:
            raise ValidationError(problems)
        operation: Operation[Any] = Operation(
            id=f"{verb} {_template(path)}",
            method=verb,
            path=_template(path),
            bodies=(_ANY_BODY,),
            results=(Result(_ANY_RESULT),),
            keyed=verb not in SAFE_METHODS,
        )
        if encoded is None:
            return Call(operation, path, "&".join(pairs), {})
        return Call(
            operation, path, "&".join(pairs), {}, encoded.content, encoded.json, encoded.media
        )


_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_ANY_BODY: Final = Body(AnyValue(), required=False)
_WORD: Final = re.compile(r"v[0-9]+|[A-Za-z_-]{1,40}")


def _template(path: str) -> str:
    """Return a path whose ids, or what may be one, are left out: fit for messages and logs."""
    return "/".join(
        piece if not piece or _WORD.fullmatch(piece) else "{}" for piece in path.split("/")
    )


def _query(name: Any, value: Any, problems: Problems) -> Iterable[str]:
    if not isinstance(name, str) or not name:
        problems["params"] = "must have text as names"
        return ()
    at = f"params.{name}"
    plain = AnyValue().encode(value, at, problems)
    items = plain if isinstance(plain, list) else [plain]
    if any(isinstance(item, (dict, list)) for item in items):
        problems[at] = "must be text, a number, a boolean, or a list of these"
    if any(found == at or found.startswith(f"{at}[") for found in problems):
        return ()
    given = [item for item in items if item is not None]
    return query_pairs(Parameter(name, "query", AnyValue()), given)


def _warn(text: str) -> None:
    """Warn that an operation is deprecated, in the name of the line that calls its method."""
    frame = sys._getframe(1)
    level = 2
    ours = {__name__.partition(".")[0]}
    while frame.f_back is not None:
        home = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if home not in ours:
            if len(ours) > 1:
                break
            ours.add(home)  # the facade, in whichever package it was emitted into
        frame, level = frame.f_back, level + 1
    warnings.warn(text, DeprecationWarning, stacklevel=level)


class _AnyResult(AnyValue):
    """Any JSON value; an object is read as a model without declared fields."""

    def decode(self, wire: Any, response: Any) -> Any:
        return codec.plain_model(wire, response) if isinstance(wire, dict) else wire


_ANY_RESULT: Final = _AnyResult()


def _no_secret(kid: str) -> None:
    return None


def _path_problem(path: Any) -> str | None:
    if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
        return "must start with a single slash, such as /v1/connect/refunds; the host is api_base"
    if not path.isascii() or not path.isprintable() or set(path) & set(" ?#\\"):
        return "must be percent-encoded, without query (use params) and fragment"
    if {".", ".."} & set(path.lower().replace("%2e", ".").split("/")):
        return "must not hold dot segments"
    return None


def _check_headers(headers: Any) -> None:
    if not isinstance(headers, Mapping):
        raise ValidationError({"extra_headers": f"must be a dict, not {type(headers).__name__}"})
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ValidationError({"extra_headers": "must map text to text"})
        token = name.replace("-", "").replace("_", "")
        if not (token.isascii() and token.isalnum()):
            raise ValidationError(
                {"extra_headers": "must have header names of letters and hyphens"}
            )
        if name.lower() in _OWN_HEADERS:
            raise ValidationError({f"extra_headers.{name}": "is set by the SDK"})
        problem = header_problem(value)
        if problem is not None:
            raise ValidationError({f"extra_headers.{name}": problem})


def _with_extra(headers: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    replaced = {name.lower() for name in extra}
    kept = {name: value for name, value in headers.items() if name.lower() not in replaced}
    return {**kept, **extra}


def _attach(error: MolamError, started: _Started, *, asynchronous: bool) -> MolamError:
    if asynchronous:
        error._aresume = partial(started.resumed, error)
    else:
        error._resume = partial(started.resumed, error)
    return error


class Blocking(_Client):
    """The driver of the blocking client. Safe to share between threads."""

    def __init__(
        self,
        config: Config | None = None,
        http_adapter: HTTPAdapter | Any = None,
        *,
        hooks: Hooks | None = None,
        idempotency_store: Any = None,
        world: World = WORLD,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Build a client. Nothing is sent, and nothing is left to import.

        Args:
            config: settings; read from the environment when left out.
            http_adapter: how requests travel; httpx by default. Anything with a `send` will do.
            hooks: functions to be told what calls do.
            idempotency_store: keeps a journal of calls, so that `recover` can settle them after a
                crash: a store, its `journal()`, or a URL.
            world: clock and randomness, for tests.
            sleep: waits so many seconds, for tests.

        Raises:
            ConfigurationError: a setting is missing or malformed.
        """
        super().__init__(config, hooks=hooks, world=world)
        if idempotency_store is not None:
            self._keep_journal(idempotency_store)
        self._adapter: Any = HttpxAdapter() if http_adapter is None else http_adapter
        self._sleep = sleep
        self._exchange = user.exchange_of(self._adapter)

    def _run(
        self,
        call: Call[T],
        idempotency_key: str | None = None,
        options: CallOptions | None = None,
        before: _Before | None = None,
        most: int = 0,
    ) -> T:
        started = self._start(call, idempotency_key, options, self._run, before)
        result = self._drive(started)
        if started.download is not None:
            result = started.download.finish(result)
        if call.operation.page is not None:
            bind_page(result, call, lambda *page: self._run_following(options, *page), most)
        return cast("T", result)

    def _run_page(self, call: Call[T], options: CallOptions | None = None) -> T:
        return self._run(call, None, options)

    def _run_following(self, options: CallOptions | None, call: Call[T], most: int) -> T:
        return self._run(call, None, options, None, most)

    def _drive(self, started: _Started) -> Any:
        steps = started.steps
        answer: Any = None
        try:
            step = next(steps)
            while True:
                try:
                    if type(step) is Send:
                        try:
                            answer = self._exchange(step.request)
                        except MolamError as error:
                            answer = error
                    elif type(step) is Wait:
                        self._sleep(step.seconds)
                    elif type(step) is WriteAhead:
                        answer = self._write_ahead(step)
                    elif type(step) is Settle:
                        self._settle(step)
                except BaseException as interruption:  # noqa: BLE001 - the flow raises it again
                    step = steps.throw(interruption)
                else:
                    step = steps.send(answer)
        except StopIteration as stop:
            return stop.value
        except MolamError as error:
            raise _attach(error, started, asynchronous=False) from error.__cause__

    def _write_ahead(self, step: WriteAhead) -> Any:
        recovery = self._recovery
        return self._journal.write_ahead(
            recovery.entry_of(step, self._account, self._headers_of(step.call.operation)),
            recovery.lease_of(step.policy),
        )

    def _settle(self, step: Settle) -> None:
        note = self._journal.settle if self._recovery.is_known(step) else self._journal.leave
        try:
            note(step.token, self._recovery.outcome_text(step))
        except MolamError as error:
            # The call itself is over, and its result must reach the caller.
            self._observer.not_settled(error)

    def recover(self) -> list[Recovered]:
        """Settle the calls that a crashed process left open, each with its own key.

        Calls whose key the API no longer remembers (24 hours) are listed for a person and not
        sent. Any number of processes may recover at once.

        Returns:
            One row for each open call: its key, method, path, age and what became of it.

        Raises:
            ConfigurationError: the client has no `idempotency_store`.
            StoreError: the store cannot be reached.
        """
        journal = self._journal_for_recovery()
        quiet = self._derive_unjournaled()

        def send(entry: Any) -> Any:
            result = quiet._run(self._recovery.call_of(entry), entry.key)
            return self._recovery.outcome_of(result.response.status)

        lease = self._recovery.lease_of(quiet._usual_policy)
        found = journal.recover(send, account=self._account, lease_seconds=lease)
        return cast("list[Recovered]", found)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Any:
        """Call an endpoint the document does not know yet, with the same keys, retries and errors.

        Args:
            method: an HTTP method; all but GET, HEAD and OPTIONS carry an idempotency key.
            path: from the host on, percent-encoded, such as ``/v1/connect/refunds``.
            json: the body as JSON data, or a model; None for no body.
            params: the query; a list repeats its name, None is left out.
            idempotency_key: made when left out.

        Returns:
            A `Model` for a JSON object, other JSON values as they are, None for no body.

        Raises:
            ValidationError: an argument is malformed; nothing was sent.
            MolamError: as any method.
        """
        return self._run(self._escape(method, path, json, params), idempotency_key, options)

    def close(self) -> None:
        """Close the client and its connections. Twice does no harm; a closed client says so."""
        if self._derived:
            self._closed = [True]
            return
        self._closed[0] = True
        user.close(self._adapter)
        if self._own_store is not None:
            self._own_store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Awaiting(_Client):
    """The driver of the async client. Belongs to the event loop it is first used on."""

    _asynchronous = True

    def __init__(
        self,
        config: Config | None = None,
        http_adapter: AsyncHTTPAdapter | Any = None,
        *,
        hooks: Hooks | None = None,
        idempotency_store: Any = None,
        world: World = WORLD,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        """Build a client. Nothing is sent, and nothing is left to import.

        Args:
            config: settings; read from the environment when left out.
            http_adapter: how requests travel; httpx by default. Anything with an async `send`
                will do.
            hooks: plain functions to be told what calls do.
            idempotency_store: keeps a journal of calls, so that `recover` can settle them after a
                crash: a store, its `journal()`, or a URL.
            world: clock and randomness, for tests.
            sleep: waits so many seconds, for tests.

        Raises:
            ConfigurationError: a setting is missing or malformed.
        """
        super().__init__(config, hooks=hooks, world=world)
        if idempotency_store is not None:
            self._keep_journal(idempotency_store)
        # Not at the top: asyncio and what comes with it are nothing to a blocking client.
        from molam_overlays.transport import pause
        from molam_overlays.transport.httpx_async import AsyncHttpxAdapter

        self._adapter: Any = AsyncHttpxAdapter() if http_adapter is None else http_adapter
        self._sleep = sleep or pause.sleep
        self._exchange = user.async_exchange_of(self._adapter)

    async def _run(
        self,
        call: Call[T],
        idempotency_key: str | None = None,
        options: CallOptions | None = None,
        before: _Before | None = None,
        most: int = 0,
    ) -> T:
        started = self._start(call, idempotency_key, options, self._run, before)
        result = await self._drive(started)
        if started.download is not None:
            result = started.download.finish(result)
        if call.operation.page is not None:
            bind_page(result, call, lambda *page: self._run_following(options, *page), most)
        return cast("T", result)

    def _run_following(self, options: CallOptions | None, call: Call[T], most: int) -> Awaitable[T]:
        return self._run(call, None, options, None, most)

    async def _run_page(self, call: Call[Any], options: CallOptions | None = None) -> Any:
        return await self._run(call.for_async_pages(), None, options)

    async def _drive(self, started: _Started) -> Any:
        steps = started.steps
        answer: Any = None
        try:
            step = next(steps)
            while True:
                try:
                    if type(step) is Send:
                        try:
                            answer = await self._exchange(step.request)
                        except MolamError as error:
                            answer = error
                    elif type(step) is Wait:
                        await self._sleep(step.seconds)
                    elif type(step) is WriteAhead:
                        answer = await self._write_ahead(step)
                    elif type(step) is Settle:
                        await self._settle(step)
                except BaseException as interruption:  # noqa: BLE001 - the flow raises it again
                    step = steps.throw(interruption)
                else:
                    step = steps.send(answer)
        except StopIteration as stop:
            return stop.value
        except MolamError as error:
            raise _attach(error, started, asynchronous=True) from error.__cause__

    async def _write_ahead(self, step: WriteAhead) -> Any:
        recovery = self._recovery
        return await self._journal.write_ahead(
            recovery.entry_of(step, self._account, self._headers_of(step.call.operation)),
            recovery.lease_of(step.policy),
        )

    async def _settle(self, step: Settle) -> None:
        note = self._journal.settle if self._recovery.is_known(step) else self._journal.leave
        try:
            await note(step.token, self._recovery.outcome_text(step))
        except MolamError as error:
            # The call itself is over, and its result must reach the caller.
            self._observer.not_settled(error)

    async def recover(self) -> list[Recovered]:
        """Settle the calls that a crashed process left open, each with its own key.

        Calls whose key the API no longer remembers (24 hours) are listed for a person and not
        sent. Any number of processes may recover at once.

        Returns:
            One row for each open call: its key, method, path, age and what became of it.

        Raises:
            ConfigurationError: the client has no `idempotency_store`.
            StoreError: the store cannot be reached.
        """
        journal = self._journal_for_recovery()
        quiet = self._derive_unjournaled()

        async def send(entry: Any) -> Any:
            result = await quiet._run(self._recovery.call_of(entry), entry.key)
            return self._recovery.outcome_of(result.response.status)

        lease = self._recovery.lease_of(quiet._usual_policy)
        found = await journal.recover(send, account=self._account, lease_seconds=lease)
        return cast("list[Recovered]", found)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        **options: Unpack[CallOptions],
    ) -> Any:
        """Call an endpoint the document does not know yet, with the same keys, retries and errors.

        Args:
            method: an HTTP method; all but GET, HEAD and OPTIONS carry an idempotency key.
            path: from the host on, percent-encoded, such as ``/v1/connect/refunds``.
            json: the body as JSON data, or a model; None for no body.
            params: the query; a list repeats its name, None is left out.
            idempotency_key: made when left out.

        Returns:
            A `Model` for a JSON object, other JSON values as they are, None for no body.

        Raises:
            ValidationError: an argument is malformed; nothing was sent.
            MolamError: as any method.
        """
        return await self._run(self._escape(method, path, json, params), idempotency_key, options)

    async def aclose(self) -> None:
        """Close the client and its connections. Twice does no harm; a closed client says so."""
        if self._derived:
            self._closed = [True]
            return
        self._closed[0] = True
        await user.aclose(self._adapter)
        if self._own_store is not None:
            await self._own_store.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
