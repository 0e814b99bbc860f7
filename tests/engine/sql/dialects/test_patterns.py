"""Patterns that run in Python: what is dangerous is refused before it meets a row."""

from __future__ import annotations

import time

import pytest

from asok_engine.errors import InputError
from asok_engine.sql.dialects.patterns import LONGEST_PATTERN, LOOKED_AT, safe_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "foo",
        "^a.*b$",
        r"\d{3}-\d{4}",
        "(foo|bar)+$",
        "(?:ab|cd){2}",
        "^(?!foo).*bar$",
        r"(\w+) \1",
        "(ab){2,5}",
        "(?i)é",
        "",
    ],
)
def test_plain_patterns_are_taken(pattern: str) -> None:
    """Repeats side by side, fixed groups and choices that the first character decides."""
    assert safe_pattern(pattern).longest_text >= LOOKED_AT[2]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a+)+$", "inside a repeat"),
        (r"(\w+\s?)*$", "inside a repeat"),
        ("(a|a)*b", "choice"),
        ("(a|ab)*c", "choice"),
        ("((a|b*)c)*", "choice"),
        ("(a?b){3}", "inside a repeat"),
        ("a*a*a*a*x", "too many"),
        ("a?" * 30 + "a" * 30, "too many"),
        ("(?!a*b*c*d*)x", "too many"),
        (r"(a*)(\1)*", "stands inside a repeat"),
        ("(?:a|ab)" * 9, "too many"),
    ],
)
def test_patterns_that_could_take_for_ever_are_refused(pattern: str, reason: str) -> None:
    """With the reason; the answer is 400 (CWE-1333)."""
    with pytest.raises(InputError, match=reason) as raised:
        safe_pattern(pattern)
    assert raised.value.status == 400


@pytest.mark.parametrize(
    "pattern", ["(", "[a", "*", "x{99999999999}", "(?P<a", "[[a]", "a" * (LONGEST_PATTERN + 1), "(" * 200]
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    """Bad ones, ambiguous ones and endless ones."""
    with pytest.raises(InputError) as raised:
        safe_pattern(pattern)
    assert raised.value.status == 400


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a*a*a*x", "a" * 100_000),
        ("a*[ab]*x", "a" * 100_000),
        (".*.*.*=x", "a=" * 50_000),
        ("(?:a|b)(?:a|ab)(?:a|b|ab)a{1,3}a{1,4}x", "ab" * 50_000),
    ],
)
def test_what_is_taken_ends_soon(pattern: str, text: str) -> None:
    """Of a long text less is looked at, the more repeats a pattern has."""
    before = time.process_time()
    assert safe_pattern(pattern).is_in(text) is False
    assert time.process_time() - before < 2


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    """As far as its repeats allow."""
    assert safe_pattern("b").is_in("a" * 50_000 + "b")
    assert safe_pattern("x*b").is_in("a" * 19_999 + "b")
    assert not safe_pattern("x*b").is_in("a" * 20_000 + "b")
