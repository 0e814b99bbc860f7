"""What holds for every kind of field: names, defaults, checks, and what it is on class and record."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError, UsageError
from asok_engine.records.errors import FieldProblem, NotLoaded, RefusedValue, UnknownName
from asok_engine.records.fields.field import UNSET, Field, FieldRef
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.text import String
from asok_engine.records.record import Record
from tests.engine.records.blog import Post


def named(field: Field[object]) -> Field[object]:
    """Give a field the name that a class would."""
    field.__set_name__(Record, "thing")
    return field


def test_field_is_an_expression_on_the_class_and_a_value_on_the_record() -> None:
    """A record that was not read with the field says so."""
    assert isinstance(Post.views, FieldRef)
    assert Post(title="a", views=3).views == 3
    with pytest.raises(NotLoaded, match="Post.at"):
        _ = Post(title="a").at


def test_missing_value_is_required() -> None:
    """Unless the field may be empty."""
    with pytest.raises(FieldProblem, match="is required"):
        named(String()).clean(None)
    assert named(String(nullable=True)).clean(None) is None


def test_choices_limit_the_values() -> None:
    """As a list, as pairs with labels, or as a dict."""
    for choices in (["a", "b"], [("a", "First"), ("b", "Second")], {"a": "First", "b": "Second"}):
        field = named(String(choices=choices))
        assert field.clean("a") == "a"
        with pytest.raises(FieldProblem, match="one of a, b"):
            field.clean("c")
    assert String(choices=[("a", "First")]).choices == {"a": "First"}


def test_validators_have_the_last_word() -> None:
    """A ValueError is a problem of the field; a FieldProblem keeps its code."""

    def even(value: int) -> None:
        if value % 2:
            raise ValueError("is odd")

    def small(value: int) -> None:
        if value > 10:
            raise FieldProblem("large", "is large")

    field = named(Integer(validators=[even, small]))
    assert field.clean(4) == 4
    with pytest.raises(FieldProblem, match="is odd"):
        field.clean(5)
    with pytest.raises(FieldProblem) as problem:
        field.clean(12)
    assert problem.value.code == "large"


def test_messages_can_be_ones_own() -> None:
    """By the code of the problem."""
    field = named(String(messages={"required": "We need a title."}))
    with pytest.raises(FieldProblem, match="We need a title"):
        field.clean(None)


def test_defaults_are_values_or_functions() -> None:
    """A field without a default has none, which is not None."""
    assert not String().has_default
    assert String(default=None).has_default
    assert String(default="a").make_default() == "a"
    assert String(default=lambda: "b").make_default() == "b"
    assert repr(UNSET) == "UNSET"
    assert not UNSET


def test_one_object_is_one_field() -> None:
    """The same object under two names would share its column."""
    field = named(String())
    with pytest.raises(SetupError, match="field for each name"):
        field.__set_name__(Record, "other")
    assert repr(field) == "<String thing>"


def test_kind_without_a_type_says_so() -> None:
    """The base is no kind of field."""
    with pytest.raises(UsageError, match="no column type"):
        _ = Field[int]().column_type
    with pytest.raises(UsageError, match="no relation"):
        Field[int]().make_relation()
    assert Field[int]().relation_name == ""
    assert Field[int]().foreign_key() is None
    assert Field[int]().coerce(3) == 3


def test_comparison_with_an_impossible_value_is_the_clients_fault() -> None:
    """`Post.views == "x"` with text from a query string is answered with 422, not with 500."""
    with pytest.raises(RefusedValue, match="The value for 'views' must be a whole number"):
        _ = Post.views == "x"


def test_field_that_cannot_be_compared_refuses() -> None:
    """Its column says nothing of its value."""
    field = named(String())
    field.is_comparable = False
    with pytest.raises(UnknownName, match="cannot be compared"):
        Field.comparable(field, "x")


def test_value_is_compared_in_the_form_of_the_column() -> None:
    """Coerced and converted, so that the same value is the same parameter."""
    field = named(Integer())
    assert Field.comparable(field, "5") == 5
    assert Field.comparable(field, None) is None
    field.to_column = str
    assert Field.comparable(field, 5) == "5"


def test_unknown_option_is_told_with_the_nearest() -> None:
    """Also one of the kind itself, and of those for agents; nothing is guessed from afar."""
    with pytest.raises(TypeError, match=r"String takes no max_lenght\. Did you mean max_length\?"):
        String(max_lenght=3)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"Integer takes no zzz\.$"):
        Integer(zzz=3)  # type: ignore[call-overload]
