"""Whatever a document says, its text stays text."""

from __future__ import annotations

import ast
import builtins
import inspect
import io
import json
import keyword
import re
import tokenize
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from generator.decide import naming
from generator.decide.scope import Scope
from generator.read.document import DocumentError
from generator.text.docstring import docstring
from generator.text.literal import comment, literal
from generator.text.markdown import first_sentence, readable

PIECES = [
    '"', '"""', "'", "'''", "\\", "\\\\", "\n", "\r\n", "\r", "\t", "{", "}", "{{", "}}", "{%", "%}",
    "{#", "#}", "#", "`", "```", "\n```\n", "~~~", "*", "**", "_", "[", "](", ")", "<", ">", "<!--",
    "\\N{BULLET}", "\\x41", "\\u0041", "\\", "{{ 7 * 7 }}", "{% raw %}", "{% endraw %}",
    '"""\nimport os\nos.abort()\n"""', "' + __import__('os').abort() + '", "\n    raise SystemExit\n",
    "\u202e", "\u2066", "\u200f", "\u2028", "\x00", "\x1b[2J", "\ud800", "\udfff", "\ufeff", "\u3164",
    "%s", "${x}", "$(x)", "\N{COMBINING ACUTE ACCENT}", "e", "class", "None", " ", "    ", "- ", "1. ",
    "\n\n", "| a |", "|---|", "=====", "日本語", "👍", "ﬁ", "İ", "ǅ", "ͅ", "9", "·", "ª", "℘", "हिन्दी", "தமிழ்",
]  # fmt: skip

without_deadline = settings(deadline=None, max_examples=150)

texts = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=30).map("".join),
    st.sampled_from(PIECES).map(lambda piece: (piece * 10_000)[:10_000]),
)


@without_deadline
@given(texts)
@example('\\"""')
@example('"' * 10_000)
def test_a_docstring_is_one_string_and_nothing_else(text: str) -> None:
    for body in (text, readable(text)):
        source = f"class A:\n    {docstring(body, 4)}\n    after: int\n"
        source.encode("utf-8")
        assert not any(unicodedata.category(c) in ("Cf", "Cs") for c in source)
        assert all(c == "\n" or ord(c) >= 32 for c in source)
        tree = ast.parse(source)
        (class_,) = tree.body
        assert isinstance(class_, ast.ClassDef)
        assert [type(node) for node in class_.body] in ([ast.Expr, ast.AnnAssign],)
        # No f-string, no formatting: one token between the class and what follows.
        kinds = [t.type for t in tokenize.generate_tokens(io.StringIO(source).readline)]
        assert kinds.count(tokenize.STRING) == 1


@without_deadline
@given(texts)
def test_a_docstring_keeps_the_words(text: str) -> None:
    # Control characters, which `split` takes for spaces, are shown by their number.
    if all(
        character in " \n" or (character.isascii() and character.isalnum()) for character in text
    ):
        shown = ast.literal_eval(docstring(text, 8))
        assert shown.split() == text.split()


@without_deadline
@given(texts)
def test_a_comment_stays_in_its_line(text: str) -> None:
    source = f"a = 1  # {comment(text)}\nb = 2\n"
    source.encode("utf-8")
    assert len(ast.parse(source).body) == 2
    assert len(source.splitlines()) == 2


@without_deadline
@given(texts)
def test_a_first_sentence_stays_in_its_line(text: str) -> None:
    assert "\n" not in first_sentence(readable(text))


json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=6,
)


@without_deadline
@given(json_values)
def test_a_literal_is_its_value_again(value: Any) -> None:
    source = literal(value)
    source.encode("utf-8")
    assert source.isprintable()
    assert eval(source, {"__builtins__": {"float": float}}) == value


NAMES = {
    "module": naming.module_name,
    "class": naming.class_name,
    "attribute": naming.attribute_name,
    "argument": naming.argument_name,
    "function": naming.function_name,
    "constant": naming.constant_name,
}


