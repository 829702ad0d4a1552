from __future__ import annotations

import ast

import pytest

from generator.text.docstring import docstring, wrap
from generator.text.literal import comment, literal, plain
from generator.text.markdown import first_sentence, readable

# Literals


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("plain", '"plain"'),
        ("it's", '"it\'s"'),
        ('say "hi"', "'say \"hi\"'"),
        ("both ' and \"", '"both \' and \\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("line\nnext\ttab\rend", '"line\\nnext\\ttab\\rend"'),
        ("\x00\x7f\x85", '"\\x00\\x7f\\x85"'),
        ("\u202eevil\u2066", '"\\u202eevil\\u2066"'),
        ("zero\u200bwidth\ufeff", '"zero\\u200bwidth\\ufeff"'),
        ("\u3164hangul filler", '"\\u3164hangul filler"'),
        ("no\xa0break", '"no\\xa0break"'),
        ("\ud800", '"\\ud800"'),
        ("\U000e0041", '"\\U000e0041"'),
        ("Dakar, Sénégal 日本", '"Dakar, Sénégal 日本"'),
        ("{{ x }} {% y %} ${z} %s", '"{{ x }} {% y %} ${z} %s"'),
        (None, "None"),
        (True, "True"),
        (3, "3"),
        (2.5, "2.5"),
        ([], "[]"),
        (["a", {"b": [1]}], '["a", {"b": [1]}]'),
        (("a",), '("a",)'),
        ({"k'": None}, '{"k\'": None}'),
    ],
)
def test_a_literal_is_what_the_formatter_would_write(value: object, source: str) -> None:
    assert literal(value) == source
    assert ast.literal_eval(source) == value


# Text that can be seen


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb", "a   b"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\u2028b\x0cc", "a\nb\nc"),
        ("\u202eabc\u202c", "<U+202E>abc<U+202C>"),
        ("a\x00b\x1b[31m", "a<U+0000>b<U+001B>[31m"),
        ("soft\u00adhyphen\u200b", "softhyphen"),
        ("a\xa0b\u2003c", "a b c"),
        ("\ud83d", "<U+D83D>"),
        ("\u3164", "<U+3164>"),
        ("☕️ é", "☕ é"),
    ],
)
def test_what_is_invisible_becomes_visible(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_comment_is_one_line() -> None:
    assert comment("first\n  second\u2028third # noqa") == "first second third # noqa"


# Docstrings


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("One line.", '"""One line."""'),
        ("", '""""""'),
        ("   \n ", '""""""'),
        ('Ends in "quotes"', '"""Ends in "quotes\\""""'),
        ('"Quoted" first', '""" "Quoted" first"""'),
        ('Three """ inside', '"""Three \\"\\"\\" inside"""'),
        ("Ends in \\", '"""Ends in \\\\"""'),
        ('A backslash before \\"', '"""A backslash before \\\\\\""""'),
        (r"\N{BULLET} \x41", '"""\\\\N{BULLET} \\\\x41"""'),
        ("a\n\nb", '"""a\n\n    b\n    """'),
        ('a\n\nb"', '"""a\n\n    b"\n    """'),
    ],
)
def test_a_docstring_holds_its_text_and_nothing_else(text: str, source: str) -> None:
    assert docstring(text, 4) == source


def test_a_docstring_wraps_at_its_width() -> None:
    lines = docstring("word " * 100, 8, width=60).split("\n")
    assert len(lines) > 8
    assert max(len(line) for line in lines[1:]) <= 60
    assert len(lines[0]) + 8 <= 63
    assert lines[-1] == '        """'


def test_a_docstring_of_one_long_line_closes_on_the_next() -> None:
    assert docstring("x" * 120, 4) == f'"""{"x" * 120}\n    """'


def test_wrapping_keeps_paragraphs_lists_and_code() -> None:
    text = (
        "A paragraph\nof two lines.\n\n- item one goes on\n  and on\n- two\n10. ten\n\n"
        "    code  stays   here as it is, however long\n\nEnd."
    )
    assert wrap(text, 20) == [
        "A paragraph of two",
        "lines.",
        "",
        "- item one goes on",
        "  and on",
        "- two",
        "10. ten",
        "",
        "    code  stays   here as it is, however long",
        "",
        "End.",
    ]


# Markdown


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**bold**, __strong__ and *slanted*", "bold, strong and slanted"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("`code *stays* <b>`", "`code *stays* <b>`"),
        ("[text](https://a.example/b_(c))", "text (https://a.example/b_(c))"),
        ('[text](https://a.example "title")', "text (https://a.example)"),
        ("<https://a.example>", "https://a.example"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("![logo](logo.png)", "logo (logo.png)"),
        ('<a href="https://a.example">here</a>', "here (https://a.example)"),
        ("one<br/>two", "one\ntwo"),
        ("<p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("a &lt; b &amp; c&nbsp;d", "a < b & c d"),
        (r"\*not slanted\*", "*not slanted*"),
        ("# Title\nText", "Title:\n\nText"),
        ("## Closed ##\n", "Closed:"),
        ("Title\n=====\nText", "Title\n\nText"),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("```json\n{'a': 1}\n\n```\nb", "    {'a': 1}\n\nb"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "| a | b |\n| 1 | 2 |"),
        ("x < y and <unknown>", "x < y and <unknown>"),
    ],
)
def test_markdown_becomes_plain_text(markdown: str, text: str) -> None:
    assert readable(markdown) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One. Two.", "One."),
        ("No stop", "No stop."),
        ("Uses e.g. Cards here. More", "Uses e.g. Cards here."),
        ("Version 1.2 is out\nnow. Yes", "Version 1.2 is out now."),
        ("Really? Yes.", "Really?"),
        ("", ""),
        ("First\n\nSecond.", "First."),
    ],
)
def test_the_first_sentence_is_one_line_with_a_stop(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence
