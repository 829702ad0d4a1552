"""The hosted checkout's routes: what the customer does, and where they land."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from molam_overlays.sandbox.answer import Refusal
from molam_overlays.sandbox.core import Core
from molam_overlays.sandbox.customer import waiting
from molam_overlays.sandbox.ledger import Thing
from molam_overlays.sandbox.pages import hosted
from molam_overlays.sandbox.pages.layout import problem
from molam_overlays.sandbox.pages.parts import web
from molam_overlays.sandbox.pages.reply import form_of, shown

_PLAIN = {"pay": "pay", "approve": "pay", "decline": "decline", "cancel": "cancel"}


class Checkout:
    """Shows the hosted page of a payment, and carries out what the customer does there."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def show(self, request: Request) -> Response:
        """Show the hosted page, or the step that a card or a phone leads to."""
        intent = self._intent(request)
        if intent is None:
            return shown(problem("Not found", "There is no such payment."), 404)
        if not self._waits(intent):
            return shown(hosted.over(intent.body))
        step = request.query_params.get("step", "")
        if step == "bank" or step.startswith("phone"):
            return shown(hosted.asking(intent.body, step))
        return shown(hosted.checkout(intent.body))

    async def decide(self, request: Request) -> Response:
        """Carry out what the customer did, and send them on."""
        intent = self._intent(request)
        if intent is None:
            return shown(problem("Not found", "There is no such payment."), 404)
        told = await form_of(request)
        action = told.get("action", "")
        try:
            waiting(self._core.ledger, intent.id)
            if action in _PLAIN:
                return self._landed(self._core.customer(intent.id, _PLAIN[action]))
            if action in {"card", "phone"}:
                return self._tried(intent, action, told)
            if action == "refuse":
                self._core.customer_refused(intent.id, "authentication_failed")
                return RedirectResponse(f"/pay/{intent.id}", 303)
        except Refusal as refusal:
            message = refusal.message or "This payment does not wait for you."
            return shown(problem("Not possible", message), refusal.status)
        return shown(problem("Not understood", "Choose one of the buttons."), 422)

    def _tried(self, intent: Thing, action: str, told: Mapping[str, str]) -> Response:
        if action == "card":
            outcome = hosted.card(told, self._core.clock.now_ms())
        else:
            outcome = hosted.phone(told)
        if outcome.method:
            return self._landed(self._core.customer(intent.id, "pay", outcome.method))
        if outcome.step:
            return RedirectResponse(f"/pay/{intent.id}?step={outcome.step}", 303)
        if outcome.refused:
            intent = self._core.customer_refused(intent.id, outcome.refused)
        return shown(hosted.checkout(intent.body, told, outcome), 422 if outcome.errors else 402)

    def _landed(self, intent: Thing) -> Response:
        paid = intent.body["status"] in {"succeeded", "requires_capture"}
        url = web(intent.body["return_url" if paid else "cancel_url"])
        return RedirectResponse(url, 303) if url else shown(hosted.over(intent.body))

    def _intent(self, request: Request) -> Thing | None:
        self._core.tick()
        found = self._core.ledger.get(request.path_params["id"])
        return found if found is not None and found.kind == "payment_intent" else None

    def _waits(self, intent: Thing) -> bool:
        try:
            waiting(self._core.ledger, intent.id)
        except Refusal:
            return False
        return True
