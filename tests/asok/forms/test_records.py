"""Forms of real models: what the engine's fields become."""

from __future__ import annotations

import enum
from datetime import datetime

import pytest

from asok import Field, Form, Model
from asok.auth import Policy, Principal
from asok.auth.visitor import Visitor
from asok_engine.errors import UsageError
from asok_engine.records.fields.moment import Date, DateTime, Duration, Time
from asok_engine.records.fields.number import BigInteger, Boolean, Decimal, Float, Integer
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String, Text
from asok_engine.records.record import Record
from tests.asok.forms.posting import get, post


class Headline(String[str]):
    """A kind of a project."""


class Shelf(Record):
    """Where books stand."""

    id: int
    name = String(20)


class Book(Record):
    """A model with a field of each family."""

    id: int
    title = Headline(80, label="Title of the book", help_text="As on the cover", rules="min:2")
    summary = Text(nullable=True, attrs={"rows": 9})
    pages = Integer(default=0)
    copies = BigInteger(rules="min:1")
    price = Decimal(8, 2)
    weight = Float(nullable=True)
    lent = Boolean(default=False)
    genre = String(10, choices=[("novel", "Novel"), ("poem", "Poem")])
    printed = Date(nullable=True)
    opens = Time(nullable=True)
    seen = DateTime[datetime](nullable=True)
    made = DateTime[datetime](auto_now_add=True)
    took = Duration(nullable=True)
    shelf_id = ForeignKey(Shelf, nullable=True)
    notes = Text(default="", hidden=True)
    rank = Integer(default=0, protected=True)


SENT = {
    "title": "Emma",
    "copies": "3",
    "price": "9.50",
    "genre": "novel",
    "pages": "",
    "id": "7",
    "rank": "99",
    "notes": "x",
    "made": "2000-01-01T00:00",
}


def test_form_has_what_a_person_may_change() -> None:
    """Keys, stamps, spans of time, hidden and protected fields are none of it (reliability 95)."""
    form = Form.from_model(Book, get())
    assert {field.name: field.kind for field in form} == {
        "title": "text",
        "summary": "textarea",
        "pages": "number",
        "copies": "number",
        "price": "number",
        "weight": "number",
        "lent": "checkbox",
        "genre": "select",
        "printed": "date",
        "opens": "time",
        "seen": "datetime_local",
        "shelf_id": "text",
    }


def test_rules_and_words_are_those_of_the_model() -> None:
    """Length, what may be null, own rules, label, help, attributes."""
    form = Form.from_model(Book, get())
    calls = {field.name: [f"{c.name}:{c.argument}".rstrip(":") for c in field.field.calls] for field in form}
    assert calls["title"] == ["required", "max:80", "min:2"]
    assert calls["copies"] == ["required", "integer", "min:1"]
    assert calls["price"] == ["required", "decimal:2"]
    assert calls["pages"] == ["integer"]
    assert calls["summary"] == []
    assert calls["genre"] == ["required"]
    assert (form.title.label_text, form.title.help) == ("Title of the book", "As on the cover")
    assert 'rows="9"' in str(form.summary)
    assert form.shelf_id.label_text == "Shelf"
    assert "Novel" in str(form.genre)


def test_posted_form_makes_a_record_and_nothing_it_should_not() -> None:
    """Typed, and without what nobody may set."""
    form = Form.from_model(Book, post(SENT))
    assert form.validate(), form.errors
    book = Book(**form.data)
    assert (book.title, book.copies, str(book.price), book.genre) == ("Emma", 3, "9.50", "novel")
    # An emptied field has the default of the model, or nothing where that may be.
    assert (book.pages, book.summary, book.weight, book.lent) == (0, None, None, False)
    assert not {"id", "rank", "notes", "made"} & set(form.data)


def test_record_fills_its_form() -> None:
    """An edit begins with what is there."""
    book = Book(title="Emma", copies=3, price="9.5", genre="poem")
    form = Form.from_model(Book, get()).fill(book)
    assert 'value="Emma"' in str(form.title)
    assert '<option value="poem" selected>' in str(form.genre)


@pytest.mark.parametrize("name", ["id", "made", "notes", "rank", "took"])
def test_asking_for_a_field_that_no_form_changes_is_refused(name: str) -> None:
    """By name too."""
    with pytest.raises(UsageError, match=f"No form changes the field '{name}'"):
        Form.from_model(Book, include_fields=[name])


