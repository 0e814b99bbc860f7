"""Every kind of field has its documented name and takes its documented options."""

from __future__ import annotations

from decimal import Decimal

import pytest

from asok.orm import fields as Field
from asok.orm.model import Model
from asok_engine.records.errors import FieldProblem

#: The names that applications know, in the words of the reference.
DOCUMENTED = (
    "String Text SearchableText Email Tel Integer Boolean Float Date DateTime Time ForeignKey File Password "
    "CreatedAt UpdatedAt SoftDelete JSON Enum Dropdown Decimal UUID Slug URL Color Vector EncryptedString"
).split()


def test_every_documented_kind_is_there() -> None:
    """Under exactly that name."""
    assert set(DOCUMENTED) <= set(Field.__all__)
    assert all(hasattr(Field, name) for name in Field.__all__)


class Thing(Model):
    """Has a field of every kind with the options that are its own."""

    title = Field.String(max_length=50, label="Title", rules="required|min:2", form_type="text")
    body = Field.Text(wysiwyg=True, nullable=True)
    words = Field.SearchableText(default="")
    email = Field.Email(nullable=True)
    phone = Field.Tel(nullable=True)
    price = Field.Decimal(precision=3, default=0)
    weight = Field.Float(precision=1, nullable=True)
    status = Field.Dropdown(choices=["draft", "done"], default="draft")
    picture = Field.File(upload_to="things", nullable=True)
    slug = Field.Slug(populate_from="title", always_update=True)
    vector = Field.Vector(dimensions=3, nullable=True)
    secret = Field.EncryptedString(nullable=True)
    password = Field.Password(nullable=True)
    parent_id = Field.ForeignKey("Thing", nullable=True)
    other_id = Field.ForeignKey(lambda: Thing, nullable=True)
    created_at = Field.CreatedAt()
    deleted_at = Field.SoftDelete()


def test_options_reach_the_engine() -> None:
    """As those of the engine's own kinds."""
    fields = Thing.__description__.fields
    assert (fields["title"].label, fields["title"].form_type) == ("Title", "text")
    assert fields["body"].wysiwyg is True
    assert fields["weight"].clean(1.26) == 1.3
    assert fields["other_id"].target is Thing
    assert fields["password"].hidden
    with pytest.raises(FieldProblem):
        fields["status"].clean("nonsense")
    with pytest.raises(FieldProblem):
        fields["email"].clean("not an address")


def test_exact_numbers_have_their_places() -> None:
    """`precision` counts those behind the point."""
    price = Thing.__description__.fields["price"]
    assert price.precision == 3
    assert price.clean("1.234") == Decimal("1.234")
    with pytest.raises(FieldProblem, match="3 digits"):
        price.clean("1.2345")


def test_places_behind_the_point_take_none_from_those_before() -> None:
    """Ten stand before it, unless `max_digits` says otherwise."""
    for field, size in (
        (Field.Decimal(), (12, 2)),
        (Field.Decimal(precision=10), (20, 10)),
        (Field.Decimal(3, max_digits=5), (5, 3)),
    ):
        type_ = field.column_type
        assert (type_.precision, type_.scale) == size
    assert Field.Decimal(precision=10).clean("1234567890.0123456789") == Decimal("1234567890.0123456789")
