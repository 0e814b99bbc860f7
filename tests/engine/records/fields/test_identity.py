"""A UUID is made where it is needed and read in any form."""

from __future__ import annotations

from uuid import UUID as Identity
from uuid import uuid4

import pytest

from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.identity import UUID
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.record import Record
from asok_engine.sql import types
from tests.engine.records.driver import Driver


class Thing(Record):
    """Something with a random key."""

    id = UUID(primary_key=True)
    token = UUID(auto=True)
    parent = UUID(nullable=True)


def test_key_is_random_and_there_before_the_save() -> None:
    """Other UUIDs are made when asked for."""
    driver = Driver(Thing)
    thing = Thing()
    assert isinstance(thing.id, Identity)
    assert thing.parent is None
    driver.save(thing)
    found = driver.run(find_by_key(Thing.__description__, str(thing.id).upper()))
    assert (found.id, found.token) == (thing.id, thing.token)
    assert driver.run(find_by_key(Thing.__description__, "not one")) is None


def test_forms_are_accepted_and_others_refused() -> None:
    """Text with or without dashes, and subclasses of drivers."""
    value = uuid4()

    class Other(Identity):
        pass

    assert UUID().clean(value.hex) == value
    assert type(UUID().clean(Other(int=value.int))) is Identity
    for wrong in ("x", 5, b"\0" * 16):
        with pytest.raises(FieldProblem):
            UUID().clean(wrong)
    assert not UUID().has_default
    assert UUID().column_type == types.uuid()
