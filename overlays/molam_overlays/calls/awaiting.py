"""The driver that awaits: carries a flow's steps out on an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, cast

from molam_overlays.annotations import Self, Unpack, later
from molam_overlays.calls.call import Call
from molam_overlays.calls.client import Client
from molam_overlays.calls.flow import Send, Settle, Step, Wait, WriteAhead
from molam_overlays.calls.page import bind_page
from molam_overlays.calls.preparation import headers_of
from molam_overlays.calls.started import Started, attach
from molam_overlays.calls.undocumented import undocumented_call
from molam_overlays.config import CallOptions, Config
from molam_overlays.drive import adrive
from molam_overlays.errors import MolamError
from molam_overlays.frames import empty, sealed
from molam_overlays.outcome import Attempt
from molam_overlays.transport import exchange
from molam_overlays.transport.adapter import AsyncHTTPAdapter, ForeignError

if TYPE_CHECKING:
    from molam_overlays.calls.stream import AsyncStream
    from molam_overlays.outcome import Attempt
    from molam_overlays.store.journal import Recovered
    from molam_overlays.watch.hooks import Hooks
    from molam_overlays.wire import Request, Response
else:
    Hooks = later("molam_overlays.watch.hooks", "Hooks")
    Recovered = later("molam_overlays.store.journal", "Recovered")
    AsyncStream = later("molam_overlays.calls.stream", "AsyncStream")

from molam_overlays.calls.blocking import T


class Awaiting(Client):
    """The driver of the async client. Serves every event loop that uses it."""

    _asynchronous = True

    @sealed
    def __init__(
        self,
        config: Config | None = None,
        http_adapter: AsyncHTTPAdapter | Any = None,
        *,
        hooks: Hooks | None = None,
        idempotency_store: Any = None,
        sleep: Callable[[float], Awaitable[None]] | None = None,
        **others: NoReturn,
    ) -> None:
        """Build a client. Nothing is sent, and nothing is left to import.

        Args:
            config: settings; read from the environment when left out.
            http_adapter: how requests travel; httpx by default. Anything with an async `send`
                will do.
            hooks: plain functions to be told what calls do.
            idempotency_store: keeps a journal of calls, so that `recover` can settle them after a
                crash: a store, its `journal()`, a URL or a `Pool`.
            sleep: waits so many seconds between attempts; for tests, and for loops that wait in
                a way of their own.
            others: nothing else; settings are those of `Config`.

        Raises:
            ConfigurationError: a setting is missing or malformed.
            TypeError: a keyword has another name.
        """
        super().__init__(config, hooks=hooks, others=dict(others))
        if idempotency_store is not None:
            self._keep_journal(idempotency_store)
        # Not at the top: asyncio and what comes with it are nothing to a blocking client.
        from molam_overlays.transport import pause
        from molam_overlays.transport.httpx_async import AsyncHttpxAdapter

        self._adapter: Any = AsyncHttpxAdapter() if http_adapter is None else http_adapter
        self._sleep = sleep or pause.sleep
        self._exchange = exchange.async_exchange_of(self._adapter)
        self._open = exchange.async_stream_of(self._adapter)
        self._remark_on(self._adapter)

    async def _run(
        self,
        call: Call[T],
        idempotency_key: str | None = None,
        options: CallOptions | None = None,
        earlier: tuple[Attempt, ...] | None = None,
        most: int = 0,
    ) -> T:
        try:
            started = self._start(call, idempotency_key, options, self._run, earlier)
            result = await self._drive(started)
            if started.download is not None:
                result = started.download.finish(result)
            if call.operation.page is not None:
                bind_page(result, call, lambda *page: self._run_following(options, *page), most)
            return cast("T", result)
        except BaseException as error:
            options = None
            empty(error)
            raise

    def _run_following(self, options: CallOptions | None, call: Call[T], most: int) -> Awaitable[T]:
        return self._run(call, None, options, None, most)

    async def _run_page(self, call: Call[Any], options: CallOptions | None = None) -> Any:
        return await self._run(call.for_async_pages(), None, options)

    def _stream(
        self,
        call: Call[T],
        idempotency_key: str | None = None,
        options: CallOptions | None = None,
    ) -> AsyncStream[T]:
        # Emitted clients that stream have loaded it; nobody else needs it.
        from molam_overlays.calls.stream import AsyncStream

        return AsyncStream(self, call, idempotency_key, options)

    async def _drive(
        self, started: Started, send: Callable[[Request], Awaitable[Response]] | None = None
    ) -> Any:
        send = send or self._exchange
        answer: Any = None

        async def act(step: Step) -> Any:
            nonlocal answer
            if type(step) is Send:
                try:
                    answer = await send(step.request)
                except (MolamError, ForeignError) as error:
                    answer = error
                return answer
            if type(step) is Wait:
                return await self._sleep(step.seconds)
            if type(step) is WriteAhead:
                return await self._write_ahead(step)
            return await self._settle(cast("Settle", step))

        try:
            return await adrive(started.steps, act)
        except MolamError as error:
            if isinstance(answer, ForeignError):
                raise
            raise attach(error, started, asynchronous=True) from error.__cause__

    async def _write_ahead(self, step: WriteAhead) -> None:
        recovery = self._recovery
        # No name for the headers: they hold the key, and a frame shows its names.
        entry = recovery.entry_of(
            step,
            self._account,
            headers_of(self._settings, step.call.operation),
            self.config.api_key,
        )
        if step.earlier:
            recovery.refuse_forgotten(await self._journal.age(entry))
        step.held.append(await self._journal.write_ahead(entry, recovery.lease_of(step.policy)))

    async def _settle(self, step: Settle) -> bool:
        method, words = self._recovery.note_of(step)
        try:
            return cast("bool", await getattr(self._journal, method)(step.token, words))
        except MolamError as error:
            # The call itself is over, and its result must reach the caller. A refusal must not:
            # a recovery may send the entry again.
            self._observer.not_settled(error)
            return False

    @sealed
    async def recover(self) -> list[Recovered]:
        """Settle the calls that a crashed process left open, each with its own key.

        Calls whose key the API no longer remembers (24 hours, from its first use on) are listed
        for a person and not sent; so is whatever cannot be read, and only the API's own answer
        closes an entry. Any number of processes may recover at once.

        Returns:
            One row for each open call: its key, method, path, age and what became of it.

        Raises:
            ConfigurationError: the client has no `idempotency_store`.
            StoreError: the store cannot be reached.
        """
        journal = self._journal_for_recovery()
        quiet, recovery = self._derive_unjournaled(), self._recovery

        async def send(entry: Any) -> Any:
            try:
                added = quiet._options.get("extra_headers", {})
                call = recovery.call_of(entry, added, self.config.api_key)
            except MolamError as error:
                return recovery.not_made(error)
            earlier = recovery.earlier_attempt(entry, self._world.now())
            return recovery.outcome_of(entry, await quiet._run(call, entry.key, None, earlier))

        lease = self._recovery.lease_of(quiet._usual_policy)
        found = await journal.recover(send, account=self._account, lease_seconds=lease)
        return cast("list[Recovered]", found)

    @sealed
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
        return await self._run(
            undocumented_call(method, path, json, params), idempotency_key, options
        )

    async def aclose(self) -> None:
        """Close the client and its connections. Twice does no harm; a closed client says so."""
        if self._derived:
            self._closed = [True]
            return
        self._closed[0] = True
        await exchange.aclose(self._adapter)
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
