from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from generator.read import pointer as pointers
from generator.read.anatomy import walk
from generator.read.document import Document, DocumentError
from generator.read.load import load_document
from generator.read.source import read
from generator.read.validation import validate

OURS = Path(__file__).parents[2] / "openapi" / "molam.yaml"
HEAD = "openapi: 3.1.0\ninfo:\n  title: Shop\n  version: '1'\n"
"""Four lines; what a test appends begins in line 5."""
HEAD_30 = HEAD.replace("3.1.0", "3.0.3") + "paths: {}\n"


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Document]:
    """Write files and load the first; messages call them by their bare names."""

    def load(text: str, *, name: str = "api.yaml", **others: str) -> Document:
        (tmp_path / name).write_text(text, encoding="utf-8")
        for other, content in others.items():
            path = tmp_path / f"{other}.yaml"
            path.write_text(content, encoding="utf-8")
        return load_document(tmp_path / name, name=name)

    return load


# Reading


def test_our_document_loads_and_knows_its_dialect() -> None:
    document = load_document(OURS)
    assert document.version == "3.1"
    assert document.at("/paths/~1v1~1connect~1payment_intents/post/operationId") == (
        "createPaymentIntent"
    )


def test_data_is_the_same_as_a_plain_reader_gives() -> None:
    document = load_document(OURS)
    assert document.root == yaml.load(OURS.read_text(encoding="utf-8"), yaml.CSafeLoader)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("NO", "NO"),
        ("2025-01-16", "2025-01-16"),
        ("2025-01-16T12:00:00Z", "2025-01-16T12:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("-3", -3),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("4.50", 4.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("'null'", "null"),
        ('"12"', "12"),
        ("!!str 12", "12"),
        ("!!str true", "true"),
        ("+", "+"),
        ("0x", "0x"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_yaml_scalars_have_the_types_of_json(
    load: Callable[..., Document], text: str, value: Any
) -> None:
    loaded = load(HEAD + f"paths: {{}}\nx-value: {text}\n").root["x-value"]
    assert (loaded, type(loaded)) == (value, type(value))


def test_yaml_keys_are_always_text(load: Callable[..., Document]) -> None:
    responses = "{200: {description: a}, 4XX: {description: b}, default: {description: c}}"
    document = load(HEAD + f"paths: {{/a: {{get: {{responses: {responses}}}}}}}\n")
    assert list(document.at("/paths/~1a/get/responses")) == ["200", "4XX", "default"]


def test_yaml_anchors_and_merge_keys_are_resolved(load: Callable[..., Document]) -> None:
    document = load(
        HEAD + "x-base: &base {a: 1, b: 2}\nx-list: [*base]\nx-merged:\n  <<: *base\n  b: 3\n"
        "x-both:\n  <<: [*base, {c: 4}]\npaths: {}\n"
    )
    assert document.root["x-list"] == [{"a": 1, "b": 2}]
    assert document.root["x-merged"] == {"b": 3, "a": 1}
    assert document.root["x-both"] == {"a": 1, "b": 2, "c": 4}


def test_json_reads_surrogate_pairs_and_byte_order_marks(tmp_path: Path) -> None:
    path = tmp_path / "api.json"
    path.write_text(
        '\ufeff{"openapi": "3.1.0", "info": {"title": "\\ud83d\\ude00", "version": "1"},'
        ' "paths": {}}',
        encoding="utf-8",
    )
    assert load_document(path).root["info"]["title"] == "\U0001f600"


def test_json_in_a_file_named_yaml_is_read_as_json(load: Callable[..., Document]) -> None:
    text = json.dumps({"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}})
    assert load(text).root["paths"] == {}


# Positions


def plain_positions(node: yaml.Node, pointer: str = "") -> dict[str, tuple[int, int]]:
    """Find every node's place the slow way: the key's in mappings, the item's in lists."""
    found = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            at = pointers.join(pointer, key.value)
            found.update(plain_positions(value, at))
            found[at] = (key.start_mark.line + 1, key.start_mark.column + 1)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            at = f"{pointer}/{index}"
            found.update(plain_positions(value, at))
            found[at] = (value.start_mark.line + 1, value.start_mark.column + 1)
    return found


def test_every_node_of_a_yaml_file_has_its_place() -> None:
    source = read(OURS, "molam.yaml")
    expected = plain_positions(yaml.compose(source.text, yaml.CSafeLoader))
    assert len(expected) > 2000
    sample = dict(list(expected.items())[::7])
    found = {at: (p.line, p.column) for at in sample for p in [source.position(at)]}
    assert found == sample


def test_every_node_of_a_json_file_has_its_place(tmp_path: Path) -> None:
    data = yaml.load(OURS.read_text(encoding="utf-8"), yaml.CSafeLoader)
    # Keys and texts full of what a careless scanner would take for structure.
    data['x-"{[,]}:\\/~ é'] = [[], [[1, "a,b"], {}, {"k": [{"": "]"}]}], -1.5e3, None, True]
    path = tmp_path / "api.json"
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")
    source = read(path, "api.json")
    # Every JSON text that has no surrogate pairs is YAML as well.
    expected = plain_positions(yaml.compose(source.text, yaml.CSafeLoader))
    found = {at: (p.line, p.column) for at in expected for p in [source.position(at)]}
    assert found == expected


def test_a_node_that_is_not_there_has_the_place_of_the_nearest_above(
    load: Callable[..., Document],
) -> None:
    document = load(HEAD + "paths:\n  /a:\n    get: {}\n")
    assert str(document.position("/paths/~1a/get/responses/200")) == "api.yaml:7"
    assert str(document.position("/nothing")) == "api.yaml:1"


def test_a_place_behind_a_reference_is_that_of_its_target(load: Callable[..., Document]) -> None:
    document = load(
        HEAD + "paths:\n  /a:\n    get:\n      parameters:\n        - $ref: "
        "'#/components/parameters/Limit'\n"
        "components:\n  parameters:\n    Limit:\n      name: limit\n      in: query\n"
        "      schema: {}\n"
    )
    assert str(document.position("/paths/~1a/get/parameters/0")) == "api.yaml:9"
    assert str(document.position("/paths/~1a/get/parameters/0/name")) == "api.yaml:13"


# Several files


def test_what_other_files_hold_moves_into_components_with_its_place(
    load: Callable[..., Document],
) -> None:
    document = load(
        HEAD + "paths:\n  /a:\n    get:\n      responses:\n        '200':\n"
        "          $ref: 'common.yaml#/responses/Ok'\n"
        "components:\n  schemas:\n    Item: {type: string}\n",
        common=(
            "responses:\n  Ok:\n    description: Fine.\n    content:\n      application/json:\n"
            "        schema:\n          $ref: '#/schemas/Item'\n"
            "schemas:\n  Item:\n    type: object\n    properties:\n"
            "      next: {$ref: '#/schemas/Item'}\n"
            "      own: {$ref: 'api.yaml#/components/schemas/Item'}\n"
        ),
    )
    assert document.at("/paths/~1a/get/responses/200") == {"$ref": "#/components/responses/Ok"}
    media = document.at("/components/responses/Ok/content/application~1json")
    assert media == {"schema": {"$ref": "#/components/schemas/Item_2"}}
    assert document.at("/components/schemas/Item_2/properties") == {
        "next": {"$ref": "#/components/schemas/Item_2"},
        "own": {"$ref": "#/components/schemas/Item"},
    }
    assert str(document.position("/components/schemas/Item_2/properties/own")) == "common.yaml:13"
    assert [source.name for source in document.sources] == ["api.yaml", "common.yaml"]


def test_a_whole_file_may_be_a_schema(load: Callable[..., Document]) -> None:
    document = load(
        HEAD + "components:\n  schemas:\n    A: {$ref: item.yaml}\n",
        item="type: object\nproperties:\n  me: {$ref: '#'}\n",
    )
    assert document.at("/components/schemas") == {
        "A": {"type": "object", "properties": {"me": {"$ref": "#/components/schemas/A"}}}
    }
    assert str(document.position("/components/schemas/A/properties/me")) == "item.yaml:3"


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_a_path_item_may_be_in_another_file(load: Callable[..., Document], version: str) -> None:
    document = load(
        HEAD.replace("3.1.0", version)
        + "paths:\n  /a/{id}:\n    parameters:\n      - {name: id, in: path, required: true, "
        "schema: {type: string}}\n    $ref: 'paths.yaml#/a'\n",
        paths="a:\n  get:\n    operationId: getA\n    responses:\n      '200':\n"
        "        description: Fine.\n        content:\n          application/json:\n"
        "            schema: {$ref: '#/b'}\nb: {type: string}\n",
    )
    item, at = document.follow(document.at("/paths/~1a~1{id}"), "/paths/~1a~1{id}")
    assert item["get"]["operationId"] == "getA"
    content = item["get"]["responses"]["200"]["content"]
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/b"}
    assert str(document.position(at + "/get/operationId")) == "paths.yaml:3"
    assert "pathItems" not in document.root["components"]


def test_references_may_be_escaped_and_lead_into_paths(load: Callable[..., Document]) -> None:
    document = load(
        HEAD + "paths:\n  /a/{b~c}:\n    parameters:\n      - {name: b~c, in: path, "
        "required: true, schema: {type: string}}\n    get:\n      responses:\n"
        "        '200': {description: Fine.}\n"
        "        '201': {$ref: '#/paths/~1a~1%7Bb~0c%7D/get/responses/200'}\n"
    )
    at = "/paths/~1a~1{b~0c}/get/responses"
    value, found = document.follow(document.at(at + "/201"), at + "/201")
    assert (value, found) == ({"description": "Fine."}, at + "/200")


def test_what_stands_at_a_place_of_its_own_moves_into_components(
    load: Callable[..., Document],
) -> None:
    document = load(
        HEAD + "x-shared:\n  Limit: {name: limit, in: query, schema: {$ref: '#/x-shared/Int'}}\n"
        "  Int: {type: integer}\n"
        "paths:\n  /a:\n    get:\n      parameters: [{$ref: '#/x-shared/Limit'}]\n"
    )
    at = "/paths/~1a/get/parameters/0"
    limit, at = document.follow(document.at(at), at)
    assert at == "/components/parameters/Limit"
    assert limit["schema"] == {"$ref": "#/components/schemas/Int"}
    assert str(document.position(at + "/name")) == "api.yaml:6"


def test_references_to_anchors_become_pointers(load: Callable[..., Document]) -> None:
    document = load(
        HEAD + "components:\n  schemas:\n    A:\n      $ref: '#thing'\n"
        "    B:\n      properties:\n        b: {$anchor: thing, type: string}\n"
    )
    assert document.at("/components/schemas/A/$ref") == "#/components/schemas/B/properties/b"


def test_data_that_looks_like_a_reference_is_left_alone(load: Callable[..., Document]) -> None:
    document = load(
        HEAD + "components:\n  schemas:\n    A:\n      properties:\n"
        "        $ref: {type: string}\n      example: {$ref: '#/nowhere'}\n"
        "      x-note: {$ref: nowhere.yaml}\n  examples:\n    E:\n      value: {$ref: '#/no'}\n"
    )
    assert document.at("/components/schemas/A/example") == {"$ref": "#/nowhere"}


def test_discriminator_mappings_become_references(load: Callable[..., Document]) -> None:
    document = load(
        HEAD + "components:\n  schemas:\n    Pet:\n      discriminator:\n"
        "        propertyName: kind\n        mapping:\n          cat: Cat\n"
        "          dog: '#/components/schemas/Dog'\n          bird: bird.yaml\n"
        "    Cat: {type: object}\n    Dog: {type: object}\n",
        bird="type: object\n",
    )
    assert document.at("/components/schemas/Pet/discriminator/mapping") == {
        "cat": "#/components/schemas/Cat",
        "dog": "#/components/schemas/Dog",
        "bird": "#/components/schemas/bird",
    }


# Refusals: one line, with file, line and what to do


def ok(lines: str) -> str:
    return HEAD + "paths:\n  /a:\n    get:\n" + lines


REFUSED = {
    "a syntax error": ("a: [1,\nb", "api.yaml:3: Not valid YAML", "indentation and quotes"),
    "a tab": (HEAD + "\tpaths: {}\n", "api.yaml:5: Not valid YAML", "Correct the syntax"),
    "a control character": (HEAD + "x-a: '\x01'\n", "api.yaml:5: Not valid YAML", "Correct"),
    "two documents": (HEAD + "paths: {}\n---\na: 1\n", "api.yaml:6: Not valid YAML", "Correct"),
    "a duplicate key": (
        HEAD + "paths: {}\ninfo: {}\n",
        "api.yaml:6: The key 'info' appears twice.",
        "Remove or rename one of the two.",
    ),
    "a duplicate key of two types": (
        ok("      responses:\n        200: {description: a}\n        '200': {description: b}\n"),
        "api.yaml:10: The key '200' appears twice in /paths/~1a/get/responses.",
        "Remove",
    ),
    "a tag": (HEAD + "x-a: !ruby/object {}\n", "api.yaml:5: The tag !ruby/object", "Remove it."),
    "infinity": (HEAD + "x-a: -.inf\n", "api.yaml:5: -.inf is not a JSON value.", "Write a number"),
    "a huge number": (HEAD + "x-a: 1e999\n", "api.yaml:5: 1e999 is not a JSON value.", "Write"),
    "a list as key": (HEAD + "? [a]\n: b\n", "api.yaml:5: A key is not text.", "Write a plain"),
    "a merge of text": (HEAD + "x-a:\n  <<: b\n", "api.yaml:6: A merge key <<", "alias of a"),
    "an alias in itself": (HEAD + "x-a: &a [*a]\n", "api.yaml:5: An alias", "Use $ref"),
    "an alias that multiplies": (
        HEAD
        + "x-0: &a0 [1,2,3,4,5,6,7,8,9]\n"
        + "".join(
            f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
        ),
        "api.yaml:10: Aliases multiply the document to more than 5,000,000 nodes.",
        "Use $ref instead",
    ),
    "nothing": ("", "api.yaml:1: The file is empty.", "Write an OpenAPI document."),
    "a list": ("- a\n", "api.yaml:1: This is not an OpenAPI document", "Start with"),
    "something else": ("name: x\n", "api.yaml:1: This is not an OpenAPI document", "Start with"),
    "OpenAPI 2.0": (
        "swagger: '2.0'\n",
        "api.yaml:1: OpenAPI 2.0 (Swagger) is not supported, only 3.0 to 3.2.",
        "Convert the document",
    ),
    "OpenAPI 3.3": (
        "info: {}\nopenapi: 3.3.0\n",
        "api.yaml:2: OpenAPI 3.3.0 is not supported, only 3.0 to 3.2.",
        "3.1.0",
    ),
    "a version that is a number": ("openapi: 3.1\n", "api.yaml:1: The OpenAPI version", "`3.1.0`"),
    "no content": (HEAD, "api.yaml:1: One of the keys paths, components, webhooks is", "Add one."),
    "a missing key": (
        ok("      parameters: [{in: query, schema: {}}]\n"),
        "api.yaml:8: The key 'name' is missing in /paths/~1a/get/parameters/0.",
        "Add it.",
    ),
    "an unknown key": (
        ok("      sumary: Get.\n"),
        "api.yaml:8: The key 'sumary' means nothing in /paths/~1a/get.",
        "Correct or remove it; own keys start with x-.",
    ),
    "a word of YAML 1.1": (
        ok("      deprecated: yes\n"),
        "api.yaml:8: 'deprecated' must be true or false, not the text 'yes'",
        "Write true or false",
    ),
    "a number for text": (
        "openapi: 3.1.0\ninfo:\n  title: Shop\n  version: 1.0\npaths: {}\n",
        "api.yaml:4: 'version' must be text, not the number '1.0'",
        "Put it in quotes.",
    ),
    "an unknown type": (
        HEAD + "components:\n  schemas:\n    A:\n      properties:\n        b: {type: strng}\n",
        "api.yaml:9: 'strng' is not a known value in /components/schemas/A/properties/b/type.",
        'Write one of "array",',
    ),
    "a schema in a webhook": (
        HEAD + "webhooks:\n  paid:\n    post:\n      requestBody:\n        content:\n"
        "          application/json:\n            schema: {minLength: -1}\n",
        "api.yaml:11: ",
        "minLength",
    ),
    "a type of 3.1 in 3.0": (
        HEAD_30 + "components:\n  schemas:\n    A:\n      type: [string, 'null']\n",
        "api.yaml:9: 'type' must be text, not a list",
        "`nullable: true`",
    ),
    "a default of another type": (
        HEAD + "components:\n  schemas:\n    A: {type: integer, default: many}\n",
        "api.yaml:7: The default 'many' does not fit its own schema in /components/schemas/A.",
        "Correct the default or the schema.",
    ),
    "a default outside of its enum": (
        HEAD + "components:\n  schemas:\n    A:\n      $ref: '#/components/schemas/B'\n"
        "      default: c\n    B: {enum: [a, b]}\n",
        "api.yaml:9: The default 'c' does not fit",
        "Correct",
    ),
    "an unknown reference": (
        ok("      responses:\n        '200': {$ref: '#/components/responses/No'}\n"),
        "api.yaml:9: The $ref '#/components/responses/No' leads nowhere.",
        "Correct it, or add what it refers to.",
    ),
    "an unknown file": (
        HEAD + "components:\n  schemas:\n    A: {$ref: 'no.yaml#/B'}\n",
        "api.yaml:7: The $ref 'no.yaml#/B' names a file that is not there.",
        "Correct it",
    ),
    "a file on another machine": (
        HEAD + "components:\n  schemas:\n    A: {$ref: 'https://a.example/b.yaml'}\n",
        "api.yaml:7: The $ref 'https://a.example/b.yaml' is on another machine.",
        "Correct it",
    ),
    "a reference to text": (
        HEAD + "components:\n  schemas:\n    A: {$ref: '#/info/title'}\n",
        "api.yaml:7: The $ref '#/info/title' leads to something that is no schema.",
        "Correct it",
    ),
    "a reference to another kind of object": (
        ok("      parameters:\n        - {$ref: '#/components/schemas/A'}\n")
        + "components:\n  schemas:\n    A: {}\n",
        "api.yaml:9: The $ref '#/components/schemas/A' leads to something that is no parameter.",
        "Correct it",
    ),
    "an empty reference": (
        HEAD + "components:\n  schemas:\n    A: {$ref: ''}\n",
        "api.yaml:7: The $ref '' leads to something that is no schema.",
        "Correct it",
    ),
    "a broken schema at a place of its own": (
        HEAD + "x-shared:\n  A: {type: strng}\ncomponents:\n  schemas:\n"
        "    A: {$ref: '#/x-shared/A'}\n",
        "api.yaml:6: 'strng' is not a known value",
        "Write one of",
    ),
    "references in a circle": (
        HEAD + "components:\n  schemas:\n    A: {$ref: '#/components/schemas/B'}\n"
        "    B: {$ref: '#/components/schemas/A'}\n",
        "api.yaml:8: The $ref '#/components/schemas/A' leads back to itself.",
        "Let one of the references",
    ),
    "a mapping to nothing": (
        HEAD + "components:\n  schemas:\n    A:\n      discriminator:\n        propertyName: t\n"
        "        mapping:\n          cat: Cat\n",
        "api.yaml:11: The mapping of 'cat' names 'Cat', which is no schema.",
        "Name a schema",
    ),
    "two operations of one id": (
        ok("      operationId: getA\n    put:\n      operationId: getA\n"),
        "api.yaml:10: The operationId 'getA' is used twice (also api.yaml:8).",
        "Rename one of the two operations.",
    ),
    "an empty operationId": (
        ok("      operationId: ' '\n"),
        "api.yaml:8: The operationId is empty.",
        "verb and noun",
    ),
    "a path parameter that is not described": (
        HEAD + "paths:\n  /a/{id}:\n    get: {}\n",
        "api.yaml:7: The path parameter 'id' of GET /a/{id} is not described.",
        "Add it under parameters",
    ),
    "a path parameter that is not in the path": (
        ok("      parameters:\n        - {name: id, in: path, required: true, schema: {}}\n"),
        "api.yaml:9: The path parameter 'id' is not in the path '/a'.",
        "Write {id} into the path",
    ),
    "a parameter described twice": (
        ok(
            "      parameters:\n        - {name: id, in: query, schema: {}}\n"
            "        - {name: id, in: query, schema: {}}\n"
        ),
        "api.yaml:10: The query parameter 'id' is described twice (also api.yaml:9).",
        "Remove one of the two.",
    ),
    "braces that do not match": (
        HEAD + "paths:\n  /a/{id:\n    get: {}\n",
        "api.yaml:6: The braces of the path '/a/{id' do not match.",
        "Close each parameter.",
    ),
    "two paths that are one": (
        HEAD + "paths:\n"
        + "".join(
            f"  /a/{{{n}}}:\n    parameters:\n      - {{name: {n}, in: path, required: true, "
            "schema: {}}\n"
            for n in ("x", "y")
        ),
        "api.yaml:9: The path '/a/{y}' is the same as '/a/{x}' (api.yaml:6).",
        "Put the operations of both under one",
    ),
    "an extension of ours that does not exist": (
        ok("      x-molam-argument: [a]\n"),
        "api.yaml:8: The extension 'x-molam-argument' is unknown.",
        "Known are x-molam-arguments",
    ),
    "an extension of ours with a wrong value": (
        ok("      x-molam-arguments: [a, a]\n"),
        "api.yaml:8: The extension x-molam-arguments has a wrong value.",
        "Write a list of argument names, each once",
    ),
    "an extension of ours in a wrong place": (
        ok("      x-molam-sensitive: true\n"),
        "api.yaml:8: The extension x-molam-sensitive stands in an operation",
        "Put it into a schema.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "start", "part"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_one_line_with_its_place_and_a_way_out(
    load: Callable[..., Document], text: str, start: str, part: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        load(text)
    message = str(caught.value)
    assert message.startswith(start), message
    assert part in message
    assert "\n" not in message


JSON_REFUSED = {
    "a syntax error": (
        '{"openapi": "3.1.0",\n "info" {}}',
        "api.json:2: Not valid JSON: expecting",
    ),
    "a duplicate key": (
        '{"openapi": "3.1.0",\n "info": {"title": "a", "version": "1",\n\n  "title": "b"}}',
        "api.json:4: The key 'title' appears twice in /info.",
    ),
    "NaN": ('{"openapi": "NaN",\n "x-a": NaN}', "api.json:2: NaN is not a JSON value."),
    "a huge number": ('{"openapi": "3.1.0",\n "x-a": 1e999}', "api.json:2: 1e999 is not a JSON"),
    "half a surrogate pair": (
        '{"openapi": "3.1.0", "x-ok": "\\\\ud800 \\ud83d\\ude00",\n "x-a": "\\ud83d"}',
        "api.json:2: A text holds half of a surrogate pair, which is no character.",
    ),
    "too many digits": ('{"x-a": ' + "9" * 5000 + "}", "api.json:1: A value cannot be read"),
    "too deep": ("[" * 100_000, "api.json:1: The document is nested too deeply."),
}


@pytest.mark.parametrize(("text", "start"), JSON_REFUSED.values(), ids=JSON_REFUSED)
def test_mistakes_in_json_have_their_place_too(
    load: Callable[..., Document], text: str, start: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        load(text, name="api.json")
    assert str(caught.value).startswith(start), str(caught.value)


def test_a_mistake_in_another_file_is_placed_there(load: Callable[..., Document]) -> None:
    with pytest.raises(DocumentError, match=r"^b\.yaml:3: 'strng' is not a known value"):
        load(
            HEAD + "components:\n  schemas:\n    A: {$ref: 'b.yaml#/B'}\n",
            b="B:\n  properties:\n    a: {type: strng}\n",
        )


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"^api\.yaml:1: The file cannot be read: no such"):
        load_document(tmp_path / "api.yaml", name="api.yaml")


def test_a_file_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_bytes(b"openapi: 3.1.0\ninfo:\n  title: \xff\n")
    with pytest.raises(DocumentError, match=r"^api\.yaml:3: The file is not text in UTF-8\."):
        load_document(tmp_path / "api.yaml", name="api.yaml")


# What is legal is taken


LEGAL = {
    "no paths": HEAD + "webhooks: {}\n",
    "no operationId": ok("      responses:\n        '200': {description: a}\n"),
    "a default of null": HEAD + "components:\n  schemas:\n    A: {type: string, default: null}\n",
    "a pattern of ECMA": HEAD + "components:\n  schemas:\n    A: {pattern: '^\\p{L}+$'}\n",
    "a required property that is not described": HEAD
    + "components:\n  schemas:\n    A: {allOf: [{type: object}], required: [a]}\n",
    "schemas that are true or false": HEAD + "components:\n  schemas:\n    A: true\n    B: false\n",
    "extensions of others": ok("      x-codegen-name: 1\n"),
    "nullable of 3.0": HEAD_30
    + "components:\n  schemas:\n    A: {type: string, nullable: true, default: null}\n",
    "exclusive limits of 3.0": HEAD_30
    + "components:\n  schemas:\n    A: {type: integer, minimum: 1, exclusiveMinimum: true, "
    "default: 2}\n",
    "3.1.1": HEAD.replace("3.1.0", "3.1.1") + "paths: {}\n",
    "3.0.4": HEAD_30.replace("3.0.3", "3.0.4"),
    "a property named like a keyword": HEAD
    + "components:\n  schemas:\n    A: {properties: {type: {type: string}, allOf: {}}}\n",
}


@pytest.mark.parametrize("text", LEGAL.values(), ids=LEGAL)
def test_what_is_legal_is_taken(load: Callable[..., Document], text: str) -> None:
    load(text)


# Against openapi-spec-validator, and against anything


def broken(data: Any, draw: Callable[[Any], Any]) -> Any:
    """Change one node of a document, anywhere."""
    data = copy.deepcopy(data)
    places = [node for node in walk(data) if isinstance(node.value, dict) and node.value]
    node = places[draw(st.integers(0, len(places) - 1))]
    key = draw(st.sampled_from(sorted(node.value)))
    action = draw(st.sampled_from(["remove", "replace", "rename", "add"]))
    value = draw(
        st.sampled_from(
            [None, True, 0, -1, 1.5, "", "text", [], {}, ["a"], {"$ref": "#/x"}, {"type": "string"}]
        )
    )
    if action == "remove":
        del node.value[key]
    elif action == "replace":
        node.value[key] = value
    elif action == "rename":
        node.value[key + "x"] = node.value.pop(key)
    else:
        node.value[draw(st.sampled_from(["x-molam-page", "$ref", "items", "default", "in"]))] = (
            value
        )
    return data


@pytest.fixture(scope="module")
def ours() -> Any:
    return yaml.load(OURS.read_text(encoding="utf-8"), yaml.CSafeLoader)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_broken_document_is_refused_in_one_line_or_fits_the_validator(
    ours: Any, tmp_path: Path, data: st.DataObject
) -> None:
    changed = broken(ours, data.draw)
    path = tmp_path / "api.json"
    path.write_text(json.dumps(changed), encoding="utf-8")
    try:
        document = load_document(path, name="api.json")
    except DocumentError as caught:
        message = str(caught)
    else:
        message = None
        if document.findings.warnings:
            return
    if message is not None:
        assert message.startswith("api.json:")
        assert "\n" not in message
        return
    for error in OpenAPIV31SpecValidator(changed).iter_errors():
        # What it refuses and the specification allows; and a default of null, which says "none".
        allowed = "Required list has not defined properties" in str(error)
        assert allowed or error.instance is None


def test_validation_alone_may_be_left_out(load: Callable[..., Document], tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(HEAD, encoding="utf-8")
    document = load_document(path, validate=False)
    validate(document)
    assert [error.rule.name for error in document.findings.mistakes] == ["missing-key"]
