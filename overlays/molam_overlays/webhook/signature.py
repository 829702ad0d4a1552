"""Signed webhooks: read the header, check the signature, make one for a test.

The header is ``Molam-Signature: t=1705420800000,v1=HEX,kid=1``. `v1` is the lower-case hex
HMAC-SHA256 over ``t``, a full stop and the raw body; it may come several times while a secret
rotates. `kid` names the secret.

Both header and body come from strangers. Whatever they hold, the answer is True or a
`SignatureError`; the body is never decoded. Everything here is pure: the time and the secrets
come in as arguments.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from hmac import compare_digest, digest
from typing import Any, Final, NoReturn, cast

from molam_overlays.annotations import at_home
from molam_overlays.errors import ConfigurationError, SignatureError
from molam_overlays.frames import sealed
from molam_overlays.integers import whole
from molam_overlays.redact import MASK

Secret = str | bytes
"""One webhook secret as Molam shows it, ``whsec_`` included."""
Secrets = Secret | Iterable[Secret | None] | None
"""One secret, several, or none. All of several are tried."""
SecretSource = Callable[[str], Secrets] | Mapping[str, Secrets] | Secrets
"""Where secrets come from: a function of the key id, a mapping by key id, or secrets for any."""

SIGNATURE_HEADER: Final = "Molam-Signature"
"""The header field that a signature travels in."""
DEFAULT_TOLERANCE_MS = 300_000
"""Five minutes, in milliseconds."""
MAX_TOLERANCE_MS = 86_400_000
"""A day, in milliseconds."""
MAX_HEADER_LENGTH = 4096
"""Characters. A longer header is refused unread."""

# Sixteen digits of milliseconds reach past the year 300,000.
_MAX_TIMESTAMP_DIGITS = 16
# Hashed with when there is no secret, so that the answer takes as long as any other.
_NO_KEYS = [b"molam-no-such-key-id"]


class Keyring:
    """A client's webhook secrets, which no `repr` shows."""

    __slots__ = ("source",)

    def __init__(self, source: SecretSource) -> None:
        self.source = source

    def __call__(self, kid: str) -> Secrets:
        """Return the secrets of a key id."""
        source = self.source
        found = source if type(source) is str else _secrets_for(kid, source)
        return cast("Secrets", found)

    def __repr__(self) -> str:
        return f"Keyring({MASK if self.source is not None else None})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Webhook secrets cannot be pickled.")


def parse_signature_header(header: str) -> dict[str, str]:
    """Return `t`, `v1` and `kid` of a signature header, as text.

    While a secret rotates the header may hold several ``v1``: this dict has the first of them,
    `verify_signature` compares them all. Fields of other names are left out. The values are
    untrusted until `verify_signature` has returned.

    Raises:
        SignatureError: there is no header, it is over 4 KiB, not ASCII, not a list of
            ``name=value``, repeats ``t`` or ``kid``, or lacks one of the three.
    """
    t, signatures, kid = _parse(header)
    return {"t": t, "v1": signatures[0], "kid": kid}


