"""What a database says of a value that is taken becomes an error about fields."""

from __future__ import annotations

import pytest

from asok_engine.errors import UniqueError
from asok_engine.records.conflicts import not_unique
from asok_engine.records.errors import InvalidRecord, NotUnique
from asok_engine.records.fields.text import String
from asok_engine.records.plans.save import save
from asok_engine.records.record import Record


class Guest(Record):
    """Somebody with an address of her own, and a seat that is hers together with a row."""

    email = String(50, unique=True, column="mail")
    seat = String(5)
    row = String(5)

    class Meta:
        unique_together = ("seat", "row")


DESCRIPTION = Guest.__description__


@pytest.mark.parametrize(
    "error",
    [
        UniqueError(table="guests", columns=["mail"]),
        UniqueError(columns=["mail"]),
        UniqueError(table="guests", constraint="uq_guests_mail"),
    ],
)
def test_field_is_named(error: UniqueError) -> None:
    """By the column, or by the constraint where the database tells no more."""
    told = not_unique(DESCRIPTION, error)
    assert told is not None
    assert told.errors == {"email": ["is taken already"]}
    assert (told.field, told.status, told.columns) == ("email", 409, ("mail",))
    assert str(told) == "Guest cannot be saved: email is taken already."


def test_several_fields_are_named_together() -> None:
    """Each of them gets the problem."""
    told = not_unique(DESCRIPTION, UniqueError(table="guests", constraint="uq_guests_seat_row"))
    assert told is not None
    assert told.errors == dict.fromkeys(("seat", "row"), ["are taken together already"])


def test_key_is_named() -> None:
    """MySQL calls its constraint PRIMARY."""
    told = not_unique(DESCRIPTION, UniqueError(table="guests", constraint="PRIMARY"))
    assert told is not None
    assert told.field == "id"


def test_unknown_constraint_is_told_as_it_is() -> None:
    """A constraint that the model does not have is named; a table that is not the model's is not ours."""
    told = not_unique(DESCRIPTION, UniqueError(table="guests", constraint="strange"))
    assert told is not None
    assert told.errors == {}
    assert "strange" in str(told)
    assert not_unique(DESCRIPTION, UniqueError(table="others", columns=["mail"])) is None


def test_save_tells_the_field() -> None:
    """The error is an InvalidRecord and a UniqueError, and the database's stays its cause."""
    plan = save(Guest(email="a@b.c", seat="1", row="a"))
    next(plan)
    cause = UniqueError(table="guests", columns=["mail"])
    with pytest.raises(NotUnique) as caught:
        plan.throw(cause)
    assert isinstance(caught.value, InvalidRecord)
    assert isinstance(caught.value, UniqueError)
    assert caught.value.__cause__ is cause


def test_save_leaves_other_tables_alone() -> None:
    """A hook that writes elsewhere gets its own error."""
    plan = save(Guest(email="a@b.c", seat="1", row="a"))
    next(plan)
    cause = UniqueError(table="others", columns=["mail"])
    with pytest.raises(UniqueError) as caught:
        plan.throw(cause)
    assert caught.value is cause
