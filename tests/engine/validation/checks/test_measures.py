"""How much: numbers as numbers, dates as dates, text by its characters."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import UsageError
from tests.engine.validation.judging import codes, message


@pytest.mark.parametrize(
    ("rules", "right", "wrong"),
    [
        ("integer|min:18", "18", "9"),
        ("integer|max:100", "99", "101"),
        ("numeric|between:0.5,1.5", "1.5", "1.6"),
        ("decimal|max:0.3", "0.3", "0.30000000000000001"),
        ("min:3", "abc", "ab"),
        ("max:3", "äöü", "äöüß"),
        ("between:2,3", "ab", "a"),
        ("min:3", 3, 2),
        ("min:2", ["a", "b"], ["a"]),
        ("date|min:2026-01-01", "2026-01-01", "2025-12-31"),
        ("date|max:2026-01-01", "2026-01-01", "2026-01-02"),
        ("datetime|min:2026-01-01", "2026-01-01T00:00", "2025-12-31T23:59"),
        ("datetime|max:2026-01-01T10:00", "2026-01-01T10:00:00Z", "2026-01-01T10:01:00Z"),
        ("time|between:08:00,18:00", "18:00", "07:59"),
    ],
)
def test_value_is_measured_as_what_it_is(rules: str, right: Any, wrong: Any) -> None:
    """`9` is less than 18, though it is longer than nothing."""
    assert codes(rules, right) == []
    assert codes(rules, wrong) == [rules.split("|")[-1].partition(":")[0]]


def test_text_of_digits_is_text_without_a_typing_rule() -> None:
    """A postcode of five digits has five characters."""
    assert codes("min:5|max:5", "01067") == []
    assert codes("min:18", "99") == ["min"]


def test_message_names_both_limits() -> None:
    """Placeholders `{min}` and `{max}`."""
    assert message("integer|between:1,10", "11") == "Enter a number from 1 to 10."


@pytest.mark.parametrize(
    "rules", ["min:abc", "date|min:5", "between:1", "between:1,2,3", "integer|max:2026-01-01"]
)
def test_limit_that_cannot_be_compared_is_refused(rules: str) -> None:
    """A slip in the rules is not the visitor's fault."""
    with pytest.raises(UsageError):
        codes(rules, "2026-01-01" if "date" in rules else "5")


def test_other_things_count_as_one() -> None:
    """A single object is one thing."""
    assert codes("max:1", object()) == []
