"""What came of one attempt, and the error for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from molam_overlays.calls.call import Call
from molam_overlays.calls.retry import (
    parse_retry_after,
)
from molam_overlays.calls.words import called
from molam_overlays.calls.world import World
from molam_overlays.errors import (
    ApiError,
    ClientClosedError,
    ConfigurationError,
    MolamError,
    NetworkError,
    TimeoutError,  # noqa: A004
    error_class,
    name_of_failure,
)
from molam_overlays.outcome import (
    Attempt,
    Delivery,
    ruling_of,
)
from molam_overlays.redact import redact_text
from molam_overlays.schema.jsontext import loads
from molam_overlays.wire import Response


def judge(answer: Response | MolamError, number: int, began: datetime, duration: float) -> Attempt:
    """Say what came of one attempt."""
    if isinstance(answer, MolamError):
        return Attempt(
            number=number,
            started_at=began,
            duration=duration,
            outcome=name_of_failure(answer),
            status=answer.status_code if isinstance(answer, ApiError) else None,
            delivery=delivery_of_failure(answer),
        )
    status = answer.status
    delivery: Delivery | None = None
    if not 200 <= status <= 299:
        delivery = ruling_of(status, error_code(answer) if status == 409 else None).delivery
    return Attempt(
        number=number,
        started_at=began,
        duration=duration,
        outcome=str(status),
        status=status,
        request_id=answer.headers.get("x-request-id"),
        delivery=delivery,
    )


def delivery_of_failure(error: MolamError) -> Delivery:
    """Return what an adapter's error says about the fate of the request.

    An error that makes no statement of its own, raised in the middle of an exchange, says nothing.
    """
    speaks = isinstance(
        error, (NetworkError, TimeoutError, ApiError, ClientClosedError, ConfigurationError)
    )
    return (error._said or error.delivery) if speaks else "maybe_processed"


def api_error(call: Call[Any], response: Response, world: World) -> ApiError:
    """Make the error for a response that is not 2xx. Its message never holds the body.

    Of the server's words only its short message is quoted, in one line, without what this request
    sent that is sensitive, and without anything that looks like a key.
    """
    status = response.status
    payload = payload_of(response)
    request_id = response.headers.get("x-request-id")
    retry_after = parse_retry_after(response.headers.get("retry-after"), world.now())
    detail = payload.get("error")
    told = detail if isinstance(detail, dict) else {}
    code, message, param = told.get("code"), told.get("message"), told.get("param")
    said = ""
    if isinstance(code, str):
        said += f" ({code})"
    if isinstance(message, str):
        said += f": {message}"
    if isinstance(param, str):
        said += f" [param: {param}]"
    summary = f"{called(call.operation.id)} was answered with status {status}"
    if 300 <= status <= 399:
        summary += "; redirects are never followed, check api_base"
    summary += quotable(call.without_sensitive_values(said))
    if request_id is not None:
        summary += f" [request id: {quotable(request_id)}]"
    return error_class(status)(
        summary,
        status_code=status,
        payload=payload,
        request_id=request_id,
        retry_after=retry_after,
    )


QUOTED: Final = 500
"""Characters of a server's words that an error message holds at most."""


def quotable(text: str) -> str:
    """Return a text fit for a message: one line, not long, without keys and secrets."""
    shown = redact_text(text[: 2 * QUOTED])
    line = "".join(character if character.isprintable() else " " for character in shown)
    return line if len(line) <= QUOTED else f"{line[:QUOTED]}…"


def payload_of(response: Response) -> dict[str, Any]:
    """Return the body of an error response; never None, and never an error of its own."""
    if not response.content:
        return {}
    try:
        data = loads(response.content)
    except ValueError:
        data = None
    if isinstance(data, dict):
        return data
    return {"body": response.content.decode("utf-8", "replace")}


def error_code(response: Response) -> str | None:
    """Return the code in an error body, if it has one."""
    detail = payload_of(response).get("error")
    code = detail.get("code") if isinstance(detail, dict) else None
    return code if isinstance(code, str) else None
