"""The kit itself: each defect that is put into an emitted package is found."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from proving.document import Raw
from proving.package import EmitError, emit
from proving.proof import Proof
from proving.schemas import Facts, Rules
from proving.values import Maker, UnmakeableError
from proving.wire import unbracketed

SHOP = """\
openapi: 3.1.0
info: {title: Shop, version: '1'}
servers: [{url: https://shop.example}]
security: [{key: []}]
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}
  schemas:
    Order:
      type: object
      required: [id, placed]
      properties:
        id: {type: string}
        placed: {type: string, format: date-time}
        state: {type: string, enum: [open, closed]}
        total: {type: number}
        box: {$ref: '#/components/schemas/Box'}
        pay: {oneOf: [{$ref: '#/components/schemas/Card'}, {$ref: '#/components/schemas/Bank'}],
              discriminator: {propertyName: kind, mapping: {card: '#/components/schemas/Card', bank: '#/components/schemas/Bank'}}}
    Box: {type: object, properties: {size: {type: integer}, seen: {type: string, readOnly: true}}}
    Card: {type: object, required: [kind], properties: {kind: {type: string}, number: {type: string}}}
    Bank: {type: object, required: [kind], properties: {kind: {type: string}, iban: {type: string}}}
    Paid: {type: object, required: [type], properties: {type: {const: order.paid}, order: {$ref: '#/components/schemas/Order'}}}
paths:
  /orders/{id}:
    post:
      operationId: changeOrder
      deprecated: true
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: tags, in: query, explode: false, schema: {type: array, items: {type: string}}}
        - {name: X-Trace, in: header, schema: {type: string}}
        - {name: sid, in: cookie, schema: {type: string}}
        - {name: Idempotency-Key, in: header, schema: {type: string}}
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
      responses:
        '200': {description: Done., content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}}
  /find:
    post:
      operationId: find
      requestBody: {content: {application/json: {schema: {type: object, properties: {words: {type: string, default: '*'}}}}}}
      responses: {'204': {description: Found.}}
