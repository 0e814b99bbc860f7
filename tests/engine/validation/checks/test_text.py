"""Letters, choices, patterns, passwords."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import UsageError
from tests.engine.validation.judging import codes, message

TEXT = {
    "email": ("a@b.co", "a@b"),
    "url": ("https://example.com", "javascript:alert(1)"),
    "digits:4": ("0042", "42"),
    "digits:4,6": ("12345", "1234567"),
    "alpha": ("Ünder", "a1"),
    "alpha_spaces": ("Ana Maria", "Ana-Maria"),
    "alpha_num": ("a1", "a 1"),
    "alphanumeric": ("a1", "a-1"),
    "slug": ("a-b-1", "a--b"),
    "tel": ("+49 (0)30 123456", "123 45a"),
    "color": ("#3366Ff", "#33"),
    "base64": ("YWJj", "YWJ"),
    "in:a,b": ("a", "c"),
    "not_in:a,b": ("c", "a"),
    "regex:^[a-z]+$": ("abc", "abc1"),
}


@pytest.mark.parametrize("rule", TEXT)
def test_rule_takes_what_fits_and_reports_the_rest(rule: str) -> None:
    """One of each."""
    right, wrong = TEXT[rule]
    assert codes(rule, right) == []
    assert codes(rule, wrong) == [rule.partition(":")[0]]


@pytest.mark.parametrize(
    "rule", ["email", "url", "alpha", "slug", "tel", "color", "base64", "password_strength"]
)
@pytest.mark.parametrize("value", [5, True, ["a"], {"a": 1}])
def test_rule_about_text_refuses_other_types(rule: str, value: Any) -> None:
    """JSON brings anything; it is reported, and nothing fails."""
    assert codes(rule, value) == [rule]


def test_slug_and_digits_end_where_they_end() -> None:
    """A line break at the end is no part of either, and digits of other scripts are none."""
    assert codes("slug", "a-b\n") == ["slug"]
    assert codes("color", "#333\n") == ["color"]
    assert codes("digits:1", "٣") == ["digits"]


def test_each_choice_of_several_is_looked_at() -> None:
    """A list is in the options when all of it is."""
    assert codes("in:a,b", ["a", "b"]) == []
    assert codes("in:a,b", ["a", "x"]) == ["in"]
    assert codes([("in", [1, 2])], "2") == []


def test_pattern_gets_no_more_than_4096_characters() -> None:
    """A pattern of the application never runs over a whole upload."""
    assert codes("regex:^a+$", "a" * 4096) == []
    assert codes("regex:^a+$", "a" * 4097) == ["regex"]
    with pytest.raises(UsageError, match="cannot be read"):
        codes("regex:(", "a")


@pytest.mark.parametrize(
    "password", ["correct horse", "zq7-plume-9", "ünïcödé wörds", "five words with blanks   "]
)
def test_long_password_of_any_characters_is_strong(password: str) -> None:
    """No kinds of characters are asked for (ASVS 6.2.5)."""
    assert codes("password_strength", password) == []


@pytest.mark.parametrize(
    "password",
    ["aaaaaaaaaaaa", "abababab", "12345678", "87654321", "qwertyuiop", "person@example.com", "jo.person"],
)
def test_password_that_is_guessed_at_once_is_weak(password: str) -> None:
    """Runs, repetitions, and what others know of the person."""
    data = {"email": "jo.person@example.com", "username": "person@example.com"}
    assert codes("password_strength", password, **data) == ["password_strength"]


def test_password_has_a_length() -> None:
    """At least 8, or what the rule says; a megabyte is refused before it is hashed (reliability 87)."""
    assert message("password_strength", "short") == "Use at least 8 characters."
    assert message("password_strength:12", "elevenchars") == "Use at least 12 characters."
    assert codes("password_strength", "abcde" * 200_000) == ["password_strength"]
