"""Descriptions of fields: their rules, those of their kind, and how they are copied."""

from __future__ import annotations

import pytest

from asok import Form, register_rule
from asok.forms.fields import FormField
from asok_engine.errors import UsageError
from asok_engine.validation.rules import RuleCall


def names(field: FormField) -> list[str]:
    return [call.name for call in field.calls]


def test_kind_brings_its_rules() -> None:
    """Behind `required`, before the field's own."""
    assert names(Form.email("E", "required|max:9")) == ["required", "email", "max"]
    assert names(Form.text("T", "min:2")) == ["min"]
    assert names(Form.password("P")) == ["max"]


def test_rule_of_the_same_family_takes_the_place_of_the_kinds_own() -> None:
    """A number that is said to be whole is not checked twice."""
    assert names(Form.number("N", "integer")) == ["integer"]
    assert names(Form.number("N", "decimal:2|min:1")) == ["decimal", "min"]
    assert names(Form.password("P", "max:72")) == ["max"]
    assert names(Form.daterange("D", "daterange:future")) == ["daterange"]


def test_attributes_that_limit_hold_on_the_server() -> None:
    """A slider from 0 to 10 takes no 11; a rating and a code have their size."""
    assert Form.range("R", min=0, max=10).calls[1:] == (
        RuleCall("min", "0", ("0",)),
        RuleCall("max", "10", ("10",)),
    )
    assert Form.rating("R", max=3).calls[-1] == RuleCall("between", "1,3", ("1", "3"))
    assert Form.otp("O", length=4).calls == (RuleCall("digits", "4", ("4",)),)
    assert Form.otp("O").calls == (RuleCall("digits", "6", ("6",)),)


def test_only_choices_are_accepted_of_a_closed_field() -> None:
    """Unless the rules have an `in` of their own."""
    assert Form.select("S", ["a"]).rules_of("s", ("a",)).has("in")
    own = Form.select("S", ["a"], "in:b").rules_of("s", ("a",))
    assert [call.argument for call in own.calls] == ["b"]


def test_copy_can_be_changed_alone() -> None:
    """What a page does to its form is not seen by the next."""
    field = Form.text("T", placeholder="a", messages={"required": "x"})
    twin = field.copy()
    twin.attributes["placeholder"] = "b"
    twin.messages["required"] = "y"
    assert (field.attributes, field.messages) == ({"placeholder": "a"}, {"required": "x"})


def test_field_that_is_only_shown_is_fixed() -> None:
    """`readonly` and `disabled` hold on the server."""
    assert Form.text("T", readonly=True).is_fixed
    assert Form.text("T", disabled=True).is_fixed
    assert not Form.text("T").is_fixed


def test_unknown_kind_is_refused_with_the_known_ones() -> None:
    """A slip shows at once."""
    with pytest.raises(UsageError, match="'txt'.*textarea"):
        FormField("txt")
    assert repr(Form.text("T")) == "<FormField text 'T'>"


def test_misspelt_rule_is_told_when_the_class_is_made() -> None:
    """Before any request, with the nearest names; a rule of the application is known once it is registered."""
    with pytest.raises(UsageError, match="no rule 'requird'") as caught:

        class Wrong(Form):
            email = Form.email("E-mail", "requird|max:9")

    assert "required" in str(caught.value.fix)
    with pytest.raises(UsageError, match="no rule 'test_later'"):
        Form.text("T", ["test_later"])
    register_rule("test_later", lambda value, argument, data: True)
    assert names(Form.text("T", ["test_later"])) == ["test_later"]
