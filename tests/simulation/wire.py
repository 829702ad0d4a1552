"""The network between the merchant and the bank, as adapters of both clients.

An exchange is three steps: ``connect``, ``send`` and ``answer``. Between them a request can be lost,
delayed, doubled or answered by somebody else, before the bank acted or after.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import attrs

from molam_overlays.errors import (
    NetworkError,
    TimeoutError,  # noqa: A004
    mark_unsent,
)
from molam_overlays.transport.adapter import AsyncHTTPAdapter, HTTPAdapter
from molam_overlays.wire import Headers, Request, Response
from tests.simulation.bank import operation_of
from tests.simulation.kernel import Fault, here

if TYPE_CHECKING:
    from tests.simulation.merchant import Call, Shop

CALL: ContextVar[Call | None] = ContextVar("CALL", default=None)
"""The call of the merchant's that an exchange belongs to; None within a recovery."""
RECOVERING: ContextVar[bool] = ContextVar("RECOVERING", default=False)
CLAIMED: ContextVar[float | None] = ContextVar("CLAIMED", default=None)
"""When the claim was granted that an exchange is made under."""

CONNECT = frozenset({"refused", "page"})
SEND = frozenset({"lost", "reset", "late", "twice", "slow", "status", "page"})
ANSWER = frozenset({"lost", "reset", "cut", "status", "page"})

PAGES: tuple[tuple[int, str], ...] = (
    (404, "<html>Not here</html>"),
    (502, "<html>Bad gateway</html>"),
    (200, "<html>Please log in</html>"),
    (403, '{"error": "forbidden"}'),
    (200, '{"status": "ok"}'),
    (409, "<html>Conflict</html>"),
    (429, "<html>Slow down</html>"),
    (302, ""),
    *((status, "<html>Proxy</html>") for status in (400, 401, 402, 407, 408, 410, 413, 422, 425)),
    *(
        (status, '{"message": "no"}')
        for status in (404, 421, 451, 499, 500, 501, 503, 504, 505, 511)
    ),
    (200, ""),
    (204, ""),
    (404, '{"error": {"message": "no such host"}}'),
)
"""What stands between may answer anything."""

STATUSES: tuple[tuple[int, str, dict[str, str]], ...] = (
    (503, "unavailable", {}),
    (429, "rate_limited", {"Retry-After": "2"}),
    (500, "internal_error", {}),
    (429, "rate_limited", {"Retry-After": "3600"}),
    (408, "timeout", {}),
    (504, "timeout", {"Retry-After": "soon"}),
    (501, "not_implemented", {}),
    (425, "too_early", {}),
    (503, "unavailable", {"Retry-After": "9" * 400}),
)
"""What the bank itself may answer, in its own words. After it acted: the 5xx and 408 alone."""


@attrs.define
class Exchange:
    """One attempt as it truly went."""

    began: float
    key: str | None
    operation: str
    ended: float = 0.0
    truth: str = "under way"
    """``refused``, ``lost``, ``reset``, ``cut``, ``page``, ``own``, ``killed``."""
    status: int | None = None
    code: str | None = None
    retry_after: float | None = None
    left: bool = False
    """Whether a byte of it left this machine for the bank."""


def page(arg: int) -> Response:
    status, body = PAGES[arg % len(PAGES)]
    kind = "application/json" if body.startswith("{") else "text/html"
    return Response(status, Headers({"Content-Type": kind}), body.encode())


def own_words(arg: int, *, acted: bool) -> Response:
    status, code, headers = STATUSES[arg % len(STATUSES)]
    if acted and status in (429, 425):
        status, code, headers = 503, "unavailable", {}
    body = {"error": {"type": "api_error", "code": code, "message": "Try again."}}
    return Response(
        status, Headers({"Content-Type": "application/json", **headers}), json.dumps(body).encode()
    )


