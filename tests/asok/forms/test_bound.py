"""The parts of a field: each prints itself and takes attributes."""

from __future__ import annotations

import pytest

from asok import Form
from asok.forms.form import Form as FormClass
from tests.asok.forms.posting import get, post


def form(**options: object) -> FormClass:
    return Form({"name": Form.text("Name", "required|min:2", help="In full", **options)}, post({"name": "<"}))


def test_parts_print_themselves() -> None:
    """Label, input and error can stand apart in a template."""
    made = form()
    made.validate()
    assert str(made.name.label).startswith('<label for="name"')
    assert 'value="&lt;"' in str(made.name.input)
    assert (
        str(made.name.error) == '<div class="form-error" id="name-error">Enter at least 2 characters.</div>'
    )
    assert str(made.name) == str(made.name())


def test_parts_take_attributes_in_turn() -> None:
    """A class adds up, everything else is replaced; calling twice adds."""
    made = form(placeholder="a")
    printed = str(made.name.input(class_="big", placeholder="b")(data_x="1"))
    assert 'class="big"' in printed
    assert 'placeholder="b"' in printed
    assert 'data-x="1"' in printed
    assert 'class="form-label loud"' in str(made.name.label(class_="loud"))


def test_attributes_reach_the_part_that_they_name() -> None:
    """`label__class`, `group__class`, and the control without a name."""
    printed = str(form().name(class_="in", label__class="lab", group__class="grp", help__class="hel"))
    assert '<div class="form-group grp">' in printed
    assert 'class="form-label lab"' in printed
    assert 'class="form-help hel"' in printed
    assert 'class="in"' in printed


def test_error_prints_nothing_while_all_is_well() -> None:
    """And is false in a condition."""
    made = Form({"name": Form.text("Name")}, get())
    assert str(made.name.error) == ""
    assert not made.name.error
    assert made.name.label
    assert (made.name.has_error, made.name.errors) == (False, [])


def test_field_tells_what_it_is() -> None:
    """For templates that draw fields themselves."""
    made = form()
    field = made.name
    assert (field.kind, field.id, field.help, field.is_required) == ("text", "name", "In full", True)
    assert field.value == "<"
    assert repr(field) == "<BoundField 'name' text>"


def test_label_is_made_of_the_name_where_none_is_given() -> None:
    """A control without a label does not exist."""
    made = Form({"first_name": Form.text()}, get())
    assert made.first_name.label_text == "First name"
    assert ">First name</label>" in str(made.first_name)


def test_function_that_gives_choices_is_asked_once_per_request() -> None:
    """Rows change between requests, and not within one."""
    asked: list[int] = []

    def rows() -> list[tuple[str, str]]:
        asked.append(1)
        return [("a", "A")]

    made = Form({"x": Form.select("X", rows)}, post({"x": "a"}))
    made.validate()
    str(made.x)
    assert len(asked) == 1
    made.bind(get())
    str(made.x)
    assert len(asked) == 2


@pytest.mark.parametrize("name", ["email", "date", "title", "file", "password", "data", "errors"])
def test_field_may_have_any_name(name: str) -> None:
    """A function of `Form` or a name of its own never hides a field from `form[name]`."""

    class Named(Form):
        locals()[name] = Form.text("Label")

    made = Named(get())
    assert made[name].label_text == "Label"
    if name not in ("data", "errors"):
        assert getattr(made, name) is made[name]
