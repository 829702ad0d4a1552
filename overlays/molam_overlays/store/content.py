"""What of a call lies on disk, in clear or encrypted, and how it is read back.

In clear: header fields that the document knows, and the body. Values of header fields that a caller
added are not kept, since nobody can tell a credential by its name; the names are, so that a
recovery knows what it lacks. Encrypted: all of it, the caller's header fields and the query too, in
one piece with a digest inside, so that damage and a wrong `decrypt` are seen. Credentials of the
client itself are never kept: the recovering client has its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

import attrs

from molam_overlays import errors
from molam_overlays.annotations import at_home
from molam_overlays.errors import StoreError
from molam_overlays.redact import SECRET_HEADERS
from molam_overlays.store.payload import fingerprint

Encrypt = Callable[[bytes], bytes]
Decrypt = Callable[[bytes], bytes]

# Among the header fields on disk: no name of a field begins with a colon (RFC 9110 section 5.1).
_IDENTIFIED: Final = ":answer"
_SEALED: Final = "sealed:"
_DIGEST: Final = 32

_PLAIN_WORDS: Final = frozenset(
    {"not_sent", "rejected", "maybe_processed", "settled", "no response"}
    | {kind.__name__ for kind in errors.PUBLIC}
)


@attrs.frozen(kw_only=True)
class Entry:
    """A call, as much of it as it takes to repeat it."""

    key: str
    """The idempotency key it is sent with."""
    method: str
    """Upper case, such as ``POST``."""
    path: str
    """The path with its query, percent-encoded, such as ``/v1/treasury/payouts``."""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    """What the request needs beyond authorization, which is never kept."""
    extra_headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    """What the caller added. Without `encrypt` only the names are kept."""
    missing: tuple[str, ...] = ()
    """Header fields that the call had, and whose values were not kept."""
    body: bytes | None = attrs.field(default=None, repr=False)
    """The body as sent, None when there is none."""
    account: str = ""
    """Which server and account it is for: recovery never sends an entry of another one."""
    identified: bool = False
    """Whether an answer that does it carries an ``id``: one without is somebody else's."""
    age: float = attrs.field(default=0.0, eq=False)
    """Seconds since its key can first have left, where a recovery hands it out."""


class Stored(NamedTuple):
    """How an entry lies on disk, in the columns of its table."""

    path: str
    headers: str
    body: bytes | None
    encrypted: bool
    fingerprint: str
    """SHA-256 of the body in clear; empty where it is encrypted."""

    def __repr__(self) -> str:
        return f"Stored(path={self.path!r}, encrypted={self.encrypted!r})"


class UnreadableError(Exception):
    """An entry cannot be read back; says why, without anything of it."""


def lay_down(entry: Entry, encrypt: Encrypt | None) -> Stored:
    """Return how an entry is put on disk.

    Raises:
        StoreError: `encrypt` raised, or gave something that is not bytes.
    """
    about: dict[str, str | None] = {_IDENTIFIED: "id"} if entry.identified else {}
    if encrypt is None:
        about.update(_kept(entry.headers))
        about.update(dict.fromkeys(entry.extra_headers))
        return Stored(
            path=entry.path,
            headers=json.dumps(about),
            body=entry.body,
            encrypted=False,
            fingerprint=fingerprint(entry.body or b""),
        )
    return Stored(
        path=entry.path.partition("?")[0],
        headers=json.dumps(about),
        body=_sealed(encrypt, lambda: _bundle(entry)),
        encrypted=True,
        fingerprint="",
    )


def pick_up(stored: Stored, found: Entry, decrypt: Decrypt | None) -> Entry:
    """Return the entry that lies on disk; `found` has its key, method, account and age.

    Raises:
        UnreadableError: it is damaged, or cannot be decrypted.
    """
    about = _header_fields(stored.headers)
    identified = about.pop(_IDENTIFIED, None) is not None
    found = attrs.evolve(found, identified=identified)
    if stored.encrypted:
        return _opened(stored, found, decrypt)
    if fingerprint(stored.body or b"") != stored.fingerprint:
        raise UnreadableError("the body is not what was written: it is damaged")
    return attrs.evolve(
        found,
        path=stored.path,
        headers={name: value for name, value in about.items() if value is not None},
        missing=tuple(name for name, value in about.items() if value is None),
        body=stored.body,
    )


