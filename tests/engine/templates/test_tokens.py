"""Cutting a source into tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.templates.errors import TemplateSyntaxError
from asok_engine.templates.tokens import Kind, Origin, Token, cut


def tokens(source: str) -> list[Token]:
    return cut(Origin("t.html", None, source))


def test_every_kind_is_found_with_its_line() -> None:
    """Text, prints, tags, comments and raw parts come in order, with the lines they begin in."""
    found = tokens("a\n{{ x }}\n{% if y %}{# c\n #}{% raw %}{{ z }}{% endraw %}b")
    assert [(token.kind, token.line) for token in found] == [
        (Kind.TEXT, 1), (Kind.PRINT, 2), (Kind.TEXT, 2), (Kind.TAG, 3), (Kind.COMMENT, 3), (Kind.RAW, 4), (Kind.TEXT, 4),
    ]  # fmt: skip
    assert (found[3].name, found[3].body, found[5].body) == ("if", " y ", "{{ z }}")


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("{{ '}}' }}", " '}}' "),
        ('{{ "a\\"}}" }}', ' "a\\"}}" '),
        ("{{ {'a': {'b': 1}} }}", " {'a': {'b': 1}} "),
        ("{{{'a':{'b':1}}}}", "{'a':{'b':1}}"),
        ("{% set x = '%}' %}", " x = '%}' "),
        ("{% set x = {'a': {'b': 1}} %}", " x = {'a': {'b': 1}} "),
        ("{{ x -}}", " x "),
    ],
)
def test_ends_inside_strings_and_braces_are_no_ends(source: str, body: str) -> None:
    """A closing delimiter in a string or a dictionary closes nothing (B15)."""
    assert [token.body for token in tokens(source)] == [body]


def test_trim_marks_are_read() -> None:
    """A minus on either side is remembered, a plus is dropped, inside raw they are applied."""
    found = tokens("{%- if x -%}{%+ endif +%}{{- y -}}{#- c -#}{%- raw -%}  r  {%- endraw -%}")
    assert [(token.trim_before, token.trim_after) for token in found] == [
        (True, True), (False, False), (True, True), (True, True), (True, True),
    ]  # fmt: skip
    assert found[-1].body == "r"


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("a\n{{ x", 2, "never closed"),
        ("{% if x", 1, "never closed"),
        ("\n\n{# x", 3, "comment"),
        ("{{ 'x }}", 1, "string"),
        ("{{ a\n, 'x }}", 2, "string"),
        ("{% raw %}\n{{ x }}", 1, "endraw"),
        ("{{ x %}", 1, "closed with %}"),
        ("{% %}", 1, "no name"),
    ],
)
def test_what_is_not_closed_is_named(source: str, line: int, words: str) -> None:
    """The error names the line where it begins and what is missing."""
    with pytest.raises(TemplateSyntaxError, match=words.replace("{", r"\{").replace("%}", r"%\}")) as caught:
        tokens(source)
    assert caught.value.line == line


@given(st.text(alphabet="{}%#-' \n\"abx", max_size=60))
def test_tokens_cover_the_source(source: str) -> None:
    """Whatever the source is, its tokens follow each other without a gap, or it is refused."""
    try:
        found = tokens(source)
    except TemplateSyntaxError:
        return
    assert "".join(source[token.start : token.end] for token in found) == source
    assert all(token.line == source.count("\n", 0, token.start) + 1 for token in found)
