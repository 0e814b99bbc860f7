"""A password is checked against the hash that a record keeps, and against nothing else."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.fields.secret import Password
from asok_engine.records.fields.text import String
from asok_engine.records.plans.find import find
from asok_engine.records.plans.password import check_password
from asok_engine.records.record import Record
from asok_engine.records.steps import Compute
from tests.engine.records.driver import Driver


class Keeper(Record):
    """Has a password."""

    name = String(20)
    password = Password(nullable=True)


def test_password_is_right_or_wrong() -> None:
    """As work for the processor; a record without one has no right password."""
    driver = Driver(Keeper)
    keeper, nobody = driver.save(Keeper(name="a", password="sesame"), Keeper(name="b"))
    assert driver.run(check_password(keeper, "password", "sesame")) is True
    assert driver.run(check_password(keeper, "password", "Sesame")) is False
    again = driver.run(find(Keeper.__description__, keeper.id))
    assert driver.run(check_password(again, "password", "sesame")) is True
    assert driver.run(check_password(nobody, "password", "")) is False
    assert isinstance(next(check_password(nobody, "password", "x")), Compute)


def test_text_that_was_not_saved_is_no_hash() -> None:
    """It is never compared as text."""
    driver = Driver(Keeper)
    assert driver.run(check_password(Keeper(name="a", password="sesame"), "password", "sesame")) is False


def test_field_without_a_password_is_told() -> None:
    """A slip in the name does not pass for a wrong password."""
    with pytest.raises(UsageError, match="keeps no password"):
        next(check_password(Keeper(name="a"), "name", "a"))


def test_text_of_the_hash_is_another_password() -> None:
    """Who has stolen the hash and sets it as the password has set that text."""
    driver = Driver(Keeper)
    keeper = driver.save(Keeper(name="a", password="sesame"))
    keeper.password = str(keeper.password)
    driver.save(keeper)
    assert driver.run(check_password(keeper, "password", "sesame")) is False
