"""A client's settings: an argument beats the environment, which beats the default."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, ClassVar, Final, NoReturn, TypedDict, cast
from urllib.parse import SplitResult, urlsplit

from molam_overlays.annotations import Self, at_home
from molam_overlays.errors import ConfigurationError
from molam_overlays.frames import sealed
from molam_overlays.integers import whole
from molam_overlays.keywords import unexpected
from molam_overlays.message.credentials import Credentials
from molam_overlays.redact import MASK

WebhookSecrets = str | Iterable[str] | Mapping[str, Any]
"""One secret, which serves every key id; several; or a mapping of key id to secret."""

KEY_PREFIXES: Final = ("sk_", "jwt_")
LIVE_PREFIX: Final = "sk_live_"
TEST_PREFIX: Final = "sk_test_"


class CallOptions(TypedDict, total=False):
    """What every method takes beyond the fields of its operation, as keywords."""

    timeout: float
    """Seconds for one attempt as a whole."""
    max_retries: int
    """Attempts after the first."""
    deadline: float
    """Seconds for the call as a whole: no retry starts after them, save one last one, with the
    same key, when the fate of the request is unknown."""
    extra_headers: Mapping[str, str]
    """Header fields to add. Those the SDK sets itself cannot be replaced."""
    into: BinaryIO
    """Only for methods that return a file: where to write it as it arrives, instead of holding it
    in memory. The method then returns empty bytes."""


def _api_key(prefix: str, given: str | None) -> str:
    key = given or os.environ.get(f"{prefix}_API_KEY") or ""
    if not isinstance(key, str):
        raise ConfigurationError(f"api_key must be text (str), not {type(key).__name__}.")
    return key


def _currency(prefix: str, given: str | None) -> str:
    return given or os.environ.get(f"{prefix}_DEFAULT_CURRENCY") or "USD"


def _locale(prefix: str, given: str | None) -> str:
    return given or os.environ.get(f"{prefix}_DEFAULT_LOCALE") or "en"


def _base(prefix: str, given: str | None) -> str:
    base: Any = given or os.environ.get(f"{prefix}_API_BASE") or ""
    # A lone slash stays, and is refused: it must not come to mean the live server.
    return (base.rstrip("/") or base) if isinstance(base, str) else base


def _with_prefix(base: str, prefix: str) -> str:
    """Return an address with the document's path, unless it has a path of its own."""
    if not prefix or not isinstance(base, str):
        return base
    scheme, separator, rest = base.partition("://")
    # Whatever else is wrong with it is told later.
    plain = separator and rest and not any(mark in rest for mark in "/?#")
    return f"{scheme}://{rest}{prefix}" if plain else base


def _secret(prefix: str, given: WebhookSecrets | None) -> WebhookSecrets | None:
    secret: Any = given or os.environ.get(f"{prefix}_WEBHOOK_SECRET") or None
    if secret is None or isinstance(secret, (str, bytes, Mapping)) or callable(secret):
        return cast("WebhookSecrets | None", secret)
    # Several: kept, since what can be iterated once only would verify one webhook only.
    return tuple(secret) if isinstance(secret, Iterable) else secret


