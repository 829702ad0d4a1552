"""Whose account a request speaks for: each API key is an account of its own."""

from __future__ import annotations

import hashlib
import logging
import re
from typing import Final

from molam_overlays.sandbox.answer import Asked, Refusal

logger = logging.getLogger("molam.sandbox")
_KEY: Final = re.compile(r"(sk_test_|sk_live_|jwt_)[!-~]+")


def account_of(asked: Asked) -> str:
    """Return the account that a request's API key stands for.

    Raises:
        Refusal: 401, there is no key, it is none, or it is a live one.
    """
    if asked.account is not None:
        return asked.account
    told = asked.headers.get("Authorization", "")
    scheme, _, key = told.partition(" ")
    if not told:
        raise _unauthorised(
            "missing_api_key", "No API key was sent. Send Authorization: Bearer sk_test_…"
        )
    if scheme.lower() != "bearer" or not _KEY.fullmatch(key):
        raise _unauthorised(
            "invalid_api_key",
            "The API key is not valid. Here any key that starts with sk_test_ or jwt_ is.",
        )
    if key.startswith("sk_live_"):
        logger.error(
            "A LIVE API KEY was sent to the sandbox and refused. Find out which program holds "
            "it; if anyone else can read this machine's traffic or logs, revoke it."
        )
        raise _unauthorised(
            "live_key_refused",
            "This is a sandbox, and that was a live API key: refused. Use a key that starts "
            "with sk_test_, and find out why this program has a live one.",
        )
    return account_named(key)


def account_named(key: str) -> str:
    """Return the account of an API key."""
    return "acct_" + hashlib.sha256(key.encode()).hexdigest()[:16]


def _unauthorised(code: str, message: str) -> Refusal:
    return Refusal(401, code, message, headers={"WWW-Authenticate": "Bearer"})
