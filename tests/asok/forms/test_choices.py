"""Choices in all their forms become one shape."""

from __future__ import annotations

import enum

import pytest

from asok.forms.choices import Choice, as_text, flatten, read_choices
from asok_engine.errors import UsageError


class Level(enum.Enum):
    LOW = 1
    VERY_HIGH = 2


@pytest.mark.parametrize(
    "given",
    [
        [("a", "A"), ("b", "B")],
        {"a": "A", "b": "B"},
        lambda: [("a", "A"), ("b", "B")],
        (Choice("a", "A"), ["b", "B"]),
    ],
)
def test_pairs_are_read(given: object) -> None:
    """A list of pairs, a mapping, a function, choices themselves."""
    assert [(choice.value, choice.label) for choice in read_choices(given)] == [("a", "A"), ("b", "B")]


def test_plain_values_and_members_are_their_own_labels() -> None:
    """Words made readable."""
    assert read_choices(["x", 3]) == (Choice("x", "x"), Choice(3, "3"))
    assert read_choices(Level)[1] == Choice(Level.VERY_HIGH, "Very high")
    assert read_choices([Level.LOW]) == (Choice(Level.LOW, "Low"),)
    assert read_choices(None) == ()


def test_groups_and_trees_have_children() -> None:
    """A group cannot be chosen, a branch can."""
    grouped = read_choices({"Europe": [("de", "Germany")], "x": "X"})
    assert grouped[0].is_group
    assert [choice.value for choice in flatten(grouped)] == ["de", "x"]
    tree = read_choices([("a", "A", [("b", "B", [("c", "C")])])])
    assert [choice.value for choice in flatten(tree)] == ["a", "b", "c"]


def test_values_travel_as_text() -> None:
    """Numbers, truths, members, nothing."""
    assert [as_text(value) for value in (5, True, Level.LOW, None, "a")] == ["5", "true", "1", "", "a"]


@pytest.mark.parametrize("given", ["text", 5, [("a", "b", [], "d")]])
def test_what_are_no_choices_is_refused(given: object) -> None:
    """A word is not a list of letters."""
    with pytest.raises(UsageError):
        read_choices(given)  # type: ignore[arg-type]