def words_at_rest(text: str, encrypt: Encrypt | None, decrypt: Decrypt | None) -> str:
    """Return how a few words about an entry are kept: in clear only if they can hold nothing.

    Raises:
        StoreError: as `lay_down`.
    """
    if text in _PLAIN_WORDS or (len(text) == 3 and text.isascii() and text.isdigit()):
        return text
    # Neither a lone surrogate nor NUL can be stored everywhere.
    text = text[:200].encode("utf-8", "backslashreplace").decode().replace("\0", " ")
    if encrypt is None and decrypt is None:
        return text
    if encrypt is None:
        return "not kept: the journal has no encrypt callable"
    return _SEALED + base64.b64encode(_sealed(encrypt, text.encode)).decode()


def words_read(text: str | None, decrypt: Decrypt | None) -> str | None:
    """Return the words that `words_at_rest` kept; None where they cannot be had."""
    if text is None or not text.startswith(_SEALED):
        return text
    try:
        assert decrypt is not None
        return bytes(decrypt(base64.b64decode(text.removeprefix(_SEALED)))).decode()
    except Exception:  # noqa: BLE001 - a user's callable; words are not worth an error
        return None


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    # Recovery makes these anew; on disk they would be secrets lying about.
    return {k: v for k, v in headers.items() if k.lower() not in SECRET_HEADERS}


def _bundle(entry: Entry) -> bytes:
    query = entry.path.partition("?")[2]
    about = (_kept(entry.headers), dict(entry.extra_headers), query, entry.body is not None)
    content = json.dumps(about).encode("ascii") + b"\n" + (entry.body or b"")
    return hashlib.sha256(content).digest() + content


def _sealed(encrypt: Encrypt, content: Callable[[], bytes]) -> bytes:
    # What is encrypted has no name here: whoever keeps the variables of frames would keep it.
    try:
        sealed: Any = encrypt(content())
    except Exception as error:
        raise StoreError(
            f"The journal's encrypt callable raised {type(error).__name__}. Nothing was written."
        ) from error
    if isinstance(sealed, (bytes, bytearray, memoryview)):
        return bytes(sealed)
    kind = type(sealed).__name__
    del sealed
    raise StoreError(
        f"The journal's encrypt callable gave {kind}; bytes were expected. Nothing was written."
    )


def _opened(stored: Stored, found: Entry, decrypt: Decrypt | None) -> Entry:
    if decrypt is None:
        raise UnreadableError("the body is encrypted: give the journal its decrypt callable")
    try:
        given: Any = decrypt(stored.body or b"")
    except Exception as error:  # noqa: BLE001 - a user's callable, and any failure is the same
        why = f"the body cannot be decrypted ({type(error).__name__})"
        raise UnreadableError(why) from None
    if not isinstance(given, (bytes, bytearray, memoryview)):
        raise UnreadableError(
            f"the decrypt callable gave {type(given).__name__}; bytes were expected"
        )
    clear = bytes(given)
    content = clear[_DIGEST:]
    if hashlib.sha256(content).digest() != clear[:_DIGEST]:
        raise UnreadableError(
            "the body is not what was written: wrong decrypt callable, or it is damaged"
        )
    about, _, body = content.partition(b"\n")
    headers, extra, query, has_body = json.loads(about)
    return attrs.evolve(
        found,
        path=f"{stored.path}?{query}" if query else stored.path,
        headers=headers,
        extra_headers=extra,
        body=body if has_body else None,
    )


def _header_fields(text: str) -> dict[str, str | None]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or not all(
        value is None or isinstance(value, str) for value in fields.values()
    ):
        raise UnreadableError("its header fields are damaged")
    return cast("dict[str, str | None]", fields)


at_home("molam_sdk.idempotency", Entry)
