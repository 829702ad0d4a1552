"""The recipe for Prometheus counts what happens, as its own library shows it."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from molam_sdk import Config, MolamClient
from molam_sdk.exceptions import MolamError
from molam_sdk.observe import Hooks
from molam_sdk.sandbox import Sandbox

PAGE = Path(__file__).parents[2] / "docs/guides/observability.md"


def test_answers_retries_and_errors_are_counted_under_few_names() -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(
        r"^## Prometheus$.*?```python\n(.*?)^measured = ", text, re.DOTALL | re.MULTILINE
    )
    assert found is not None
    names: dict[str, Any] = {"Hooks": Hooks}
    exec(compile(found[1], str(PAGE), "exec"), names)
    waits: list[float] = []
    with Sandbox() as sandbox:
        config = Config(api_key="sk_test_1", api_base="http://127.0.0.1")
        client = MolamClient(config, sandbox.adapter(), hooks=names["metrics"], sleep=waits.append)
        sandbox.fault("status=503")
        client.list_refunds()
        for call in (
            lambda: client.retrieve_refund("ref_1"),
            lambda: client.request("GET", "/x/1"),
        ):
            with contextlib.suppress(MolamError):
                call()
    shown = names["generate_latest"](names["registry"]).decode()
    samples = {
        (sample.name, *map(sample.labels.get, ("operation", "status", "outcome", "error"))): (
            sample.value
        )
        for family in text_string_to_metric_families(shown)
        for sample in family.samples
    }
    count = "molam_request_duration_seconds_count"
    assert samples[count, "listRefunds", "503", None, None] == 1
    assert samples[count, "listRefunds", "200", None, None] == 1
    assert samples["molam_retries_total", "listRefunds", None, "503", None] == 1
    assert samples["molam_errors_total", "retrieveRefund", None, None, "NotFoundError"] == 1
    assert samples["molam_errors_total", "other", None, None, "NotFoundError"] == 1
