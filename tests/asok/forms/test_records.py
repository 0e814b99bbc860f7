"""Forms of real models: what the engine's fields become."""

from __future__ import annotations

from datetime import datetime

import pytest

from asok import Form
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
    assert calls["genre"] == ["required", "max:10"]
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