@sealed
def verify_signature(
    header: str | None,
    raw_body: bytes | bytearray | memoryview,
    get_secret_by_kid: SecretSource,
    tolerance_ms: int = DEFAULT_TOLERANCE_MS,
    *,
    now_ms: int | None = None,
) -> bool:
    """Return True if the body was signed by Molam, near enough to now; else raise.

    Args:
        header: the value of ``Molam-Signature``.
        raw_body: the request's body as it was received, before anything decodes it.
        get_secret_by_kid: a function that takes the key id and returns its secret or secrets, a
            mapping that does the same, or one or several secrets that serve every key id. A
            ``LookupError`` counts as no secret; whatever else the function raises passes through.
        tolerance_ms: how far ``t`` may lie in the past or the future, in milliseconds, from 1 to
            86,400,000 (a day). There is no value that turns the check off.
        now_ms: the time to compare with, unix milliseconds; the system clock by default.

    Raises:
        SignatureError: the message starts with ``Missing signature header``, ``Invalid signature
            header format``, ``Missing required fields``, ``Invalid timestamp``, ``Timestamp
            outside tolerance``, ``Secret not found`` or ``Signature mismatch``.
        ValueError: `tolerance_ms` is not an int in its range.
        ConfigurationError: `get_secret_by_kid` gave something that is no secret.
    """
    tolerance = whole(tolerance_ms)
    if tolerance is None or not 1 <= tolerance <= MAX_TOLERANCE_MS:
        raise ValueError(
            "tolerance_ms must be an int from 1 to 86,400,000 milliseconds (a day); "
            f"got {tolerance_ms!r:.40}."
        )
    t, signatures, kid = _parse(header)
    if not t.isdigit() or len(t) > _MAX_TIMESTAMP_DIGITS:
        raise SignatureError(
            "Invalid timestamp: `t` must be unix time in milliseconds, digits only."
        )
    if now_ms is None:
        now_ms = time.time_ns() // 1_000_000
    age_ms = now_ms - int(t)
    if not -tolerance <= age_ms <= tolerance:
        _refuse_timestamp(age_ms, tolerance)
    if type(raw_body) is not bytes:
        raw_body = _as_bytes(raw_body)

    keys = _keys_for(kid, get_secret_by_kid)
    signed = b".".join((t.encode(), raw_body))
    matches = False
    # Every key is tried against every v1 to the end: the time taken tells nothing.
    for key in keys or _NO_KEYS:
        expected = digest(key, signed, "sha256").hex()
        for signature in signatures:
            matches |= compare_digest(expected, signature)
    if not keys:
        raise SignatureError(
            f"Secret not found: no webhook secret for key id {kid!r:.80}. Configure the secret "
            "that Molam shows for this key id."
        )
    if not matches:
        raise SignatureError(
            "Signature mismatch: the body was changed on its way, or signed with another secret. "
            "Pass the body exactly as received, and check the secret for "
            f"key id {kid!r:.80}."
        )
    return True


check_signature: Final[Callable[..., bool]] = cast("Any", verify_signature).__wrapped__
"""`verify_signature` for functions that are sealed themselves."""


def kid_problem(kid: str) -> str | None:
    """Return why a key id cannot stand in a signature's header; None if it can."""
    if kid and kid.isascii() and kid.isprintable() and kid.strip() == kid and "," not in kid:
        return None
    return f"must be printable ASCII without a comma; got {kid!r:.80}."


@sealed
def generate_signature(
    payload: bytes | bytearray | memoryview | str,
    secret: Secret | Iterable[Secret],
    timestamp_ms: int | None = None,
    kid: str = "1",
) -> str:
    """Return the ``Molam-Signature`` header that Molam would send with this payload, for tests.

    Args:
        payload: the body; text is encoded as UTF-8.
        secret: the secret, or several: one ``v1`` each, as while a secret rotates.
        timestamp_ms: unix milliseconds; now by default.
        kid: the key id.

    Raises:
        ValueError: the key id cannot stand in a header, the time is negative, or there is no
            secret.
        TypeError: the payload is neither bytes nor text.
    """
    if (problem := kid_problem(kid)) is not None:
        raise ValueError(f"kid {problem}")
    if timestamp_ms is None:
        timestamp_ms = time.time_ns() // 1_000_000
    if timestamp_ms < 0:
        raise ValueError(f"timestamp_ms must be unix milliseconds, 0 or more; got {timestamp_ms}.")
    if isinstance(payload, str):
        payload = payload.encode()
    elif not isinstance(cast("object", payload), (bytes, bytearray, memoryview)):
        raise TypeError(f"payload must be bytes or text; got {type(payload).__name__}.")
    keys = _keys_of(secret)
    if not keys:
        raise ValueError("A signature needs a secret; got none.")
    signed = b"%d.%b" % (timestamp_ms, bytes(payload))
    signatures = ",".join(f"v1={digest(key, signed, 'sha256').hex()}" for key in keys)
    return f"t={timestamp_ms},{signatures},kid={kid}"


