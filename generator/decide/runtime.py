"""Names of the runtime that emitted code takes, and names that are taken already."""

from __future__ import annotations

import builtins
import keyword
from typing import Final

from generator.decide import views

CALL_OPTIONS: Final = frozenset({"timeout", "max_retries", "deadline", "extra_headers", "into"})
"""Keywords of every client method; an operation's own argument gives way."""

CLIENT_METHODS: Final = frozenset(
    {
        "aclose",
        "close",
        "config",
        "config_class",
        "construct_event",
        "from_env",
        "recover",
        "request",
        "sdk_version",
        "verify_webhook_signature",
        "with_options",
    }
)
"""What every client has; an operation's method gives way."""

MODEL_MEMBERS: Final = frozenset(
    {
        *dir(dict),
        "from_dict",
        "response",
        "to_dict",
        "to_json",
    }
)
"""What every model has; a property gives way."""

PAGE_MEMBERS: Final = frozenset(
    {"auto_paging_iter", "from_dict", "next_page", "pages", "response", "to_dict", "to_json"}
)
"""What every page has; a property gives way."""

NEVER: Final = frozenset({*keyword.kwlist, "self", "cls", "_", "__debug__"})
_BUILTINS: Final = frozenset(name for name in dir(builtins) if not name.startswith("_"))
# Names that emitted modules use for themselves.
ARGUMENTS_TAKEN: Final = frozenset({"config", "idempotency_key", "options", "self", "cls"})
CLASSES_TAKEN: Final = frozenset(
    {
        *_BUILTINS,
        "Any",
        "AsyncPage",
        "Awaiting",
        "Blocking",
        "Call",
        "CallOptions",
        "Decimal",
        "Final",
        "Iterable",
        "Literal",
        "Mapping",
        "Model",
        "Operation",
        "Page",
        "Parameter",
        "ResponseInfo",
        "Sequence",
        "TypeAlias",
        "TYPE_CHECKING",
        "UUID",
        "Union",
        "Unset",
        "WebhookEvent",
        "EventType",
        "EventRouter",
    }
)

OPERATION: Final = "molam_overlays.operation"
CODEC: Final = "molam_overlays.codec"
MODEL: Final = "molam_overlays.model"
IDEMPOTENCY: Final = "idempotency-key"
NEVER_SENT: Final = frozenset({"accept", "content-type", "authorization"})
"""Header parameters that OpenAPI says to ignore: bodies and security describe them."""
RUNTIME_MODELS: Final = (views.Entry("Model", MODEL), views.Entry("ResponseInfo", MODEL))
"""What users meet in signatures, and find beside the models."""
