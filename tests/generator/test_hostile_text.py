"""Whatever a document says, its text stays text."""

from __future__ import annotations

import ast
import io
import keyword
import tokenize
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generator import naming
from generator.docs import comment, docstring, first_sentence, literal, readable

PIECES = [
    '"', '"""', "'", "'''", "\\", "\\\\", "\n", "\r\n", "\r", "\t", "{", "}", "{{", "}}", "{%", "%}",
    "{#", "#}", "#", "`", "```", "\n```\n", "~~~", "*", "**", "_", "[", "](", ")", "<", ">", "<!--",
    "\\N{BULLET}", "\\x41", "\\u0041", "\\", "{{ 7 * 7 }}", "{% raw %}", "{% endraw %}",
    '"""\nimport os\nos.abort()\n"""', "' + __import__('os').abort() + '", "\n    raise SystemExit\n",
    "\u202e", "\u2066", "\u200f", "\u2028", "\x00", "\x1b[2J", "\ud800", "\udfff", "\ufeff", "\u3164",
    "%s", "${x}", "$(x)", "\N{COMBINING ACUTE ACCENT}", "e", "class", "None", " ", "    ", "- ", "1. ",
    "\n\n", "| a |", "|---|", "=====", "日本語", "👍", "ﬁ", "İ", "ǅ", "ͅ", "9", "·", "ª", "℘",
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
    words = text.split()
    if all(word.isascii() and word.isalnum() for word in words):
        shown = ast.literal_eval(docstring(text, 8))
        assert shown.split() == words


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
    scope = naming.Names(fold_case=True)
    given_names = [scope.distinct(naming.attribute_name(wire), wire) for wire in wires]
    assert len({name.casefold() for name in given_names}) == len(wires)
    assert all(name.isidentifier() for name in given_names)
