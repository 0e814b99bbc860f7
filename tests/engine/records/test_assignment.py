"""Values from outside: unknown names are told, protected fields take nothing."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.assignment import assignable, known_values, refuse_protected, without_key
from asok_engine.records.errors import UnknownName
from asok_engine.records.fields.number import Boolean
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.fields.text import String
from asok_engine.records.record import Record
from tests.engine.records.blog import Author


class Member(Record):
    """Somebody with rights."""

    name = String(20)
    is_admin = Boolean(default=False, protected=True)
    boss_id = ForeignKey(Author, nullable=True, protected=True)


DESCRIPTION = Member.__description__


def test_protected_fields_take_nothing_unless_one_trusts() -> None:
    """Nor do they through the relation that stands for them."""
    values = {"name": "Eve", "is_admin": True, "boss_id": 1, "boss": None}
    assert assignable(DESCRIPTION, values) == {"name": "Eve"}
    assert assignable(DESCRIPTION, values, trusts=True) == values


def test_unknown_name_is_told() -> None:
    """With the name that was probably meant; the key may be called pk."""
    with pytest.raises(UnknownName, match="'name'"):
        assignable(DESCRIPTION, {"nmae": "Eve"})
    assert assignable(DESCRIPTION, {"pk": 5}) == {"pk": 5}


def test_relations_to_many_are_known() -> None:
    """They have no field of their own that could be protected."""
    assert assignable(Author.__description__, {"posts": []}) == {"posts": []}


def test_unknown_names_can_be_dropped() -> None:
    """What is left may be assigned."""
    values = {"name": "Eve", "age": 5, "boss": None}
    assert known_values(DESCRIPTION, values) == {"name": "Eve", "boss": None}


def test_protected_fields_of_many_rows_are_refused() -> None:
    """By their own name and by that of the relation that stands for them; a name that is unknown is told."""
    refuse_protected(DESCRIPTION, {"name": "Eve"})
    for values in ({"name": "Eve", "is_admin": True}, {"boss": None}):
        with pytest.raises(UsageError, match="is protected"):
            refuse_protected(DESCRIPTION, values)
    with pytest.raises(UnknownName):
        refuse_protected(DESCRIPTION, {"nmae": "Eve"})


def test_key_of_a_record_that_is_there_takes_nothing() -> None:
    """By its name or as `pk`; a record that is made may bring its own, and who trusts may move one."""
    values = {"id": 77, "pk": 77, "name": "Eve"}
    assert (
        assignable(DESCRIPTION, values, keeps_key=True) == {"name": "Eve"} == without_key(DESCRIPTION, values)
    )
    assert assignable(DESCRIPTION, values) == values
    assert assignable(DESCRIPTION, values, keeps_key=True, trusts=True) == values
    for name in ("id", "pk"):
        with pytest.raises(UsageError, match="the key"):
            refuse_protected(DESCRIPTION, {name: 77})
    assert without_key(Author.__description__, {"posts": []}) == {"posts": []}
