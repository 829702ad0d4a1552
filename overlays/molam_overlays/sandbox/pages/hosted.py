"""The hosted checkout behind ``redirect_url``: card, mobile money, or three plain buttons.

Only test numbers are taken: nobody is to type a real card into a sandbox. Numbers are looked at
and forgotten; they are never stored, logged or shown again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from molam_overlays.sandbox.clock import rfc3339
from molam_overlays.sandbox.formats import FORMATS
from molam_overlays.sandbox.pages.layout import document
from molam_overlays.sandbox.pages.markup import Content, Markup, button, code, link, post, soft, tag
from molam_overlays.sandbox.pages.parts import money, web
from molam_overlays.sandbox.pages.words import LANGUAGES, Words, language_of

NUMBERS: Final = (
    ("4242 4242 4242 4242", "succeeds", None),
    ("4000 0000 0000 3220", "asks", "bank"),
    ("4000 0000 0000 0002", "declined", "card_declined"),
    ("4000 0000 0000 9995", "no_money", "insufficient_funds"),
    ("4000 0000 0000 0069", "is_expired", "expired_card"),
)
"""Test numbers, what happens in words, and the step or the error code that follows."""
REFUSING_PHONE: Final = "+00000000000"
OPERATORS: Final = ("Orange Money", "Wave", "MTN MoMo", "Moov Money", "M-Pesa")


@attrs.frozen
class Outcome:
    """What a form leads to."""

    errors: Mapping[str, str] = attrs.field(factory=dict)
    """What is wrong, by field; keys of the words."""
    refused: str | None = None
    """The error code of a refusal."""
    step: str | None = None
    """A further step: ``bank`` or ``phone``."""
    method: str | None = None
    """The payment method that pays."""


def card(told: Mapping[str, str], now_ms: int) -> Outcome:
    """Judge a card form."""
    number = re.sub(r"[ -]", "", told.get("number", ""))
    errors: dict[str, str] = {}
    known = {each[0].replace(" ", ""): each[2] for each in NUMBERS}
    if not re.fullmatch(r"[0-9]{12,19}", number) or _luhn(number) % 10:
        errors["number"] = "bad_number"
    elif number not in known:
        errors["number"] = "real_number"
    expiry = re.fullmatch(r"\s*(0[1-9]|1[0-2])\s*/?\s*(?:20)?([0-9]{2})\s*", told.get("expiry", ""))
    if expiry is None:
        errors["expiry"] = "bad_expiry"
    elif f"20{expiry[2]}-{expiry[1]}" < rfc3339(now_ms)[:7]:
        errors["expiry"] = "past_expiry"
    if not re.fullmatch(r"[0-9]{3,4}", told.get("cvc", "").strip()):
        errors["cvc"] = "bad_cvc"
    if errors:
        return Outcome(errors=errors)
    follows = known[number]
    if follows == "bank":
        return Outcome(step="bank")
    return Outcome(refused=follows) if follows else Outcome(method=f"pm_card_{number[-4:]}")


def _luhn(number: str) -> int:
    """Return the checksum of ISO/IEC 7812-1, 0 modulo 10 for a right number."""
    doubled = [int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(number))]
    return sum(each - 9 if each > 9 else each for each in doubled)


def phone(told: Mapping[str, str]) -> Outcome:
    """Judge a mobile money form."""
    number = told.get("phone", "").strip()
    if not FORMATS.conforms(number, "phone"):
        return Outcome(errors={"phone": "bad_phone"})
    if re.sub(r"[ ().-]", "", number) == REFUSING_PHONE:
        return Outcome(refused="authentication_failed")
    return Outcome(step=f"phone{re.sub('[^0-9]', '', number)[-2:]}")


def checkout(
    body: Mapping[str, Any], told: Mapping[str, str] | None = None, outcome: Outcome | None = None
) -> Markup:
    """Show the ways to pay, with what went wrong beside its field."""
    words, amount = _words(body), _amount(body)
    told, outcome = told or {}, outcome or Outcome()
    refused = outcome.refused or (body.get("last_error") or {}).get("code")
    message = words.get(refused or "", (body.get("last_error") or {}).get("message", ""))
    return _page(
        body,
        words["pay"].format(amount=amount),
        tag("p", message, class_="complaint", role="alert") if refused else None,
        post(_url(body), _card(words, told, outcome), class_="card-form"),
        post(_url(body), _phone(words, told, outcome)),
        post(
            _url(body),
            tag(
                "fieldset",
                tag("legend", words["hurry"]),
                tag(
                    "div",
                    button(words["plain_pay"], name="action", value="pay"),
                    button(words["plain_decline"], name="action", value="decline"),
                    button(words["plain_cancel"], name="action", value="cancel"),
                    class_="plain-buttons",
                ),
            ),
        ),
    )


def _card(words: Words, told: Mapping[str, str], outcome: Outcome) -> Markup:
    rows = [[code(number), f" {words[does]}", tag("br")] for number, does, _ in NUMBERS]
    return tag(
        "fieldset",
        tag("legend", words["card"]),
        _field(words, outcome, "number", "", "numeric"),
        tag(
            "div",
            _field(words, outcome, "expiry", told.get("expiry", ""), "numeric"),
            _field(words, outcome, "cvc", "", "numeric"),
            class_="pair",
        ),
        button(words["pay_card"], class_="main", name="action", value="card"),
        tag("details", tag("summary", words["numbers"]), soft(rows), open=True),
    )


def _phone(words: Words, told: Mapping[str, str], outcome: Outcome) -> Markup:
    return tag(
        "fieldset",
        tag("legend", words["phone_money"]),
        _field(words, outcome, "phone", told.get("phone", ""), "tel"),
        tag("label", words["operator"], for_="operator"),
        tag("select", [tag("option", each) for each in OPERATORS], id="operator", name="operator"),
        button(words["send_prompt"], name="action", value="phone"),
        soft(words["phone_fails"].format(phone=REFUSING_PHONE)),
    )


def _field(words: Words, outcome: Outcome, name: str, value: str, mode: str) -> Content:
    error = outcome.errors.get(name)
    first = next(iter(outcome.errors), None)
    return tag(
        "div",
        tag("label", words[name], for_=name),
        tag(
            "input",
            type="text",
            id=name,
            name=name,
            value=value,
            inputmode=mode,
            # A browser must not offer the real card here.
            autocomplete="off",
            aria_invalid="true" if error else None,
            aria_describedby=f"{name}-error" if error else None,
            autofocus=error is not None and name == first,
        ),
        tag("p", words[error], id=f"{name}-error", class_="error") if error else None,
    )


def asking(body: Mapping[str, Any], step: str) -> Markup:
    """Show what the bank or the phone asks before money moves."""
    words, amount = _words(body), _amount(body)
    text = words["bank_text"].format(amount=amount)
    if step != "bank":
        end = re.sub(r"[^0-9]", "", step)[:2] or "00"
        text = words["phone_text"].format(amount=amount, end=end)
    return _page(
        body,
        words["bank"] if step == "bank" else words["phone_money"],
        tag("p", text),
        post(
            _url(body),
            button(words["approve"], class_="main", name="action", value="approve"),
            button(words["refuse"], name="action", value="refuse"),
            link(_url(body), words["other"]),
        ),
    )


def over(body: Mapping[str, Any]) -> Markup:
    """Show that there is nothing to pay any more."""
    words = _words(body)
    paid = body["status"] in {"succeeded", "requires_capture"}
    back = web(body.get("return_url" if paid else "cancel_url"))
    return _page(
        body,
        words["pay"].format(amount=_amount(body)),
        tag("p", words["over"].format(status=body["status"].replace("_", " ")), id="outcome"),
        tag("p", link(back, words["back"])) if back else None,
    )


def _page(body: Mapping[str, Any], title: str, *content: Content) -> Markup:
    words = _words(body)
    return document(
        title,
        tag(
            "main",
            tag("p", soft(words["sandbox"])),
            tag("h1", title),
            tag("p", body["description"]) if body.get("description") else None,
            tag("p", soft(body["id"])),
            *content,
            class_="hosted",
        ),
        lang=language_of(body.get("locale")),
    )


def _words(body: Mapping[str, Any]) -> Words:
    return LANGUAGES[language_of(body.get("locale"))]


def _amount(body: Mapping[str, Any]) -> str:
    return money("payment_intent", body, locale=language_of(body.get("locale")))


def _url(body: Mapping[str, Any]) -> str:
    from urllib.parse import quote

    return f"/pay/{quote(body['id'], safe='')}"
