"""What both clients share: settings, options, copies of themselves, the journal."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, cast

from molam_overlays.annotations import Self, Unpack, later
from molam_overlays.calls.call import Call
from molam_overlays.calls.deprecation import warn_deprecated
from molam_overlays.calls.flow import flow, info_of
from molam_overlays.calls.quota import RetryQuota
from molam_overlays.calls.words import called, no_setting
from molam_overlays.calls.world import WORLD
from molam_overlays.config import SETTINGS, TEST_PREFIX, CallOptions, Config
from molam_overlays.errors import ClientClosedError, ConfigurationError, ValidationError
from molam_overlays.frames import sealed
from molam_overlays.keywords import unexpected
from molam_overlays.message.idempotency import make_idempotency_key
from molam_overlays.outcome import Attempt
from molam_overlays.redact import MASK
from molam_overlays.transport.adapter import is_networked
from molam_overlays.watch.observe import Observer, configure_logging, logger
from molam_overlays.webhook import signature
from molam_overlays.webhook.signature import SIGNATURE_HEADER

if TYPE_CHECKING:
    from molam_overlays.calls.download import Download
    from molam_overlays.watch.hooks import Hooks
else:
    Hooks = later("molam_overlays.watch.hooks", "Hooks")
from molam_overlays.calls.preparation import OPTIONS, merged, policy_of, prepare, settings_of
from molam_overlays.calls.started import Started
from molam_overlays.schema.lazy import resolve_pending

_KEYWORDS: Final = ("config", "http_adapter", "hooks", "idempotency_store", "sleep")


class Client:
    """What both clients share: settings, options, preparation of a call."""

    sdk_version: ClassVar[str] = "0"
    user_agent: ClassVar[str] = "molam-sdk-python"
    """How requests introduce themselves, the version left out."""
    signature_header: ClassVar[str] = SIGNATURE_HEADER
    """The header that the signature of a webhook is in."""
    config_class: ClassVar[type[Any]] = Config
    """What is built when no Config is given."""

    _asynchronous: ClassVar[bool] = False

    def __init__(
        self,
        config: Config | None,
        *,
        hooks: Hooks | None,
        others: dict[str, Any],
    ) -> None:
        # Clock and randomness are handed in by tests alone.
        world = others.pop("world", WORLD)
        for name in others:
            raise TypeError(no_setting(type(self).__name__, SETTINGS, _KEYWORDS, name))
        if config is None:
            config = self.config_class()
        if not isinstance(config, Config):
            raise ConfigurationError(
                f"A client takes a Config, not {type(config).__name__}: "
                f"{type(self).__name__}(Config(api_key=…))."
            )
        self.config: Config = config
        self._options: CallOptions = {}
        self._quota = RetryQuota()
        self._observer = _observer_of(hooks)
        self._journal: Any = None
        self._own_store: Any = None
        self._recovery: Any = None
        self._world = world
        self._closed = [False]
        self._remarks: list[str] = []
        self._derived = False
        self._usual_policy = policy_of(config, self._options)
        self._secrets = signature.Keyring(config.webhook_secret)
        self._settings = settings_of(config, f"{self.user_agent}/{self.sdk_version}")
        configure_logging(variable=f"{config.environment}_LOG")
        resolve_pending()

    def _remark_on(self, adapter: Any) -> None:
        """Note what is said at the first call: a test key does not move money on the live host."""
        if (
            not self._settings.elsewhere
            and self.config.api_key.startswith(TEST_PREFIX)
            and is_networked(adapter)
        ):
            self._remarks.append(
                f"A test key (sk_test_…) is used with {self._settings.base}: no real money moves. Live "
                "payments need a key that starts with sk_live_."
            )

    def _keep_journal(self, store: Any) -> None:
        # A client without a store never loads sqlite3 and what comes with it.
        from molam_overlays.calls import recovery
        from molam_overlays.store.pool import Pool

        self._recovery = recovery
        if isinstance(store, (str, Pool)):
            store = self._own_store = recovery.store_at(store, asynchronous=self._asynchronous)
        self._journal = recovery.journal_of(store, asynchronous=self._asynchronous)
        self._account = recovery.account_of(self.config)

    def __repr__(self) -> str:
        config = vars(self).get("config", "unfinished")  # its `__init__` may have raised
        options = dict(vars(self).get("_options", {}))
        if "extra_headers" in options:
            options["extra_headers"] = dict.fromkeys(options["extra_headers"], MASK)
        shown = ", ".join(f"{name}={value!r}" for name, value in options.items())
        changed = f".with_options({shown})" if shown else ""
        return f"{type(self).__name__}({config!r}){changed}"

    def _no_keyword(self, method: str, name: str) -> str:
        function = getattr(type(self), method, None)
        code = getattr(inspect.unwrap(function), "__code__", None) if function else None
        own = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount] if code else ()
        return unexpected(method, name, {*own, *OPTIONS} - {"self"})

    def __copy__(self) -> Self:
        return self._derive()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._derive()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"A {type(self).__name__} holds the API key and open connections and cannot be "
            "pickled. Build one in the process that needs it."
        )

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        self.__reduce__()

    def _derive(self) -> Self:
        derived = object.__new__(type(self))
        derived.__dict__.update(self.__dict__)
        derived._derived = True
        return derived

    @sealed
    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a light copy with other defaults for its calls.

        It shares connections, retry quota and hooks with this client, which stays as it is.
        Closing the copy leaves this client open.

        Args:
            options: `timeout` and `deadline` in seconds, `max_retries`, `extra_headers`.

        Raises:
            ConfigurationError: an option has no acceptable value.
            TypeError: an option has another name.
        """
        derived = self._derive()
        if options.get("into") is not None:
            raise ValidationError({"into": "belongs to one call"})
        derived._options = self._merged(options, "with_options")
        derived._usual_policy = policy_of(self.config, derived._options)
        return derived

    def _merged(self, options: CallOptions, method: str) -> CallOptions:
        unknown = options.keys() - OPTIONS
        if unknown:
            raise TypeError(self._no_keyword(method, sorted(unknown)[0]))
        return merged(self._settings, self._options, options)

    def _start(
        self,
        call: Call[Any],
        idempotency_key: str | None,
        given: CallOptions | None,
        again: Callable[..., Any],
        earlier: tuple[Attempt, ...] | None,
    ) -> Started:
        if self._closed[0]:
            raise ClientClosedError(
                f"This {type(self).__name__} is closed. Build a new one; it can be kept for the "
                "life of the process."
            )
        if self._remarks:
            logger.warning("%s", self._remarks.pop())
        operation = call.operation
        if operation.deprecated is not None and earlier is None:
            warn_deprecated(operation.deprecated)
        options, policy = self._options, self._usual_policy
        if given:
            options = self._merged(given, called(operation.id))
            policy = policy_of(self.config, options)
        minted = operation.keyed and idempotency_key is None
        if operation.keyed:
            idempotency_key = make_idempotency_key(idempotency_key)
        request = prepare(self._settings, call, options, idempotency_key)
        if minted:
            self._observer.key_minted(info_of(call, request, idempotency_key))
        steps = flow(
            call,
            request,
            idempotency_key,
            policy,
            self._quota,
            self._world,
            self._observer,
            earlier or (),
            journaled=self._journal is not None,
        )
        return Started(
            self, steps, call, idempotency_key, given, again, cast("Download | None", request.sink)
        )

    @sealed
    def verify_webhook_signature(self, signature_header: str | None, raw_body: bytes) -> bool:
        """Check a webhook's signature; return True. A plain call on both clients.

        Args:
            signature_header: the value of ``Molam-Signature``.
            raw_body: the bytes of the body as they arrived, before any decoding.

        Raises:
            SignatureError: it does not verify, is older or newer than five minutes, or its `kid`
                names no secret of ours.
        """
        return signature.check_signature(signature_header, raw_body, self._secrets)

    def _derive_unjournaled(self) -> Self:
        quiet = self._derive()
        quiet._journal = None
        return quiet

    def _journal_for_recovery(self) -> Any:
        if self._journal is None:
            raise ConfigurationError(
                "This client keeps no journal: build it with idempotency_store=…, the same store "
                "that the crashed process had."
            )
        return self._journal


def _observer_of(hooks: Hooks | None) -> Observer:
    if hooks is None:
        return Observer()
    # Whoever made hooks has loaded this; nobody else needs it.
    from molam_overlays.watch.hooks import observer_of

    return observer_of(hooks)
