"""The sandbox as a context manager: in this process without a socket, or on a port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

from molam_overlays.annotations import Self, at_home
from molam_overlays.product import Product
from molam_overlays.sandbox.adapter import AsyncSandboxAdapter, SandboxAdapter
from molam_overlays.sandbox.clock import Clock
from molam_overlays.sandbox.contract import Contract
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.delivery import HttpPost, send
from molam_overlays.sandbox.state import State
from molam_overlays.sandbox.subscription import DEFAULT_SECRET, Subscription

if TYPE_CHECKING:
    from molam_overlays.sandbox.server import Server

Client = TypeVar("Client")
AsyncClient = TypeVar("AsyncClient")
Receiver = Callable[[str, bytes], Any]
"""Takes the ``Molam-Signature`` header and the raw body of an event."""

DEFAULT_KEY = "sk_test_sandbox"


class SandboxOptions(TypedDict, total=False):
    """What `Sandbox` can be told; see there."""

    port: int | None
    host: str
    state: str | PathLike[str] | None
    frozen: bool
    webhook_secret: str


def _no_sleep(_: float) -> None:
    """Wait for nothing: without a socket, time is the sandbox's."""


async def _no_async_sleep(_: float) -> None:
    """Wait for nothing."""


@lru_cache(maxsize=4)
def contract_of(product: Product) -> Contract:
    """Read a product's document, once in a process."""
    return Contract(product.document(), product.signature_header)