class PostPolicy(Policy):
    """Agents may set what others may not."""

    def writable(self, principal: Principal, row: Record | None = None) -> frozenset[str]:
        """The title, and for agents the state too."""
        return frozenset({"title", "state"} if principal.has_role("agent") else {"title"})


class Posting(Record):
    """A model whose policy says who may set what."""

    __policy__ = PostPolicy

    id: int
    title = String(20)
    state = String(10, default="draft")
    body = Text(default="")


@pytest.mark.parametrize("include", [None, ["state", "title"]])
def test_form_has_what_its_visitor_may_set(
    include: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy of the model is asked by itself, and what is posted beside it is not read (reliability 95)."""
    sent = {"title": "Emma", "state": "public", "body": "x"}
    form = Form.from_model(Posting, post(sent), include_fields=include)
    assert form.validate(), form.errors
    assert form.data == {"title": "Emma"}
    agent = Principal("person", 1, roles=frozenset({"agent"}))
    monkeypatch.setattr(Visitor, "principal", agent)
    form = Form.from_model(Posting, post(sent), include_fields=include)
    assert form.validate(), form.errors
    assert form.data == {"title": "Emma", "state": "public"}
    assert {field.name for field in Form.from_model(Posting)} == {"title", "state", "body"}


def test_class_may_offer_what_the_policy_does_not_speak_of() -> None:
    """A field that the form declares itself is the form's."""

    class PostingForm(Form):
        state = Form.hidden()

    assert {field.name for field in PostingForm.from_model(Posting, get())} == {"title", "state"}


class Mood(enum.Enum):
    """How one feels."""

    GOOD = "good"
    VERY_BAD = "bad"


class FormThing(Model):
    """A model of pages, with every kind of field that `Field` has."""

    name = Field.String(max_length=20)
    note = Field.Text(wysiwyg=True, nullable=True)
    email = Field.Email()
    tel = Field.Tel(nullable=True)
    site = Field.URL(nullable=True)
    color = Field.Color(nullable=True)
    size = Field.Float(precision=2)
    price = Field.Decimal(precision=2)
    day = Field.Date(nullable=True)
    photo = Field.File(upload_to="photos", allowed_extensions=["png", "jpg"], nullable=True)
    secret = Field.Password()
    data = Field.JSON(nullable=True)
    mood = Field.Enum(Mood)
    kind = Field.Dropdown(choices=["x", "y"])
    key = Field.UUID(nullable=True)
    slug = Field.Slug(populate_from="name")
    place = Field.Vector(dimensions=3, nullable=True)
    made_at = Field.CreatedAt()
    changed_at = Field.UpdatedAt()
    removed_at = Field.SoftDelete()


def test_every_kind_of_field_of_pages_has_its_control() -> None:
    """The table of the how-to, on a real model."""
    form = Form.from_model(FormThing, get())
    found = {f.name: (f.kind, [f"{c.name}:{c.argument}".rstrip(":") for c in f.field.calls]) for f in form}
    assert found == {
        "name": ("text", ["required", "max:20"]),
        "note": ("wysiwyg", []),
        "email": ("email", ["required", "email", "max:254"]),
        "tel": ("tel", ["tel", "max:32"]),
        "site": ("url", ["url", "max:2048"]),
        "color": ("color", ["color", "max:9"]),
        "size": ("number", ["required", "numeric"]),
        "price": ("number", ["required", "decimal:2"]),
        "day": ("date", ["date"]),
        "photo": ("file", ["ext:png,jpg"]),
        "secret": ("password", ["max:1024"]),
        "data": ("json", ["json"]),
        "mood": ("select", ["required"]),
        "kind": ("select", ["required"]),
        "key": ("text", []),
    }
    assert 'step="0.01"' in str(form["size"])
    assert 'accept=".png,.jpg"' in str(form.photo)
    assert "Very bad" in str(form.mood)


def test_form_of_a_model_of_pages_gives_what_the_model_takes() -> None:
    """Members of enums as members, choices as themselves."""
    sent = {"name": "Lamp", "email": "a@b.co", "size": "1.5", "price": "2.50", "mood": "good", "kind": "x"}
    form = Form.from_model(FormThing, post(sent))
    assert form.validate(), form.errors
    assert form.data["mood"] is Mood.GOOD
    thing = FormThing(**form.data)
    assert (thing.mood, thing.kind, thing.size, str(thing.price)) == (Mood.GOOD, "x", 1.5, "2.50")
    assert not Form.from_model(FormThing, post({**sent, "mood": "GOOD"})).validate()
