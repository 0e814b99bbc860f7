"""Whether a value is there, and whether two fields agree."""

from __future__ import annotations

import pytest

from asok_engine.validation.checks.presence import is_empty
from asok_engine.validation.rulebook import MISSING
from tests.engine.validation.judging import codes, message


@pytest.mark.parametrize("value", [MISSING, None, "", "  \n", [], {}, ["", None], ("", "")])
def test_nothing_is_empty(value: object) -> None:
    """Blank text and a pair of blank texts are nothing."""
    assert is_empty(value)


@pytest.mark.parametrize("value", ["a", 0, False, ["a"], {"a": 1}, ("", "x")])
def test_zero_and_no_are_values(value: object) -> None:
    """`required` accepts 0 and False."""
    assert not is_empty(value)
    assert codes("required", value) == []


def test_required_if_depends_on_another_field() -> None:
    """With values it compares as text; without, it asks whether the other field is filled."""
    assert codes("required_if:plan,pro,team", "", plan="pro") == ["required_if"]
    assert codes("required_if:plan,pro,team", "", plan="free") == []
    assert codes("required_if:plan,pro", "x", plan="pro") == []
    assert codes("required_if:agree,true", "", agree=True) == ["required_if"]
    assert codes("required_if:plan", "", plan="any") == ["required_if"]
    assert codes("required_if:plan", "", plan="") == []


def test_required_with_depends_on_any_of_several() -> None:
    """One filled field is enough."""
    assert codes("required_with:a,b", "", a="", b="x") == ["required_with"]
    assert codes("required_with:a,b", "", a="") == []


def test_fields_that_belong_together_are_compared() -> None:
    """`confirmed`, `same` and `different`."""
    assert codes("confirmed", "x", it_confirmation="x") == []
    assert codes("confirmed", "x", it_confirmation="y") == ["confirmed"]
    assert codes("confirmed", "x") == ["confirmed"]
    assert codes("confirmed:again", "x", again="x") == []
    assert codes("same:other", "x", other="x") == []
    assert message("same:other", "x", other="é") == "This must be the same as other."
    assert codes("different:other", "x", other="x") == ["different"]