class Config:
    """Settings of a client. They do not change once they are made."""

    server: ClassVar[str] = "https://api.molam.com"
    """Where calls go when neither the argument nor the environment says otherwise; empty where
    the document names no server."""
    prefix: ClassVar[str] = ""
    """What is put behind an address that has no path of its own, as a relative server says."""
    credentials: ClassVar[Credentials] = Credentials()
    """How the key travels."""
    environment: ClassVar[str] = "MOLAM"
    """What the names of environment variables begin with."""
    key_prefixes: ClassVar[tuple[str, ...]] = KEY_PREFIXES
    """What a key may start with; empty for any."""

    api_key: str
    """The secret key: ``sk_test_…``, ``sk_live_…`` or ``jwt_…``. Environment: MOLAM_API_KEY."""
    further_keys: Mapping[str, str]
    """More keys, by the name of their security scheme, where the document wants several at once.
    Those that are missing are left out of requests."""
    api_base: str
    """The API's address, https except on loopback. Environment: MOLAM_API_BASE."""
    default_currency: str
    """ISO 4217 code used where a call leaves the currency out. Environment:
    MOLAM_DEFAULT_CURRENCY."""
    default_locale: str
    """Language of hosted pages where a call leaves it out. Environment: MOLAM_DEFAULT_LOCALE."""
    webhook_secret: WebhookSecrets | None
    """One secret for every key id, or a mapping of key id to secret. Environment:
    MOLAM_WEBHOOK_SECRET (one secret)."""
    timeout: float
    """Seconds for one attempt as a whole: connection, request and response to its last byte."""
    max_retries: int
    """Attempts after the first, 0 or more."""

    @sealed
    def __init__(
        self,
        *,
        api_key: str | None = None,
        further_keys: Mapping[str, str] | None = None,
        api_base: str | None = None,
        default_currency: str | None = None,
        default_locale: str | None = None,
        webhook_secret: WebhookSecrets | None = None,
        timeout: float = 30.0,
        max_retries: int = 3,
        **others: NoReturn,
    ) -> None:
        """Gather the settings: an argument beats the environment, which beats the default.

        Args:
            api_key: the secret key. Environment: ``…_API_KEY``.
            further_keys: more keys, by the name of their security scheme.
            api_base: the API's address, https except on loopback. Environment: ``…_API_BASE``.
            default_currency: ISO 4217 code, in capitals, for calls that leave the currency out.
                Environment: ``…_DEFAULT_CURRENCY``; USD by default.
            default_locale: language of hosted pages for calls that leave it out. Environment:
                ``…_DEFAULT_LOCALE``; en by default.
            webhook_secret: one secret for every key id, several, or a mapping of key id to secret.
                Environment: ``…_WEBHOOK_SECRET`` (one secret).
            timeout: seconds for one attempt as a whole.
            max_retries: attempts after the first, 0 or more.
            others: nothing else.

        The environment's names begin as `environment` says.

        Raises:
            ConfigurationError: a setting is missing or malformed; also a `ValueError`.
            TypeError: a setting has another name.
        """
        for name in others:
            raise TypeError(unexpected("Config", name, SETTINGS))
        named = self.environment
        key = _api_key(named, api_key)
        base = _with_prefix(_base(named, api_base) or self.server, self.prefix)
        further = {} if further_keys is None else further_keys
        secret = _secret(named, webhook_secret)
        currency, locale = _currency(named, default_currency), _locale(named, default_locale)
        takes_key = self.credentials.place != "nowhere"
        if takes_key and (key or not self.credentials.optional):
            _check_key(key, self.key_prefixes, named)
        _check_further(further)
        _check_secrets(secret)
        _check_base(base, named, live=takes_key and key.startswith(LIVE_PREFIX))
        for name, value in (("default_currency", currency), ("default_locale", locale)):
            if not isinstance(value, str):
                raise ConfigurationError(f"{name} must be text (str).")
        if not re.fullmatch("[A-Z]{3}", currency):
            raise ConfigurationError(
                f"default_currency must be three capital letters (ISO 4217), such as USD; got "
                f"{currency!r:.40}."
            )
        self.__dict__.update(
            api_key=key,
            further_keys=further,
            api_base=base,
            default_currency=currency,
            default_locale=locale,
            webhook_secret=secret,
            timeout=check_seconds("timeout", timeout),
            max_retries=check_retries(max_retries),
        )

    @sealed
    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("A Config does not change. Build another one.")

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self.api_key, self.api_base))

    def __repr__(self) -> str:
        if not vars(self):  # `__init__` is at work, or has raised
            return f"{type(self).__name__}(unfinished)"
        secret = "None" if self.webhook_secret is None else repr(MASK)
        further = dict.fromkeys(self.further_keys, MASK)
        return (
            f"Config(api_key={mask_key(self.api_key)!r}, "
            f"{f'further_keys={further!r}, ' if further else ''}api_base={self.api_base!r}, "
            f"default_currency={self.default_currency!r}, "
            f"default_locale={self.default_locale!r}, webhook_secret={secret}, "
            f"timeout={self.timeout!r}, max_retries={self.max_retries!r})"
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A Config holds the API key and cannot be pickled. Build one where it is needed; it "
            f"reads {self.environment}_API_KEY from the environment."
        )

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self.__reduce__()


at_home("molam_sdk.config", CallOptions, Config)

SETTINGS: Final = frozenset(Config.__init__.__annotations__) - {"others", "return"}
"""The names of a Config's arguments."""


