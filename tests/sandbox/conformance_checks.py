"""One more check for schemathesis: valid data is refused for reasons beyond the schema only.

Loaded as hooks by ``schemathesis.toml``; no test module itself.
"""

from __future__ import annotations

import schemathesis
from schemathesis import Case, CheckContext, GenerationMode, Response

BEYOND_THE_SCHEMA = {
    "idempotency_key_reused",
    "amount_too_large",
    "amount_too_precise",
    "not_in_the_future",
    "insufficient_balance",
    "card_declined",
    "insufficient_funds",
    "expired_card",
}


@schemathesis.check
def valid_data_is_refused_for_good_reasons(_: CheckContext, response: Response, case: Case) -> None:
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if response.status_code in {402, 422}:
        code = response.json()["error"]["code"]
        assert code in BEYOND_THE_SCHEMA, f"valid data was refused as {code}"
