"""What is masked, and what is not."""

from __future__ import annotations

import pytest

from molam_overlays.redact import MASK, SECRET_HEADERS, redact_json, redact_text, redact_url
from molam_overlays.webhook.signature import SIGNATURE_HEADER


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key sk_test_abc123 used", f"key sk_test_{MASK} used"),
        ("sk_live_A-b_c.9/=+", f"sk_live_{MASK}"),
        ("sk_other", f"sk_{MASK}"),
        ("jwt_eyJh.eyJz.sig", f"jwt_{MASK}"),
        ("'whsec_abc'", f"'whsec_{MASK}'"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {MASK}"),
        ("task_runner disk_usage risk_level", "task_runner disk_usage risk_level"),
        ("molam-1705420800000-aabb pi_1", "molam-1705420800000-aabb pi_1"),
    ],
)
def test_keys_and_secrets_in_text_are_masked_and_nothing_else(text: str, shown: str) -> None:
    assert redact_text(text) == shown


def test_the_header_of_a_webhooks_signature_is_secret_and_the_idempotency_key_is_not() -> None:
    assert SIGNATURE_HEADER.lower() in SECRET_HEADERS
    assert "idempotency-key" not in SECRET_HEADERS


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.molam.com/v1/x", "https://api.molam.com/v1/x"),
        ("postgresql://shop:hunter2@db:5432/orders", f"postgresql://shop:{MASK}@db:5432/orders"),
        ("https://h/p?token=abc#frag", f"https://h/p?{MASK}"),
        ("http://[::1", MASK),
        ("http://u:p@ss@h/", f"http://u:{MASK}@h/"),
    ],
)
def test_an_address_is_shown_without_password_and_query(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_sensitive_properties_are_masked_at_any_depth_and_the_data_is_not_touched() -> None:
    data = {
        "id": "po_1",
        "beneficiary": {"iban": "SN08", "account_holder": "A", "phone": None},
        "list": [{"iban": {"nested": 1}}, "sk_test_x", 3, None, True],
    }
    assert redact_json(data, {"iban", "phone"}) == {
        "id": "po_1",
        "beneficiary": {"iban": MASK, "account_holder": "A", "phone": None},
        "list": [{"iban": MASK}, f"sk_test_{MASK}", 3, None, True],
    }
    assert data["beneficiary"] == {"iban": "SN08", "account_holder": "A", "phone": None}
