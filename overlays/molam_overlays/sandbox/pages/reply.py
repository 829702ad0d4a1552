"""How pages leave: as HTML, with what browsers may do; and how forms arrive."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from molam_overlays.sandbox.pages.layout import text_of
from molam_overlays.sandbox.pages.markup import Content

# Nothing inline. Forms may lead to the merchant's own pages, so form-action stays open.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # "no-referrer" would make browsers send the origin of our own forms as null.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LONGEST: Final = 100_000


def shown(content: Content, status: int = 200) -> Response:
    """Answer with a page."""
    return HTMLResponse(text_of(content), status, headers=HEADERS)


async def form_of(request: Request) -> dict[str, str]:
    """Read a form; of a name that comes twice the last counts."""
    content = await request.body()
    pairs = parse_qsl(content[:_LONGEST].decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs)


def back(told: dict[str, str]) -> Response:
    """Return to where a form was, if that is a page of ours."""
    place = told.get("back", "/")
    ours = place.startswith("/") and not place.startswith(("//", "/\\"))
    return RedirectResponse(place if ours else "/", 303)
