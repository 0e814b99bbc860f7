"""How rules are written: text with bars and colons, lists, pairs."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.validation.rules import FieldRules, RuleCall, parse_rules


def test_text_is_split_at_bars_and_at_the_first_colon() -> None:
    """An argument may hold colons."""
    assert parse_rules("required|min:2|regex:^a:b$") == (
        RuleCall("required"),
        RuleCall("min", "2", ("2",)),
        RuleCall("regex", "^a:b$", ("^a:b$",)),
    )


def test_bar_behind_a_backslash_belongs_to_the_argument() -> None:
    r"""`\|` is a bar; other backslashes stay, so that patterns can be written."""
    (call,) = parse_rules(r"regex:^(\d+\|x)$")
    assert call.argument == r"^(\d+|x)$"


def test_nothing_in_an_entry_of_a_list_is_split() -> None:
    """The list form takes any argument as it is."""
    required, pattern = parse_rules(["required", "regex:^a|b:c$"])
    assert required.name == "required"
    assert pattern.argument == "^a|b:c$"


def test_comma_behind_a_backslash_belongs_to_its_part() -> None:
    """A choice may have a comma in it."""
    (call,) = parse_rules(r"in:a\,b,c")
    assert call.arguments == ("a,b", "c")


def test_pair_gives_the_argument_as_a_value() -> None:
    """No escaping at all: a name and a value, or a name and several."""
    assert parse_rules([("in", ["a|b", "c,d"]), ("min", 3)]) == (
        RuleCall("in", "a|b,c,d", ("a|b", "c,d")),
        RuleCall("min", "3", (3,)),
    )


@pytest.mark.parametrize("rules", [None, "", [], ()])
def test_no_rules_are_no_rules(rules: object) -> None:
    """A field without rules accepts what comes."""
    assert parse_rules(rules) == ()  # type: ignore[arg-type]


def test_blank_rule_is_passed_over() -> None:
    """A bar at the end does not matter."""
    assert [call.name for call in parse_rules("required|")] == ["required"]


@pytest.mark.parametrize("rules", [":3", ["a", 5], [("a",)]])
def test_what_is_no_rule_is_refused_with_a_sentence(rules: object) -> None:
    """A slip of the pen shows when the page is loaded."""
    with pytest.raises(UsageError, match="rule"):
        parse_rules(rules)  # type: ignore[arg-type]


def test_rules_of_a_field_are_asked_by_name() -> None:
    """A form reads `required` and `max` to write attributes."""
    field = FieldRules("a", parse_rules("required|max:3"))
    assert field.has("email", "max")
    assert not field.has("email")
    assert field.call("max") == RuleCall("max", "3", ("3",))
    assert field.call("min") is None