@pytest.mark.parametrize("kind", NAMES)
@without_deadline
@given(wire=texts)
@example(wire="ﷺ")
@example(wire="·a")
@example(wire="\u0345")
@example(wire="a\u0345B")
@example(wire="\u037a")
def test_any_name_becomes_an_identifier(kind: str, wire: str) -> None:
    name = NAMES[kind](wire)
    assert name.isidentifier()
    assert not keyword.iskeyword(name)
    assert not name.startswith("_")
    assert len(name) <= naming.LONGEST + 1
    # Python reads names in NFKC: what is written must be what is found at run time.
    assert unicodedata.normalize("NFKC", name) == name
    assert NAMES[kind](wire) == name
    (assignment,) = ast.parse(f"{name} = 1").body
    assert isinstance(assignment, ast.Assign)
    (target,) = assignment.targets
    assert isinstance(target, ast.Name)
    assert target.id == name


@without_deadline
@given(st.lists(texts, max_size=20))
def test_names_in_one_scope_never_meet(wires: list[str]) -> None:
    scope = Scope(fold_case=True)
    given_names = [scope.distinct(naming.attribute_name(wire), wire) for wire in wires]
    assert len({name.casefold() for name in given_names}) == len(wires)
    assert all(name.isidentifier() for name in given_names)


# The whole way: a document that means harm in every text, emitted, imported and called


def canary(number: int) -> str:
    return f"__import__('builtins').__dict__.setdefault('HOSTILE', []).append({number})"


ATTACKS = [
    f'"""\n{canary(1)}\n"""',
    f"'''\n{canary(2)}\n'''",
    f'" + str({canary(3)}) + "',
    f"' + str({canary(4)}) + '",
    f"\\\n{canary(5)}\n\\",
    f'\\"""\n{canary(6)}\n\\"""',
    f"\r{canary(7)}\r",
    f"\u2028{canary(8)}\u2029{canary(8)}\x0c{canary(8)}",
    "{{ cycler.__init__.__globals__.__builtins__.setattr(cycler, 'x', 1) }}",
    "{% set x = namespace() %}{% include '/etc/hostname' %}{# unclosed",
    "{{ undefined.attribute }}{% raw %}",
    f"# type: ignore\n{canary(9)}",
    f"{{{canary(10)}}}",
    "%s %(name)s ${shell} $(touch x) `id`",
    "\u202e]edoc[\u2066 \x00 \x1b[2J \ufeff \u3164",
    "\\N{LATIN SMALL LETTER A} \\x41 \\u0041 \\U00000041 \\777 \\",
    '"' * 7 + "\\" * 7 + "'" * 7,
    "word " * 2000,
    "x" * 10_000,
    "]" * 50 + ")" * 50 + "}" * 50 + '"""',
    "<U+0000>```\n~~~\n| a |\n|---|\n```",
    "class None def lambda: yield from await async",
    "# -*- coding: utf-7 -*-\n+AAo-import os",
    "\n\n\n    raise SystemExit\n\n",
    "日本語 ﷺ 👩‍👩‍👧 e\u0301",
    "हिन्दी",
]


