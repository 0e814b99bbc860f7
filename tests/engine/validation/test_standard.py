"""The set of rules that every application has."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asok_engine.validation.standard import STANDARD
from tests.engine.validation.judging import codes

PROMISED = (
    "required email min max unique ext size confirmed in numeric regex url date required_if required_with "
    "between digits boolean slug uuid alpha alpha_num alphanumeric integer tel image password_strength color "
    "month base64 same json daterange"
)


@pytest.mark.parametrize("name", PROMISED.split())
def test_promised_rule_exists_and_says_something(name: str) -> None:
    """Every rule has a sentence in English."""
    assert all(text.strip() for text in STANDARD[name].messages.values())
    assert STANDARD[name].messages


ARGUMENTS = {
    "required_if": "a,b",
    "required_with": "a",
    "same": "a",
    "different": "a",
    "in": "a,b",
    "not_in": "a,b",
    "regex": "^a$",
    "digits": "2,4",
    "ext": "png",
    "size": "1K",
    "mimes": "image/png",
    "decimal": "2",
    "daterange": "future",
}
WITHOUT_ARGUMENT = sorted(set(STANDARD) - {"min", "max", "between", "unique"})

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("name", WITHOUT_ARGUMENT)
@settings(max_examples=25, deadline=None)
@given(value=ANYTHING, other=ANYTHING)
def test_rule_judges_whatever_is_sent(name: str, value: object, other: object) -> None:
    """JSON brings any type; a rule says yes or no and never fails (reliability, general rule)."""
    argument = ARGUMENTS.get(name, "")
    found = codes(f"{name}:{argument}" if argument else name, value, a=other)
    assert set(found) <= {name, "characters"}


@pytest.mark.parametrize("typing", ["", "integer|", "numeric|", "date|", "datetime|", "time|"])
@settings(max_examples=25, deadline=None)
@given(value=ANYTHING)
def test_measure_judges_whatever_is_sent(typing: str, value: object) -> None:
    """With a limit that fits what the typing rule makes."""
    limit = {"date|": "2026-01-01", "datetime|": "2026-01-01", "time|": "10:00"}.get(typing, "3")
    for rule in (f"min:{limit}", f"max:{limit}", f"between:{limit},{limit}"):
        codes(f"{typing}{rule}", value)
