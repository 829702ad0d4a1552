"""The rules of our own document: each breach is told with its line and a way out, all at once."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.command import run
from generator.read.load import read_document
from generator.read.rules import HOUSE

ROOT = Path(__file__).parents[3]
OURS = ROOT / "openapi" / "molam.yaml"
INTENTS = "/v1/connect/payment_intents"
Data = dict[str, Any]
Edit = Callable[[Data], Any]


class Quoting(yaml.SafeDumper):
    """Writes text in quotes where YAML 1.2 would take it for a number."""


def _text(dumper: Quoting, value: str) -> Any:
    style = "'" if value[:1].isdigit() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Quoting.add_representer(str, _text)


@pytest.fixture(scope="module")
def data() -> Data:
    loaded: Data = yaml.load(OURS.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return loaded


@pytest.fixture
def broken(data: Data, tmp_path: Path) -> Callable[..., list[tuple[str, str]]]:
    """Return rule and words of all that is wrong with edited copies of our document."""

    def broken(*edits: Edit) -> list[tuple[str, str]]:
        edited = copy.deepcopy(data)
        for edit in edits:
            edit(edited)
        path = tmp_path / "molam.yaml"
        text = yaml.dump(edited, Dumper=Quoting, sort_keys=False, allow_unicode=True, width=70)
        # What PyYAML leaves on one line.
        text = re.sub(r"(?m)^( *)([\w]+): (?=.{85,}$)", r"\1\2: >-\n\1  ", text)
        path.write_text(text, encoding="utf-8")
        shutil.copy(OURS.with_name("molam.settings.toml"), tmp_path)
        mistakes = read_document(path, name="molam.yaml").findings.mistakes
        for one in mistakes:
            assert one.position is not None
            assert one.position.line > 1 or one.rule.name == "house-layout"
            assert one.advice
        return [(one.rule.name, one.what) for one in mistakes if one.rule.name in HOUSE]

    return broken


def create(data: Data) -> Data:
    found: Data = data["paths"][INTENTS]["post"]
    return found


def listing(data: Data) -> Data:
    found: Data = data["paths"][INTENTS]["get"]
    return found


def retrieve(data: Data) -> Data:
    found: Data = data["paths"][f"{INTENTS}/{{payment_intent_id}}"]["get"]
    return found


def schema(data: Data, name: str) -> Data:
    found: Data = data["components"]["schemas"][name]
    return found


def field(data: Data, model: str, name: str, **given: Any) -> None:
    schema(data, model)["properties"][name] = {"type": "string", "description": "Said.", **given}


def example(operation: Data) -> Data:
    content = operation["requestBody"]["content"]["application/json"]
    found: Data = next(iter(content["examples"].values()))["value"]
    return found


def hook(data: Data) -> Data:
    found: Data = data["webhooks"]["refund.created"]["post"]
    return found


def move(data: Data, old: str, new: str) -> None:
    data["paths"][new] = data["paths"].pop(old)


BREACHES: list[tuple[str, Edit]] = [
    ("house-operation-names", lambda d: retrieve(d).pop("operationId")),
    ("house-operation-names", lambda d: retrieve(d).update(operationId="Payment_Intent")),
    ("house-operation-names", lambda d: move(d, "/v1/treasury/payouts", "/v1/treasury/PayOuts")),
    ("house-tags", lambda d: create(d).update(tags=[])),
    ("house-tags", lambda d: create(d).update(tags=["payouts", "refunds"])),
    ("house-tags", lambda d: create(d).update(tags=["else"])),
    ("house-arguments", lambda d: create(d).pop("x-molam-arguments")),
    ("house-path-parameters", lambda d: (
        move(d, f"{INTENTS}/{{payment_intent_id}}/cancel", "/v1/{merchant_id}/{payment_intent_id}"),
        d["paths"]["/v1/{merchant_id}/{payment_intent_id}"]["post"]["parameters"].append(
            {"name": "merchant_id", "in": "path", "required": True, "description": "Whose.",
             "schema": {"type": "string"}}))),
    ("house-idempotency", lambda d: create(d)["parameters"].clear()),
    ("house-idempotency", lambda d: retrieve(d)["parameters"].append(
        {"$ref": "#/components/parameters/IdempotencyKey"})),
    ("house-pages", lambda d: listing(d).pop("x-molam-page")),
    ("house-pages", lambda d: retrieve(d).update(
        {"x-molam-page": {"items": "data", "more": "has_more", "limit": "a", "offset": "b"}})),
    ("house-answers", lambda d: create(d)["responses"].pop("409")),
    ("house-answers", lambda d: create(d)["responses"].pop("5XX")),
    ("house-answers", lambda d: create(d)["responses"].update(
        {"404": {"$ref": "#/components/responses/NotFound"}})),
    ("house-answers", lambda d: create(d)["responses"].update(
        {"202": create(d)["responses"]["201"]})),
    ("house-answers", lambda d: create(d)["responses"].update({"402": {
        "description": "Other.", "headers": create(d)["responses"]["201"]["headers"],
        "content": {"application/json": {"schema": {"type": "object"},
                                         "examples": {"one": {"value": {}}}}}}})),
    ("house-request-ids", lambda d: create(d)["responses"]["201"].pop("headers")),
    ("house-request-ids", lambda d: create(d)["responses"]["201"]["headers"].update(
        {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}})),
    ("house-security", lambda d: create(d).update(security=[{"bearerAuth": []}])),
    ("house-webhooks", lambda d: hook(d).pop("security")),
    ("house-webhooks", lambda d: hook(d)["responses"].update({"400": {"description": "No."}})),
    ("house-webhooks", lambda d: schema(d, "RefundCreated")["allOf"][1]["properties"]["type"].update(
        const="refund.made")),
    ("house-webhooks", lambda d: example(hook(d)).update(type="refund.failed")),
    ("house-schema-names", lambda d: d["components"]["schemas"].update(
        fee_table={"type": "object", "description": "Fees."})),
    ("house-schema-names", lambda d: field(d, "Refund", "madeBy")),
    ("house-schema-names", lambda d: listing(d)["parameters"].append(
        {"name": "perPage", "in": "query", "description": "How many.", "schema": {"type": "string"}})),
    ("house-texts", lambda d: create(d).pop("summary")),
    ("house-texts", lambda d: create(d).update(description=" ")),
    ("house-texts", lambda d: schema(d, "Refund").pop("description")),
    ("house-texts", lambda d: field(d, "Refund", "note", description="")),
    ("house-texts", lambda d: listing(d)["parameters"].append(
        {"name": "page", "in": "query", "schema": {"type": "string"}})),
    ("house-amounts", lambda d: field(d, "Refund", "tip_amount")),
    ("house-amounts", lambda d: field(d, "Refund", "fee", type="number")),
    ("house-amounts", lambda d: field(d, "Refund", "tip_amount", type="integer", format="int64")),
    ("house-values", lambda d: schema(d, "RefundStatus")["enum"].append("onHold")),
    ("house-values", lambda d: schema(d, "RefundStatus")["enum"].append("held")),
    ("house-sent", lambda d: field(d, "CreateRefundRequest", "speed", enum=["slow", "fast"],
                                   description="`slow` or `fast`.")),
    ("house-sent", lambda d: field(d, "CreateRefundRequest", "note", type=["string", "null"])),
    ("house-open", lambda d: schema(d, "Refund").update(additionalProperties=False)),
    ("house-extensions", lambda d: create(d).update({"x-internal": True})),
    ("house-examples", lambda d: create(d)["requestBody"]["content"]["application/json"].pop(
        "examples")),
    ("house-examples", lambda d: example(create(d)).update(amount=0)),
    ("house-examples", lambda d: example(hook(d))["data"].update(created_at="yesterday")),
    ("house-examples", lambda d: d["components"]["parameters"]["Limit"].update(example=1000)),
    ("house-layout", lambda d: d["paths"].update({"/v1/" + "very_" * 20 + "long": {}})),
    ("house-layout", lambda d: d.update(servers=d.pop("servers"))),
    ("house-layout", lambda d: listing(d).update(parameters=retrieve(d)["parameters"])),
]  # fmt: skip


def test_our_document_keeps_every_rule(broken: Callable[..., Any]) -> None:
    assert broken() == []


@pytest.mark.parametrize(("rule", "edit"), BREACHES)
def test_a_breach_is_told_by_its_rule(broken: Callable[..., Any], rule: str, edit: Edit) -> None:
    assert rule in [name for name, _ in broken(edit)]


def test_every_rule_has_a_breach_here_and_a_line_in_the_readme() -> None:
    assert {rule for rule, _ in BREACHES} == set(HOUSE)
    readme = OURS.with_name("README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(house-[a-z-]+)` \|", readme, flags=re.MULTILINE) == list(HOUSE)


def test_all_that_an_added_operation_lacks_is_told_at_once(
    broken: Callable[..., Any],
) -> None:
    def add(data: Data) -> None:
        data["paths"]["/v1/connect/disputes"] = {
            "post": {
                "operationId": "open_dispute",
                "responses": {"200": {"description": "Opened."}},
            }
        }

    told = broken(add)
    assert {rule for rule, _ in told} == {
        "house-operation-names", "house-tags", "house-arguments", "house-idempotency",
        "house-answers", "house-request-ids", "house-texts",
    }  # fmt: skip
    assert len(told) > 10


def test_nothing_is_emitted_from_a_document_that_breaks_one(
    data: Data, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "molam.yaml"
    text = OURS.read_text(encoding="utf-8").replace(
        "operationId: createRefund", "operationId: refund"
    )
    path.write_text(text, encoding="utf-8")
    (tmp_path / "molam.settings.toml").write_text('[rules]\nhouse = ["house-operation-names"]\n')
    given = ["generate", "--document", str(path), "--output", str(tmp_path / "sdk")]
    assert run(given) == 1
    line = text[: text.index("operationId: refund")].count("\n") + 1
    told = capsys.readouterr().err
    assert f"molam.yaml:{line}: The operationId refund is not verb and noun" in told
    assert not (tmp_path / "sdk").exists()


def test_rules_hold_only_where_the_settings_name_them(data: Data, tmp_path: Path) -> None:
    edited = copy.deepcopy(data)
    create(edited).pop("summary")
    path = tmp_path / "molam.yaml"
    path.write_text(yaml.safe_dump(edited), encoding="utf-8")
    assert read_document(path).findings.mistakes == []
    settings = tmp_path / "molam.settings.toml"
    settings.write_text('[rules]\nhouse = ["house-tags"]\n')
    assert read_document(path).findings.mistakes == []
    settings.write_text('[rules]\nhouse = ["house-ties"]\n')
    (error,) = read_document(path).findings.mistakes
    assert str(error).startswith(f"{settings}:2: The setting house has a wrong value.")
