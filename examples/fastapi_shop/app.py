"""A FastAPI shop with the async client; events go to the inbox, and `worker.py` empties it.

uvicorn app:app --app-dir examples/fastapi_shop
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from settings import STORE

from molam_sdk import Config, MolamAsyncClient, MolamError
from molam_sdk.contrib.asgi import webhook_endpoint
from molam_sdk.exceptions import PaymentDeclinedError
from molam_sdk.inbox import AsyncInbox

client = MolamAsyncClient(Config())
inbox = AsyncInbox(STORE, in_order=True)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Close what was opened, when the shop closes."""
    yield
    await inbox.aclose()
    await client.aclose()


app = FastAPI(lifespan=lifespan)


@app.post("/orders/{order}/pay")
async def pay(order: str, amount: int, payment_method: str) -> dict[str, str]:
    """Take one payment, amount in minor units of the client's default currency."""
    payment = await client.create_payment_intent(
        amount=amount,
        capture=True,
        metadata={"order": order},
        idempotency_key=f"{order}-create",
    )
    # Another card is another attempt, and has another key.
    payment = await client.confirm_payment_intent(
        payment.id, payment_method, idempotency_key=f"{order}-{payment_method}"
    )
    return {"order": order, "payment": payment.id, "status": str(payment.status)}


app.post("/webhooks")(webhook_endpoint(client.construct_event, inbox.receive_event))


@app.exception_handler(MolamError)
async def failed(request: Request, error: MolamError) -> JSONResponse:
    """Say what is known about the money; only a declined card is the customer's business."""
    status = 402 if isinstance(error, PaymentDeclinedError) else 503
    code = getattr(error, "code", None)
    return JSONResponse({"code": code, "delivery": error.delivery}, status)
