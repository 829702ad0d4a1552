"""Idempotency keys, as the sandbox remembers them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from molam_overlays.sandbox.answer import (
    encode,
)

REMEMBERED_MS = 24 * 3_600_000
"""How long an idempotency key is remembered."""


def fingerprint_of(body: Any) -> str:
    """Tell bodies apart by what they say, not how they are written."""
    canonical = json.dumps(json.loads(encode(body or {})), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
