"""What emitted code takes from the runtime and where that is, and the names that are taken already.

The runtime is not imported here, the generator works without it. Tests hold these tables to it.
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Mapping
from typing import Final

from generator.decide import views
from generator.decide.imports import use

PACKAGE: Final = "molam_overlays"
"""The runtime's own name."""
ERROR: Final = "MolamError"
"""What the runtime calls the error above all others."""
HOME: Final = ("molam_sdk", ERROR, "molam-sdk-python", "MOLAM")
"""What the runtime takes its package to be called where nobody says: import name, error above all
others, distribution, beginning of environment variables."""

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "annotations": ("Unpack", "later",),
    "calls.awaiting": ("Awaiting",),
    "calls.blocking": ("Blocking",),
    "calls.group": ("AwaitingGroup", "BlockingGroup",),
    "calls.call": ("Call",),
    "calls.operation": ("Operation", "PageRule", "or_nothing", "with_more",),
    "calls.paging": ("AsyncPage", "Page",),
    "calls.stream": ("AsyncStream", "Stream",),
    "cli.entry": ("run",),
    "config": ("CallOptions", "Config",),
    "contrib.django.apps": ("StoresApp",),
    "frames": ("sealed",),
    "home": ("settle",),
    "message.body": ("Body", "Encoding", "Result",),
    "message.credentials": ("Credentials",),
    "message.parameters": ("Parameter",),
    "message.streams": ("Streamed",),
    "outcome": ("ResponseInfo",),
    "product": ("Product",),
    "pytest_plugin": ("fixtures",),
    "sandbox": ("Sandbox", "SandboxOptions",),
    "schema.anything": ("AnyValue",),
    "schema.containers": ("Array", "Map", "Nullable",),
    "schema.fields": ("field",),
    "schema.files": ("Binary", "File",),
    "schema.formats": ("Base64", "Date", "DateTime", "DecimalText", "Duration", "Time", "Uuid",),
    "schema.lazy": ("Lazy",),
    "schema.model": ("Model", "UnknownModel",),
    "schema.numbers": ("Float", "Integer", "Number",),
    "schema.rules": (
        "any_of_required", "dependent_required", "max_properties", "min_properties",
        "names_match", "one_of_required",
    ),
    "schema.texts": ("Boolean", "Const", "Enum", "String",),
    "schema.types": ("UNSET", "Unset",),
    "schema.unions": ("Tagged", "Union",),
    "webhook.event_kinds": ("KindRouter", "Kinds",),
    "webhook.events": ("construct_event", "read_event",),
    "webhook.router": ("EventRouter",),
    "webhook.signature": ("DEFAULT_TOLERANCE_MS", "SecretSource",),
}  # fmt: skip

RUNTIME: Final[Mapping[str, str]] = {
    name: f"{PACKAGE}.{module}" for module, names in _NAMES.items() for name in names
}
"""Each name of the runtime that emitted code takes, to its module. What the package hands out
besides is in `public_api.toml`; nothing else knows where in the runtime anything is."""


def of_runtime(name: str) -> str:
    """Return the token of a name of the runtime."""
    return use(RUNTIME[name], name)


CALL_OPTIONS: Final = frozenset({"timeout", "max_retries", "deadline", "extra_headers", "into"})
"""Keywords of every client method; an operation's own argument gives way."""

CLIENT_METHODS: Final = frozenset({
    "aclose", "close", "config", "config_class", "construct_event", "recover", "request",
    "sdk_version", "signature_header", "user_agent", "verify_webhook_signature", "with_options",
})  # fmt: skip
"""What every client has; an operation's method gives way."""

MODEL_MEMBERS: Final = frozenset({
    *(name for name in dir(dict) if not name.startswith("_")),
    "from_dict", "response", "to_dict", "to_json",
})  # fmt: skip
"""What every model has; a property gives way."""

PAGE_MEMBERS: Final = MODEL_MEMBERS | {"next_page"}
"""What every page has; a property gives way."""

NEVER: Final = frozenset({*keyword.kwlist, "self", "cls", "_", "__debug__"})
_BUILTINS: Final = frozenset(name for name in dir(builtins) if not name.startswith("_"))
# Names that emitted modules use for themselves.
ARGUMENTS_TAKEN: Final = frozenset({"config", "idempotency_key", "self", "cls"})
CLASSES_TAKEN: Final = frozenset({
    *_BUILTINS, "Any", "AsyncPage", "Awaiting", "Blocking", "Call", "CallOptions", "Decimal",
    "ClassVar", "EventRouter", "EventType", "Final", "Iterable", "Literal", "Mapping", "Model", "Operation",
    "Page", "Parameter", "ResponseInfo", "Sequence", "TYPE_CHECKING", "TypeAlias", "UUID", "Union",
    "UnknownModel", "Unset", "WebhookEvent",
})  # fmt: skip

IDEMPOTENCY: Final = "Idempotency-Key"
"""The header that the idempotency key travels in."""
NEVER_SENT: Final = frozenset({"accept", "content-type", "authorization"})
"""Header parameters that OpenAPI says to ignore: bodies and security describe them."""
RUNTIME_MODELS: Final = tuple(
    views.Entry(name, RUNTIME[name]) for name in ("Model", "ResponseInfo")
)
"""What users meet in signatures, and find beside the models."""
