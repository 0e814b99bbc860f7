"""Text is checked for its length, its form, and what no database keeps."""

from __future__ import annotations

import pytest

from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.text import String, Text
from asok_engine.sql import types


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (String(3), "abcd", "4 characters; at most 3"),
        (String(min_length=2), "a", "at least 2"),
        (String(regex="[a-z]+"), "a1", "right form"),
        (String(), "a\0b", "NUL"),
        (String(), "a\ud800", "not valid Unicode"),
        (String(), ["a"], "not list"),
        (String(), True, "not bool"),
        (String(), b"a", "not bytes"),
        (Text(max_length=2), "abc", "at most 2"),
    ],
)
def test_text_that_does_not_fit_is_refused(field: Field[str], value: object, message: str) -> None:
    """With a sentence about what is wrong (asok 3.4 C11)."""
    with pytest.raises(FieldProblem, match=message):
        field.clean(value)


def test_numbers_become_text() -> None:
    """A form or JSON may send a number for a code."""
    assert String().clean(12) == "12"
    assert String().clean(1.5) == "1.5"

    class Word(str):
        pass

    assert type(String().clean(Word("a"))) is str


def test_white_space_goes_when_asked() -> None:
    """Before the length is counted."""
    assert String(3, strip_whitespace=True).clean("  abc ") == "abc"
    assert Text(strip_whitespace=True).clean(" a ") == "a"
    assert String().clean(" a ") == " a "


def test_types_of_columns() -> None:
    """A string has a length, a text has none."""
    assert String(7).column_type == types.string(7)
    assert Text().column_type == types.text()


def test_any_text_can_be_looked_for() -> None:
    """One that could not be saved finds nothing, and is no error."""
    field = String(2, min_length=2)
    assert field.comparable("abcdef") == "abcdef"
    assert field.comparable(5) == "5"
    assert field.comparable(None) is None
