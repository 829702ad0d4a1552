"""Whose account a request speaks for: each API key is an account of its own."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from typing import Final
from urllib.parse import parse_qsl, unquote

from molam_overlays.sandbox.answer import Asked, Refusal
from molam_overlays.sandbox.document import Key

logger = logging.getLogger("molam.sandbox")
_KEY: Final = re.compile(r"(sk_test_|sk_live_|jwt_)[!-~]+")


def account_of(asked: Asked, where: Key | None) -> str:
    """Return the account that a request's API key stands for; one for all where none is wanted.

    Args:
        asked: the request.
        where: the place that the document names for the key.

    Raises:
        Refusal: 401, there is no key, it is none, or it is a live one.
    """
    if asked.account is not None:
        return asked.account
    if where is None:
        return "acct_public"
    told = _told(asked, where)
    scheme, _, key = told.partition(" ") if where.scheme else ("", "", told)
    if not told:
        shown = f"{where.scheme} sk_test_…".strip()
        raise _unauthorised(
            where, "missing_api_key", f"No API key was sent. Send {where.name}: {shown}"
        )
    if where.scheme == "Basic":
        key = _user(key)
    if scheme.lower() != where.scheme.lower() or not _KEY.fullmatch(key):
        raise _unauthorised(
            where,
            "invalid_api_key",
            "The API key is not valid. Here any key that starts with sk_test_ or jwt_ is.",
        )
    if key.startswith("sk_live_"):
        logger.error(
            "A LIVE API KEY was sent to the sandbox and refused. Find out which program holds "
            "it; if anyone else can read this machine's traffic or logs, revoke it."
        )
        raise _unauthorised(
            where,
            "live_key_refused",
            "This is a sandbox, and that was a live API key: refused. Use a key that starts "
            "with sk_test_, and find out why this program has a live one.",
        )
    return account_named(key)


def account_named(key: str) -> str:
    """Return the account of an API key."""
    return "acct_" + hashlib.sha256(key.encode()).hexdigest()[:16]


def _told(asked: Asked, where: Key) -> str:
    """Return what stands in the place of the key; empty for nothing."""
    if where.place == "query":
        return dict(parse_qsl(asked.query)).get(where.name, "")
    if where.place == "cookie":
        pairs = (pair.strip().partition("=") for pair in asked.headers.get("Cookie", "").split(";"))
        return next((unquote(value) for name, _, value in pairs if name == where.name), "")
    return str(asked.headers.get(where.name, ""))


def _user(encoded: str) -> str:
    """Return the user name of basic credentials (RFC 7617); empty for what is none."""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


def _unauthorised(where: Key, code: str, message: str) -> Refusal:
    headers = {"WWW-Authenticate": where.scheme} if where.scheme else {}
    return Refusal(401, code, message, headers=headers)