class Sandbox(Generic[Client, AsyncClient]):
    """A Molam API on this machine, for tests.

    ::

        with Sandbox() as sandbox:
            client = sandbox.client()
            payment = client.create_payment_intent(2500, "USD")
            client.confirm_payment_intent(payment.id, "pm_declined")  # PaymentDeclinedError

    Without a port there is no socket: clients call straight into it, from any thread, retries do
    not wait, and webhooks are delivered before the call that caused them returns. Time stands
    still until `advance`, so nothing settles, expires or is retried behind a test's back.

    Args:
        port: listen there, 0 for a free port; None for no socket.
        host: the address to listen on; loopback by default.
        state: a SQLite file that keeps everything; in memory by default.
        frozen: False lets the clock run.
        webhook_secret: what signs events, and what the clients made here verify with.
    """

    def __init__(
        self,
        product: Product,
        *,
        port: int | None = None,
        host: str = "127.0.0.1",
        state: str | PathLike[str] | None = None,
        frozen: bool = True,
        webhook_secret: str = DEFAULT_SECRET,
    ) -> None:
        self._product = product
        self._port = port
        self._host = host
        self._secret = webhook_secret
        self._receivers: dict[str, Receiver] = {}
        self._http: HttpPost | None = None
        self._server: Server | None = None
        self._clients: list[Any] = []
        self.core = Core(
            contract_of(product),
            State(None if state is None else Path(state)),
            Clock(frozen=frozen),
        )
        """The sandbox itself, without I/O."""

    def __enter__(self) -> Self:
        if self._port is not None:
            from molam_overlays.sandbox.server import Server, address_of, listen

            listening = listen(self._host, self._port)
            self.core.base_url = address_of(listening)
            self._server = Server(
                self.core, listening, post=self._post, version=self._product.version
            )
            self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients:
            client.close()
        if self._server is not None:
            self._server.stop()
        if self._http is not None:
            self._http.close()
        self.core.state.close()

    # Clients

    @property
    def url(self) -> str:
        """Where the API is, for ``api_base``."""
        return self.core.base_url

    def config(self, api_key: str = DEFAULT_KEY, **options: Any) -> Any:
        """Make a Config for this sandbox.

        Args:
            api_key: any test key; each key is an account of its own.
            options: any other field of Config.
        """
        options.setdefault("webhook_secret", self._secret)
        return self._product.config()(api_key=api_key, api_base=self.url, **options)

    def client(self, api_key: str = DEFAULT_KEY, **options: Any) -> Client:
        """Make a blocking client of this sandbox; it is closed with the sandbox.

        Args:
            api_key: any test key; each key is an account of its own.
            options: any other field of Config.
        """
        config = self.config(api_key, **options)
        if self._server:
            made: Client = self._product.client()(config)
        else:
            made = self._product.client()(config, self.adapter(), sleep=_no_sleep)
        self._clients.append(made)
        return made

    def async_client(self, api_key: str = DEFAULT_KEY, **options: Any) -> AsyncClient:
        """Make an async client of this sandbox; close it yourself, or use it with ``async with``.

        Args:
            api_key: any test key; each key is an account of its own.
            options: any other field of Config.
        """
        config = self.config(api_key, **options)
        if self._server:
            made: AsyncClient = self._product.async_client()(config)
        else:
            made = self._product.async_client()(config, self.async_adapter(), sleep=_no_async_sleep)
        return made

    def adapter(self) -> SandboxAdapter:
        """Return an adapter for a blocking client that you make yourself."""
        return SandboxAdapter(self.core, self.deliver)

    def async_adapter(self) -> AsyncSandboxAdapter:
        """Return an adapter for an async client that you make yourself."""
        return AsyncSandboxAdapter(self.core, self.deliver)

    # What happens

    def fault(self, script: str, operation: str | None = None, event: str | None = None) -> None:
        """Let something go wrong with the next requests or events.

        Args:
            script: steps with commas between them, such as ``"lost_response, status=503"``; the
                words are on the sandbox's page, ``/``.
            operation: only requests of this operationId.
            event: only events of this type, for ``webhook=`` steps.

        Raises:
            ValueError: the script is not understood.
        """
        self.core.script(script, operation, event)

    def advance(
        self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> None:
        """Move the clock forward; what is due by then happens, webhooks included."""
        total = seconds + 60 * minutes + 3600 * hours + 86400 * days
        self.core.clock.advance(int(total * 1000))
        self.core.tick()
        self.deliver()

    def pay(self, payment_intent_id: str) -> None:
        """Pay on the hosted page, as the customer."""
        self._customer(payment_intent_id, "pay")

    def decline(self, payment_intent_id: str) -> None:
        """Let the customer's bank refuse on the hosted page."""
        self._customer(payment_intent_id, "decline")

    def cancel(self, payment_intent_id: str) -> None:
        """Give up on the hosted page, as the customer."""
        self._customer(payment_intent_id, "cancel")

    def _customer(self, payment_intent_id: str, action: str) -> None:
        from molam_overlays.sandbox.answer import Refusal

        try:
            self.core.customer(payment_intent_id, action)
        except Refusal as refusal:
            raise LookupError(refusal.message or refusal.code) from None
        self.deliver()

    def play(self, scenario: str | PathLike[str]) -> list[str]:
        """Play a scenario on the sandbox's clock, to its end; return a line for each step.

        Args:
            scenario: a file of YAML or JSON, or one that comes with the sandbox, such as ``"day"``.

        Raises:
            ValueError: it is not understood, or a step cannot be done.
        """
        from molam_overlays.sandbox.scenario import Player, load

        return list(Player(self.core, self.deliver).play(load(scenario)))

    def reset(self) -> None:
        """Forget everything but the subscriptions."""
        self.core.reset()

    # Webhooks

    def subscribe(
        self, receiver: str | Receiver, secret: str | None = None, types: tuple[str, ...] = ()
    ) -> Subscription:
        """Send events to a URL, or to a function of signature header and raw body.

        Args:
            receiver: the URL or the function. A function that raises has refused the event; an int
                that it returns is the status.
            secret: what signs; the sandbox's `webhook_secret` by default.
            types: event types; all by default.
        """
        if not isinstance(receiver, str):
            name = f"function:{len(self._receivers)}"
            self._receivers[name] = receiver
            receiver = name
        return self.core.outbox.subscribe(receiver, secret or self._secret, types)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events so far, oldest first, as they are sent."""
        return [entry["event"] for entry in reversed(self.core.outbox.events(10_000))]

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The requests so far, oldest first, with key, body, answer and fault."""
        return list(reversed(self.core.requests(1000)))

    def trigger(self, type_: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send an event made from the document's example, some fields of its resource replaced.

        Raises:
            LookupError: the document has no such event.
        """
        event = self.core.trigger(type_, data)
        self.deliver()
        return event

    def deliver(self) -> None:
        """Deliver the webhooks that are due. Without a socket it happens by itself."""
        if self._server is not None:
            self.core.woken()
            return
        while taken := self.core.outbox.take():
            for delivery in taken:
                send(self.core, self._post, delivery)

    def _post(self, url: str, headers: Mapping[str, str], content: bytes) -> int:
        receiver = self._receivers.get(url)
        if receiver is None:
            if self._http is None:
                self._http = HttpPost()
            return self._http(url, headers, content)
        status = receiver(headers[self.core.contract.signature_header], content)
        return status if type(status) is int else 200


at_home("molam_sdk.sandbox", SandboxOptions)
