"""String formats that the sandbox holds requests to: those of JSON Schema, and those of the document."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from jsonschema import FormatChecker

from molam_overlays.money.currencies import EXPONENTS
from molam_overlays.sandbox.clock import parse_rfc3339

FORMATS: Final = FormatChecker(formats=())
WANTED: Final = {
    "iso-4217": "a currency of ISO 4217 that is in use, such as USD or XOF",
    "phone": "a phone number of 7 to 15 digits, such as +221770000000",
    "iban": "an IBAN: a country, two digits, and 8 to 30 letters and digits",
}
"""What a format wants, for whoever wrote something else."""
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*", re.ASCII)
# E.164 has at most 15 digits; shorter ones than 7 are emergency and service numbers.
_PHONE = re.compile(r"\+?\(?[0-9](?:[ ().-]{0,2}[0-9]){6,14}", re.ASCII)
_IBAN = re.compile(r"[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{8,30}", re.ASCII)


@FORMATS.checks("date-time", ValueError)
def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not _RFC3339.fullmatch(value):
        return False
    # A leap second is RFC 3339 but no datetime.
    parse_rfc3339(re.sub(r":60(?=[.Zz+-])", ":59", value[:19] + re.sub(r"^\.\d+", "", value[19:])))
    return True


@FORMATS.checks("date", ValueError)
def _is_date(value: object) -> bool:
    if isinstance(value, str):
        if len(value) != len("2025-01-16"):
            return False
        parse_rfc3339(f"{value}T00:00:00Z")
    return True


@FORMATS.checks("uri", ValueError)
def _is_uri(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not _URI.fullmatch(value) or re.search("%(?![0-9A-Fa-f]{2})", value):
        return False
    urlsplit(value)
    return True


@FORMATS.checks("iso-4217")
def _is_currency(value: object) -> bool:
    return not isinstance(value, str) or value in EXPONENTS


@FORMATS.checks("phone")
def _is_phone(value: object) -> bool:
    return not isinstance(value, str) or _PHONE.fullmatch(value) is not None


@FORMATS.checks("iban")
def _is_iban(value: object) -> bool:
    return not isinstance(value, str) or _IBAN.fullmatch(value.replace(" ", "")) is not None
