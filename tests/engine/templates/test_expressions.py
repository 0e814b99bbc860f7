"""Reading expressions as far as rewriting needs."""

from __future__ import annotations

import pytest

from asok_engine.templates.expressions import Printing, assigns, classify, has_filter, modifiers, with_commas

NATIVE = {"upper", "first"}
TEXTS = {"upper", "intcomma"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (" x = 1", True),
        ("a, b = 1, 2", True),
        ("x", False),
        ("x | f(a=1)", False),
        ("x == 1", False),
        ("ns.x = 1", True),
    ],
)
def test_assignment_is_told_from_the_block_form(expression: str, expected: bool) -> None:
    """An `=` outside of brackets assigns."""
    assert assigns(expression) is expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('"key" 60', ('"key", 60', 2)),
        ('"key", 60', ('"key", 60', 2)),
        ('"key"', ('"key"', 1)),
        ("", ("", 0)),
        ('"a" ~ user.id  60', ('"a" ~ user.id,  60', 2)),
        ("key(1, 2)[0] ttl", ("key(1, 2)[0], ttl", 2)),
        ("x if y else z 5", ("x if y else z, 5", 2)),
        ('"Card"\n title="x" n=1', ('"Card",\n title="x", n=1', 3)),
        ('"Card", k=[1, 2], m={"a": 1}', ('"Card", k=[1, 2], m={"a": 1}', 3)),
        ("not x 5", ("not x, 5", 2)),
        ("'a,b' 1", ("'a,b', 1", 2)),
    ],
)
def test_arguments_side_by_side_get_commas(arguments: str, expected: tuple[str, int]) -> None:
    """Two operands next to each other are two arguments; operators and brackets hold one together."""
    assert with_commas(arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (" 'a' ", (" 'a'", " ")),
        ("'a' ignore missing", ("'a'", " ignore missing")),
        ("x ignore missing without context ", ("x", " ignore missing without context ")),
        ("['a'] with context", ("['a']", " with context")),
    ],
)
def test_words_of_an_include_are_parted(arguments: str, expected: tuple[str, str]) -> None:
    """The expression of an include ends before its words."""
    assert modifiers(arguments) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'text'", Printing(True)),
        ("12", Printing(True)),
        ("x", Printing(False)),
        ("x.y[0].z", Printing(False)),
        ("x|upper", Printing(True)),
        ("x|first", Printing(False)),
        ("x|upper|first", Printing(False)),
        ("loop.index", Printing(True)),
        ("loop(x.children)", Printing(True)),
        ("loop.previtem", Printing(False)),
        ("super()", Printing(True)),
        ("self.block()", Printing(True)),
        (" x.y|intcomma", Printing(True, " x.y", "|intcomma")),
        ("x[f('|')] | mine(1, (2)) | upper", Printing(True, "x[f('|')]", " | mine(1, (2)) | upper")),
        ("f(x)|intcomma", Printing(True)),
        ("x|default('a')", Printing(False)),
        ("x ~ y", Printing(False)),
        ("x if y else z|upper", Printing(False)),
        ("(x)|upper", Printing(False)),
        ("", Printing(True)),
        ("x|", Printing(False)),
        ("x(1", Printing(False)),
        ("x|f(1", Printing(False)),
    ],
)
def test_prints_are_classified(expression: str, expected: Printing) -> None:
    """Only what is certainly text is plain; a subject is asked for before a filter that hides undefined."""
    assert classify(expression, NATIVE, TEXTS) == expected


def test_filters_are_found_anywhere() -> None:
    """A filter counts wherever it stands, its name alone does not."""
    assert has_filter("a if b else c|tojson(2)", {"tojson"})
    assert not has_filter("tojson ~ '|tojson'", {"tojson"})