def hostile_document(text: str, other: str) -> dict[str, Any]:
    """Return a document that says `text` wherever it may say anything."""
    said = {"description": text, "summary": text}
    thing = {
        "type": "object",
        "title": text,
        "description": text,
        "required": ["id", text],
        "properties": {
            "id": {"type": "string", "description": text, "examples": [text]},
            text: {"type": "string", "description": other},
            other: {"type": "integer", "default": 3, "description": text},
            "choice": {"type": "string", "enum": [text, other, "plain"], "description": text},
            "constant": {"const": text},
            "pattern": {"type": "string", "pattern": "^" + re.escape(text)[:200]},
            "noted": {"type": "string", "default": text, "description": text},
            "stamp": {"type": "string", "format": text, "deprecated": True, "description": text},
        },
        "example": {text: other},
        "x-note": text,
    }
    answer = {
        "description": text,
        "headers": {"X-A": {"description": text, "schema": {"type": "string"}}},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
    }
    return {
        "info": {"title": text, "version": text, "description": text},
        "servers": [{"url": "https://shop.example", "description": text}],
        "tags": [{"name": text, "description": text}],
        "security": [{"key": []}],
        "paths": {
            "/things/{id}": {
                "post": {
                    **said,
                    "operationId": text,
                    "tags": [text],
                    "deprecated": True,
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "description": text,
                         "schema": {"type": "string"}},
                        {"name": text, "in": "query", "description": text,
                         "schema": {"type": "string", "default": other}},
                        {"name": other, "in": "query", "description": text,
                         "schema": {"type": "string", "enum": [text, other]}},
                    ],
                    "requestBody": {
                        "description": text,
                        "required": True,
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        },
                    },
                    "responses": {"200": answer, "4XX": {"description": text}},
                }
            }
        },
        "webhooks": {
            text: {
                "post": {
                    **said,
                    "requestBody": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        }
                    },
                    "responses": {"200": {"description": text}},
                }
            }
        },
        "components": {
            "schemas": {"Thing": thing},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": text}},
        },
    }  # fmt: skip


@pytest.mark.parametrize("number", range(len(ATTACKS)))
def test_a_document_that_means_harm_becomes_a_harmless_package(build: Any, number: int) -> None:
    text = ATTACKS[number]
    other = ATTACKS[(number + 1) % len(ATTACKS)][:300] + " other"
    document = {"openapi": "3.1.0", **hostile_document(text, other)}
    built = build(json.dumps(document))
    assert not hasattr(builtins, "HOSTILE")
    for path, content in built.emitted.tree.items():
        if not path.endswith(".py"):
            continue
        source = content.decode("utf-8")
        tree = ast.parse(source)
        # Nothing of the text is code: no call, name or attribute bears its marks.
        code = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not code & {"__import__", "HOSTILE", "cycler", "SystemExit"}, path
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", source), path
        built.module(".".join(Path(path).with_suffix("").parts).removesuffix(".__init__") or "")
    thing = built.models.Thing
    # On the wire the document's texts are what they were.
    wire = {"id": "1", text: "a", other: 4, "constant": text, "noted": text}
    read = thing.from_dict(wire)
    assert read.to_dict() == wire
    assert read.id == "1"
    assert not hasattr(builtins, "HOSTILE")


def test_hostile_texts_travel_as_they_are(build: Any, recorder: Any) -> None:
    text, other = ATTACKS[0], ATTACKS[2]
    built = build(json.dumps({"openapi": "3.1.0", **hostile_document(text, other)}))
    adapter = recorder({"id": "1", text: "a"})
    client = built.client(adapter)
    method = getattr(client, naming.function_name(text))
    parameters = inspect.signature(method).parameters
    required = {
        name: "v"
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    }
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        result = method(**required)
    assert result.id == "1"
    assert adapter.last.json[text] == "v"
    assert adapter.last.json["noted"] == text
    assert adapter.last.json[other] == 3
    assert parse_qs(urlsplit(adapter.last.url).query)[text] == [other]
    assert not hasattr(builtins, "HOSTILE")


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=texts, other=texts)
def test_any_text_becomes_a_harmless_package_or_one_line(build: Any, text: str, other: str) -> None:
    document = {"openapi": "3.1.0", **hostile_document(text, other)}
    try:
        built = build(json.dumps(document))
    except DocumentError as error:
        refusal = str(error)
    else:
        refusal = ""
        for path, content in built.emitted.tree.items():
            if path.endswith(".py"):
                tree = ast.parse(content)
                code = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
                assert not code & {"__import__", "SystemExit", "abort"}, path
        wire = {"id": "1", text: "a", "constant": text}
        assert built.models.Thing.from_dict(wire).to_dict() == wire
    assert len(refusal.splitlines()) <= 1
    assert refusal.isprintable()