def mask_key(key: str) -> str:
    """Return the public prefix of a key, such as ``sk_test_``, and a mask."""
    for prefix in ("sk_test_", "sk_live_", "jwt_", "sk_"):
        if key.startswith(prefix):
            return f"{prefix}{MASK}"
    return MASK


def _check_key(key: str, prefixes: tuple[str, ...], environment: str = "MOLAM") -> None:
    if not key:
        raise ConfigurationError(
            f"{environment}_API_KEY is required: pass api_key=… or set the environment variable."
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigurationError(
            "Invalid API key format: it holds white space, control or non-ASCII characters. A "
            "key read from a file often ends in a newline: strip it."
        )
    if prefixes and not key.startswith(prefixes):
        raise ConfigurationError(
            f"Invalid API key format: a key starts with {' or '.join(prefixes)}."
        )
    if prefixes and key in (*prefixes, TEST_PREFIX, LIVE_PREFIX):
        raise ConfigurationError(
            f"Invalid API key format: nothing follows {key}. Copy the whole key."
        )


def _check_further(keys: Any) -> None:
    if not isinstance(keys, Mapping):
        raise ConfigurationError(
            f"further_keys must be a dict of security scheme to key, not {type(keys).__name__}."
        )
    for name, key in keys.items():
        if not isinstance(name, str) or not isinstance(key, str):
            raise ConfigurationError("further_keys must map text to text.")
        _check_key(key, ())


def _check_secrets(secrets: Any) -> None:
    if secrets is None or callable(secrets):
        return
    if isinstance(secrets, Mapping):
        for kid, listed in secrets.items():
            if not isinstance(kid, str):
                raise ConfigurationError(
                    f"webhook_secret must map key ids (str) to secrets, not {type(kid).__name__}."
                )
            _check_secrets(listed)
        return
    for secret in secrets if isinstance(secrets, (tuple, list)) else (secrets,):
        text = secret.decode("utf-8", "replace") if isinstance(secret, bytes) else secret
        if text is not None and not isinstance(text, str):
            raise ConfigurationError(
                "webhook_secret must be one secret (str), several, or a mapping of key id to "
                f"secret, not {type(secret).__name__}."
            )
        if text is not None and text != text.strip():
            raise ConfigurationError(
                "A webhook secret begins or ends with white space. One read from a file often ends "
                "in a newline: strip it."
            )


def _check_base(base: Any, environment: str, *, live: bool) -> None:
    if base == "":
        raise ConfigurationError(
            "api_base is missing, and the API document names no server. Pass api_base=… or set "
            f"{environment}_API_BASE: the address of the API, with scheme and host."
        )
    if not isinstance(base, str) or not (base.isascii() and base.isprintable()) or " " in base:
        raise ConfigurationError("api_base must be a URL of printable ASCII characters.")
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError:  # its text may quote credentials
        raise ConfigurationError(
            "api_base must be a URL such as https://api.example.com; host or port are malformed."
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ConfigurationError(
            "api_base must be a URL such as https://api.example.com, with scheme and host."
        )
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in base or "#" in base:
        raise ConfigurationError(
            "api_base must not hold credentials, a query or a fragment: scheme, host, port and "
            "path only."
        )
    if parts.scheme == "http" and not is_loopback(parts):
        raise ConfigurationError(
            f"api_base must be https: over http anybody on the way to {parts.hostname} could read "
            "the key. Only loopback hosts may use http."
        )
    if parts.scheme == "http" and live:
        raise ConfigurationError(
            "A live key never goes over http. Use a test key with a local server."
        )


def is_loopback(parts: SplitResult) -> bool:
    """Tell whether a URL names this machine (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3)."""
    host = (parts.hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_seconds(name: str, value: Any) -> float:
    """Return a positive, finite number of seconds as float.

    Raises:
        ConfigurationError: it is not one.
    """
    seconds = value if isinstance(value, float) else whole(value)
    if seconds is not None and 0 < seconds <= _LONGEST:
        return float(seconds)
    raise ConfigurationError(f"{name} must be a positive number of seconds, a year at most.")


_LONGEST: Final = 366 * 86_400.0
"""Seconds. Beyond some years operating systems refuse to wait."""


def check_retries(value: Any) -> int:
    """Return a number of retries, 0 or more.

    Raises:
        ConfigurationError: it is not one.
    """
    count = whole(value)
    if count is not None and count >= 0:
        return count
    raise ConfigurationError("max_retries must be a whole number, 0 or more.")
