"""From the fields of a model to the fields of a form."""

from __future__ import annotations

import enum
from typing import Any

import pytest
from msgspec import Struct

from asok import Form
from asok.forms.models import fields_of_model
from asok_engine.errors import UsageError
from tests.asok.forms.posting import get, post


class Level(enum.Enum):
    LOW = 1


class Described(Struct):
    """A description as a model would give it."""

    name: str
    kind: str = "string"
    nullable: bool = False
    max_length: int | None = None
    choices: Any = None
    label: str = ""
    rules: Any = ""
    hidden: bool = False
    protected: bool = False
    default: Any = None
    form_type: str | None = None
    precision: int | None = None
    populate_from: str | None = None


class Ticket:
    """A model, as far as a form can tell."""

    @classmethod
    def form_fields(cls) -> list[Described]:
        """Describe the fields."""
        return [
            Described("id", "integer"),
            Described("title", max_length=80, rules="min:3"),
            Described("body", "text", nullable=True, label="What happened"),
            Described("level", "enum", choices=Level),
            Described("secret", hidden=True),
            Described("is_admin", "boolean", protected=True),
            Described("created_at", "created_at"),
        ]


def one(**options: Any) -> tuple[str, list[str]]:
    """Give kind and rules of the field that one description becomes."""
    field = fields_of_model([Described("f", **options)])["f"]
    return field.kind.name, [f"{call.name}:{call.argument}".rstrip(":") for call in field.calls]


@pytest.mark.parametrize(
    ("options", "kind", "rules"),
    [
        ({"max_length": 9}, "text", ["required", "max:9"]),
        ({"nullable": True}, "text", []),
        ({"default": "x"}, "text", []),
        ({"kind": "text"}, "textarea", ["required"]),
        ({"kind": "email"}, "email", ["required", "email"]),
        ({"kind": "tel", "nullable": True}, "tel", ["tel"]),
        ({"kind": "url", "nullable": True}, "url", ["url"]),
        ({"kind": "color", "nullable": True}, "color", ["color"]),
        ({"kind": "integer", "rules": "min:1"}, "number", ["required", "integer", "min:1"]),
        ({"kind": "boolean"}, "checkbox", []),
        ({"kind": "boolean", "form_type": "toggle"}, "toggle", []),
        ({"kind": "float", "nullable": True}, "number", ["numeric"]),
        ({"kind": "decimal", "precision": 2, "nullable": True}, "number", ["decimal:2"]),
        ({"kind": "date", "nullable": True}, "date", ["date"]),
        ({"kind": "datetime", "nullable": True}, "datetime_local", ["datetime"]),
        ({"kind": "time", "nullable": True}, "time", ["time"]),
        ({"kind": "enum", "choices": Level}, "select", ["required"]),
        ({"kind": "json", "nullable": True}, "json", ["json"]),
        ({"kind": "foreign_key", "choices": [(1, "One")], "nullable": True}, "select", []),
        ({"kind": "dropdown", "choices": ["a"], "nullable": True}, "dropdown", []),
        ({"kind": "string", "choices": ["a"], "nullable": True}, "select", []),
        ({"kind": "file", "nullable": True, "max_length": 255}, "file", []),
        ({"kind": "password", "hidden": True, "protected": True, "rules": "min:8"}, "password", ["max:1024"]),
        (
            {"kind": "datetime", "form_type": "datetime-local", "nullable": True},
            "datetime_local",
            ["datetime"],
        ),
        ({"rules": "required|max:5", "max_length": 9}, "text", ["required", "max:5"]),
    ],
)
def test_field_of_a_model_becomes_one_of_a_form(options: dict[str, Any], kind: str, rules: list[str]) -> None:
    """Kind and rules follow from what the model says."""
    assert one(**options) == (kind, rules)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "created_at"},
        {"kind": "updated_at"},
        {"kind": "soft_delete"},
        {"kind": "vector"},
        {"kind": "unheard_of"},
        {"hidden": True},
        {"protected": True},
        {"kind": "slug", "populate_from": "title"},
    ],
)
def test_field_that_no_form_changes_is_left_out(options: dict[str, Any]) -> None:
    """And asking for it by name is refused (reliability 95)."""
    described = [Described("f", **options)]
    assert fields_of_model(described) == {}
    with pytest.raises(UsageError, match="No form changes the field 'f'"):
        fields_of_model(described, include=["f"])


def test_integer_that_sounds_like_a_truth_is_a_box() -> None:
    """`is_` and `has_`."""
    for name in ("is_open", "has_children"):
        assert fields_of_model([Described(name, "integer")])[name].kind.name == "checkbox"


def test_identifier_is_shown_and_not_changed() -> None:
    """A UUID is read only, and what is posted for it does not count."""
    assert fields_of_model([Described("key", "uuid")])["key"].is_fixed


def test_form_of_a_model_is_whole() -> None:
    """Labels, choices, order; the rows of the form are those that can be changed."""
    form = Form.from_model(Ticket, get())
    assert [field.name for field in form] == ["title", "body", "level"]
    assert form.body.label_text == "What happened"
    assert "Low" in str(form.level)


def test_fields_are_chosen_by_name() -> None:
    """`include_fields` orders them, `exclude_fields` leaves out; unknown names are refused."""
    assert [f.name for f in Form.from_model(Ticket, include_fields=["body", "title"])] == ["body", "title"]
    assert [f.name for f in Form.from_model(Ticket, exclude_fields=["body"])] == ["title", "level"]
    assert [
        f.name for f in Form.from_model(Ticket, include_fields=["body", "title"], exclude_fields=["body"])
    ] == ["title"]
    with pytest.raises(UsageError, match="no field 'nope'"):
        Form.from_model(Ticket, exclude_fields=["nope"])
    with pytest.raises(UsageError, match="does not describe"):
        Form.from_model(5)


def test_class_may_declare_a_field_itself() -> None:
    """What the class says goes before what the model says."""

    class TicketForm(Form):
        title = Form.textarea("Longer title", "required")
        extra = Form.text("Extra")

    form = TicketForm.from_model(
        Ticket, post({"title": "a", "level": "1", "id": "9", "secret": "x", "is_admin": "1"})
    )
    assert type(form) is TicketForm
    assert form.title.kind == "textarea"
    assert form.validate(), form.errors
    assert form.data == {"title": "a", "body": None, "level": Level.LOW, "extra": ""}


def test_declared_fields_stand_where_they_are_named() -> None:
    """Without a list of names they stand first; a list may put them between the model's, secret names too."""

    class TicketForm(Form):
        extra = Form.text("Extra")
        secret = Form.text("Secret")

    names = [field.name for field in TicketForm.from_model(Ticket)]
    assert names == ["extra", "secret", "title", "body", "level"]
    named = TicketForm.from_model(Ticket, include_fields=["title", "secret", "level"])
    assert [field.name for field in named] == ["extra", "title", "secret", "level"]
    without = TicketForm.from_model(
        Ticket, include_fields=["level", "extra", "title"], exclude_fields=["title"]
    )
    assert [field.name for field in without] == ["secret", "level", "extra"]


def test_description_becomes_a_field_alone() -> None:
    """For screens that draw one field."""
    field = Form.field_for(Described("zip_code"))
    assert field is not None
    assert field.label == "Zip code"
    assert Form.field_for(Described("x", "vector")) is None