class Wire:
    """Carries requests to the bank, or somewhere."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.simulation = shop.simulation

    def trip(self, request: Request) -> Trip:
        """Begin to carry a request."""
        exchange = Exchange(
            self.simulation.now,
            request.headers.get("Idempotency-Key"),
            operation_of(request.method, request.url),
        )
        call = CALL.get()
        if call is not None:
            call.exchanges.append(exchange)
        return Trip(exchange, self._carry(request, exchange, call))

    def _carry(
        self, request: Request, exchange: Exchange, call: Call | None
    ) -> Generator[float, None, Response]:
        simulation = self.simulation
        entered = simulation.now
        task = here()
        assert task is not None
        fault = simulation.step("connect", exchange.operation, own=CONNECT)
        if fault is not None and fault.kind == "refused":
            exchange.truth = "refused"
            raise NetworkError("The connection was refused.", delivery="not_sent")
        if fault is not None:
            return self._page(fault, exchange)
        simulation.after()
        claimed = CLAIMED.get()
        recovering = RECOVERING.get()
        decided = entered
        if claimed is not None:
            decided = claimed
        elif call is not None and len(call.exchanges) == 1 and not call.resumed:
            decided = call.began
        self.shop.leaves(request, task.process)
        exchange.left = True
        fault = simulation.step("send", exchange.operation, own=SEND)

        def acting() -> Generator[float, None, Response | NetworkError]:
            return self.shop.bank.serve(request, task.process.name, recovering, decided)

        if fault is not None and fault.kind in ("lost", "late"):
            if fault.kind == "late":
                delay = request.timeout + 5 if fault.arg % 2 == 0 else 3600.0
                self.shop.elsewhere(delay, acting, exchange.operation)
            exchange.truth = "lost"
            yield request.timeout
            raise TimeoutError(f"No response within {request.timeout:g} seconds.")
        if fault is not None and fault.kind == "reset":
            exchange.truth = "reset"
            raise NetworkError("The connection was reset before a response came.")
        if fault is not None and fault.kind == "page":
            return self._page(fault, exchange)
        if fault is not None and fault.kind == "status":
            return self._own(own_words(fault.arg, acted=False), exchange)
        if fault is not None and fault.kind == "slow":
            self.shop.bank.core.script("latency=40")
            self.shop.elsewhere(0.0, acting, exchange.operation)
            exchange.truth = "lost"
            yield request.timeout
            raise TimeoutError(f"No response within {request.timeout:g} seconds.")
        if fault is not None and fault.kind == "twice":
            self.shop.elsewhere(0.5, acting, exchange.operation)
        answer = yield from acting()
        return (yield from self._back(request, exchange, answer))

    def _back(
        self, request: Request, exchange: Exchange, answer: Response | NetworkError
    ) -> Generator[float, None, Response]:
        fault = self.simulation.step("answer", exchange.operation, own=ANSWER)
        if fault is None:
            self.simulation.after()
            if isinstance(answer, NetworkError):
                exchange.truth = "reset"
                raise answer
            return self._own(answer, exchange)
        if fault.kind == "lost":
            exchange.truth = "lost"
            yield request.timeout
            raise TimeoutError(f"No response within {request.timeout:g} seconds.")
        if fault.kind == "reset":
            exchange.truth = "reset"
            raise NetworkError("The connection was reset before a response came.")
        if fault.kind == "cut":
            exchange.truth = "cut"
            if isinstance(answer, Response) and not 200 <= answer.status <= 299:
                exchange.truth = "page"
                cut = answer.content[: len(answer.content) // 2]
                return Response(answer.status, answer.headers, cut, cut_short=True)
            raise NetworkError("The response ended before its body was complete.")
        if fault.kind == "page":
            return self._page(fault, exchange)
        return self._own(own_words(fault.arg, acted=True), exchange)

    def _page(self, fault: Fault, exchange: Exchange) -> Response:
        exchange.truth = "page"
        return page(fault.arg)

    def _own(self, answer: Response, exchange: Exchange) -> Response:
        exchange.truth = "own"
        if answer.status >= 400:
            detail = json.loads(answer.content).get("error", {})
            exchange.code = detail.get("code")
            told = answer.headers.get("retry-after", "")
            exchange.retry_after = float(told) if told.isdigit() else None
        return answer


class Trip:
    """One request under way."""

    def __init__(self, exchange: Exchange, steps: Generator[float, None, Response]) -> None:
        self.exchange = exchange
        self.steps = steps

    def end(self, simulation: Any, error: BaseException) -> None:
        """Note how it ended, and what left, as our own adapters do."""
        exchange = self.exchange
        exchange.ended = simulation.now
        if isinstance(error, StopIteration):
            exchange.status = error.value.status
        elif not isinstance(error, (NetworkError, TimeoutError)):
            exchange.truth = "interrupted"
            if not exchange.left:
                mark_unsent(error)
        self.steps.close()


class BlockingAdapter(HTTPAdapter):
    """The wire, for a blocking client."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def exchange(self, request: Request) -> Response:
        trip, simulation = self._wire.trip(request), self._wire.simulation
        try:
            while True:
                simulation.sleep(next(trip.steps), "await answer")
        except BaseException as error:
            trip.end(simulation, error)
            if isinstance(error, StopIteration):
                answer: Response = error.value
                return answer
            raise

    def send(self, *args: Any, **options: Any) -> Any:
        raise NotImplementedError


class AwaitingAdapter(AsyncHTTPAdapter):
    """The wire, for an async client."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def exchange(self, request: Request) -> Response:
        trip, simulation = self._wire.trip(request), self._wire.simulation
        try:
            simulation.step("dial")
            await asyncio.sleep(0)
            while True:
                seconds = next(trip.steps)
                simulation.step("await answer")
                await asyncio.sleep(seconds)
        except BaseException as error:
            trip.end(simulation, error)
            if isinstance(error, StopIteration):
                answer: Response = error.value
                return answer
            raise

    async def send(self, *args: Any, **options: Any) -> Any:
        raise NotImplementedError