webhooks:
  paid: {post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Paid'}}}}, responses: {'200': {description: Taken.}}}}
"""

DEFECTS = [
    ("api/default.py", r'method="POST"', 'method="PUT"', "used PUT"),
    ("api/default.py", r'path="/orders/', 'path="/order/', "went to"),
    ("api/default.py", r", explode=False", "", "query tags"),
    ("api/default.py", r'"X-Trace": x_trace', '"X-Trace": None', "header X-Trace"),
    ("api/default.py", r'"sid": sid', '"sid": x_trace', "cookie sid"),
    ("api/default.py", r'"state": state,', "", "body.state did not arrive"),
    ("api/default.py", r'"total": total,', '"total": 1,', "body.total"),
    ("api/default.py", r"keyed=True", "keyed=False", "raised ValidationError"),
    ("api/default.py", r"deprecated=\([^)]*\)|deprecated=\"[^\"]*\"", "deprecated=None", "without a warning"),
    ("api/default.py", r"Result\(Order", "Result(Card", "Card does not declare"),
    ("config.py", r'"X-Key"', '"X-Kee"', "credentials"),
    ("models/order.py", r"    total: .*\n", "", "does not declare 'total'"),
    ("models/order.py", r"DateTime\(\)", "String()", "was read as"),
    ("models/order.py", r"total: .* = field\(Number", "total: Any = field(Float", "not Decimal"),
    ("models/order.py", r"(id: str = field\(String\()", r"\1max_length=1", "raised ValidationError"),
    ("models/order_pay.py", r'"card": Card', '"card": Bank', "Card was read as Bank"),
    ("models/box.py", r", init=False", "", "took a readOnly box.seen"),
    ("api/default.py", r'or_nothing\(\{"words": words\}, defaults=\{"words": "\*"\}\)',
     '{"words": "*" if words is None else words}', "sent a body"),
    ("events.py", r'"order.paid": Paid', '"order.paid": Order', "webhook"),
    ("client.py", r"def change_order\(", "def change_odrer(", "no method was emitted"),
]  # fmt: skip


def shop(tmp_path: Path) -> Path:
    document = tmp_path / "shop.yaml"
    document.write_text(SHOP, encoding="utf-8")
    return document


@pytest.mark.parametrize(
    ("file", "pattern", "instead", "words"), DEFECTS, ids=[row[3] + str(n) for n, row in enumerate(DEFECTS)]
)  # fmt: skip
def test_a_defect_in_an_emitted_package_is_found(
    tmp_path: Path,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    pattern: str,
    instead: str,
    words: str,
) -> None:
    def broken(document: Path, folder: Path) -> Any:
        package = emit(document, folder)
        source = (folder / file).read_text(encoding="utf-8")
        changed, times = re.subn(pattern, instead, source)
        assert times, f"nothing to break in {file}"
        for missing in ("Any", "Float", "String"):
            known = {
                "Any": "typing",
                "Float": "molam_overlays.schema.numbers",
                "String": "molam_overlays.schema.texts",
            }
            changed = changed.replace(
                "annotations\n", f"annotations\n\nfrom {known[missing]} import {missing}\n", 1
            )
        if file == "events.py":
            changed = changed.replace(
                "annotations\n",
                f"annotations\n\nfrom {package.name}.models.order import Order\n",
                1,
            )
        if file == "api/default.py" and "Card" in instead:
            changed = changed.replace(
                "annotations\n", f"annotations\n\nfrom {package.name}.models.card import Card\n", 1
            )
        (folder / file).write_text(changed, encoding="utf-8")
        return package

    monkeypatch.setattr("proving.proof.emit", broken)
    verdicts = Proof(shop(tmp_path), place, variants=4).run()
    found = [f"{v.subject}: {problem}" for v in verdicts for problem in v.problems]
    assert any(words in problem for problem in found), found


def test_a_package_without_defects_is_proved(tmp_path: Path, place: Path) -> None:
    verdicts = Proof(shop(tmp_path), place, variants=4).run()
    assert [problem for v in verdicts for problem in v.problems] == []
    assert len(verdicts) == 4


def test_a_refused_document_is_told_in_the_words_of_the_generator(
    tmp_path: Path, place: Path
) -> None:
    document = tmp_path / "shop.yaml"
    document.write_text(SHOP.replace("schemas/Card'}, {$ref", "schemas/Crad'}, {$ref"))
    with pytest.raises(EmitError, match="leads nowhere"):
        emit(document, place)


@pytest.mark.parametrize("variant", range(6))
def test_made_values_are_valid(tmp_path: Path, variant: int) -> None:
    document = Raw(shop(tmp_path))
    rules = Rules(document)
    value = Maker(rules, "response", variant).make(document.schema("Order"))
    assert rules.problems(document.schema("Order"), value, "response") == []
    assert (set(value) == {"id", "placed"}) == (variant == 0)


def test_what_no_value_fits_is_told(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    path.write_text(
        "openapi: 3.1.0\ninfo: {title: None, version: '1'}\ncomponents:\n  schemas:\n"
        "    Never: {type: string, minLength: 3, maxLength: 2}\n"
    )
    document = Raw(path)
    with pytest.raises(UnmakeableError, match="Never"):
        Maker(Rules(document), "request", 1).make(document.schema("Never"))


def test_brackets_are_read_as_servers_read_them() -> None:
    pairs = [("a[b][0]", "1"), ("a[b][1]", "2"), ("c[]", "3"), ("d", "4"), ("e[0][f]", "5")]
    outline = {"a": {"b": [1, 2]}, "c": [3], "d": 4, "e": [{"f": 5}]}
    assert unbracketed(pairs, outline) == {
        "a": {"b": ["1", "2"]},
        "c": ["3"],
        "d": "4",
        "e": [{"f": "5"}],
    }


def test_facts_are_those_of_all_parts_of_an_all_of(tmp_path: Path) -> None:
    path = tmp_path / "parts.yaml"
    path.write_text(
        "openapi: 3.1.0\ninfo: {title: Parts, version: '1'}\ncomponents:\n  schemas:\n"
        "    A: {type: object, required: [x], properties: {x: {type: string}}}\n"
        "    B: {allOf: [{$ref: '#/components/schemas/A'}, {required: [y], properties: {y: {}}}]}\n"
    )
    facts = Facts.of(Raw(path).schema("B"))
    assert set(facts.properties) == {"x", "y"}
    assert set(facts.required) == {"x", "y"}


def test_randomness_outside_changes_nothing(tmp_path: Path) -> None:
    document = Raw(shop(tmp_path))
    made = []
    for seed in (1, 2):
        random.seed(seed)
        made.append(Maker(Rules(document), "request", 2).make(document.schema("Order")))
    assert made[0] == made[1]