def _parse(header: Any) -> tuple[str, tuple[str, ...], str]:
    """Return `t`, every `v1` and `kid`."""
    if not isinstance(header, str):
        _refuse_header(header)
    if len(header) > MAX_HEADER_LENGTH or not header.isascii():
        _refuse_header(header)
    t = kid = ""
    signatures: tuple[str, ...] = ()
    if " " in header:
        # Several header lines are joined with ", " (RFC 9110 section 5.3).
        header = ",".join([part.strip(" \t") for part in header.split(",")])
    for part in header.split(","):
        name, equals, value = part.partition("=")
        if name == "t":
            if t:
                _refuse_repeated("t")
            t = value
        elif name == "v1":
            if value:
                signatures += (value,)
        elif name == "kid":
            if kid:
                _refuse_repeated("kid")
            kid = value
        elif not equals:
            _refuse_header(header)
    if not (t and kid and signatures):
        missing = [
            name for name, value in (("t", t), ("v1", signatures), ("kid", kid)) if not value
        ]
        raise SignatureError(
            f"Missing required fields: {', '.join(missing)}. Expected t=MILLISECONDS,v1=HEX,kid=ID."
        )
    return t, signatures, kid


def _refuse_header(header: object) -> NoReturn:
    if header is None or (isinstance(header, str) and not header.strip()):
        raise SignatureError(
            "Missing signature header: the request has none. It does not come from the API, "
            "or a proxy dropped the header."
        )
    if not isinstance(header, str):
        problem = f"text was expected, got {type(header).__name__}"
    elif len(header) > MAX_HEADER_LENGTH:
        problem = f"it is over {MAX_HEADER_LENGTH} characters"
    elif not header.isascii():
        problem = "it is not ASCII"
    else:
        problem = "it is not a list of name=value"
    raise SignatureError(
        f"Invalid signature header format: {problem}. Expected t=MILLISECONDS,v1=HEX,kid=ID."
    )


def _refuse_repeated(name: str) -> NoReturn:
    raise SignatureError(f"Invalid signature header format: `{name}` is given more than once.")


def _refuse_timestamp(age_ms: int, tolerance_ms: int) -> NoReturn:
    side = "old" if age_ms > 0 else "in the future"
    raise SignatureError(
        f"Timestamp outside tolerance: signed {abs(age_ms)} ms {side}, at most {tolerance_ms} ms "
        "either way are accepted. Check this machine's clock, or it is a replay."
    )


def _as_bytes(raw_body: object) -> bytes:
    if isinstance(raw_body, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", raw_body))
    # Text has been decoded: what was signed can no longer be told from what looks like it.
    raise SignatureError(
        "Signature mismatch: the raw body must be the bytes of the request as received; got "
        f"{type(raw_body).__name__}. Use request.get_data() (Flask), request.body (Django) or "
        "await request.body() (FastAPI)."
    )


def _keys_for(kid: str, source: SecretSource) -> Sequence[bytes]:
    """Return the HMAC keys to try for a key id, none if there are none."""
    secrets: Any = source
    if type(secrets) is not str:
        secrets = _secrets_for(kid, secrets)
    if type(secrets) is str and secrets and secrets.isascii():
        return (secrets.encode(),)
    return _keys_of(secrets)


def _secrets_for(kid: str, source: Any) -> Any:
    if callable(source):
        try:
            return source(kid)
        except LookupError:
            return None
    # Whether something is a Mapping is asked last: that costs as much as reading the header.
    if type(source) is dict or isinstance(source, Mapping):
        return cast("Mapping[str, Any]", source).get(kid)
    return source


def _keys_of(secrets: Secrets) -> Sequence[bytes]:
    try:
        return [one.encode() if isinstance(one, str) else one for one in _several(secrets)]
    except UnicodeEncodeError:
        # Not chained: the original error holds the secret.
        raise ConfigurationError("A webhook secret is not valid Unicode text.") from None


def _several(secrets: Any) -> Sequence[Secret]:
    if not secrets:
        return ()
    if isinstance(secrets, (str, bytes)):
        return (secrets,)
    if isinstance(secrets, (Mapping, bytearray, memoryview)) or not isinstance(secrets, Iterable):
        raise ConfigurationError(_no_secret(secrets))
    several: list[Secret] = []
    for one in cast("Iterable[object]", secrets):
        if isinstance(one, (str, bytes)):
            if one:
                several.append(one)
        elif one is not None:
            raise ConfigurationError(_no_secret(one))
    return several


def _no_secret(value: Any) -> str:
    kind, hint = type(value).__name__, ""
    if kind == "coroutine":
        value.close()
        hint = " Use a plain function, not a coroutine function."
    return f"A webhook secret must be text, or several texts; got {kind}.{hint}"


at_home("molam_sdk.utils.webhook", parse_signature_header, verify_signature, generate_signature)
