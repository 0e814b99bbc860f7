"""Records are found by key and by values with a statement that is prepared."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import RecordNotFound, SeveralRecords, UnknownName
from asok_engine.records.fields.moment import DateTime
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.text import String
from asok_engine.records.plans.find import find, find_by_key, find_by_values, find_or_fail, find_the_one
from asok_engine.records.plans.refresh import refresh
from asok_engine.records.record import Record
from tests.engine.records.blog import Post, blog
from tests.engine.records.driver import Driver


def test_record_is_found_by_its_key() -> None:
    """In any form that the key accepts; what no key could be finds nothing and asks nothing."""
    driver = blog()
    description = Post.__description__
    assert driver.run(find_by_key(description, 1)).title == "Post 1"
    assert driver.run(find_by_key(description, "2")).title == "Post 2"
    assert driver.run(find_by_key(description, 99)) is None
    count = len(driver.texts)
    assert driver.run(find_by_key(description, "x'; --")) is None
    assert driver.run(find_by_key(description, 2**70)) is None
    assert len(driver.texts) == count


def test_record_is_found_by_a_key_of_several_fields() -> None:
    """The key is a tuple in the order of the fields."""

    class Seat(Record):
        row = Integer(primary_key=True)
        number = Integer(primary_key=True)

    driver = Driver(Seat)
    driver.save(Seat(row=1, number=2))
    assert driver.run(find_by_key(Seat.__description__, (1, 2))).pk == (1, 2)
    assert driver.run(find_by_key(Seat.__description__, (2, 1))) is None


def test_record_is_found_by_values() -> None:
    """All of them must be equal."""
    driver = blog()
    description = Post.__description__
    assert driver.run(find_by_values(description, {"title": "Post 2", "views": "20"})).id == 2
    assert driver.run(find_by_values(description, {"title": "Post 2", "views": 21})) is None
    assert driver.run(find_by_values(description, {"views": "many"})) is None


class Draft(Record):
    """A text that is deleted softly."""

    name = String(20)
    note = String(20, nullable=True)
    gone_at = DateTime[datetime](nullable=True)


Draft.__description__.fields["gone_at"].marks_deletion = True
Draft.__description__.refresh()


def drafts() -> Driver:
    """Make three drafts, the second of which is softly deleted."""
    driver = Driver(Draft)
    driver.save(Draft(name="a", note="x"), Draft(name="b", gone_at=datetime.now(UTC)), Draft(name="c"))
    return driver


def test_softly_deleted_records_are_not_found() -> None:
    """Neither by key nor by values, with a statement that is prepared or not."""
    driver, description = drafts(), Draft.__description__
    assert driver.run(find(description, 1)).name == "a"
    assert driver.run(find(description, 2)) is None
    assert driver.run(find(description, values={"name": "b"})) is None
    assert driver.run(find(description, values={"note": None})).name == "c"


def test_scopes_hold_for_what_is_found() -> None:
    """A record outside of a global scope is not found, by whatever it is looked for."""
    driver, description = drafts(), Draft.__description__
    description.scopes["noted"] = lambda query: query.where(note="x")
    try:
        assert driver.run(find(description, 1)).name == "a"
        assert driver.run(find(description, "1")).name == "a"
        assert driver.run(find(description, "one")) is None
        assert driver.run(find(description, 3)) is None
        assert driver.run(find(description, values={"name": "c"})) is None
    finally:
        description.scopes.clear()


def test_find_takes_lookups_and_nothing() -> None:
    """Lookups and paths go by a query, and without anything the first record by key is meant (asok 3.4 C3)."""
    driver, description = blog(), Post.__description__
    assert driver.run(find(description, values={"views__gt": 15})).id == 2
    assert driver.run(find(description, values={"author__name": "Bob"})).id == 2
    assert driver.run(find(description, values={"views__gt": "many"})) is None
    assert driver.run(find(description)).id == 1
    assert driver.run(find(description, None)) is None
    with pytest.raises(UnknownName, match="titel"):
        driver.run(find(description, values={"titel": "x"}))
    with pytest.raises(UnknownName, match="titel"):
        driver.run(find(description, values={"titel": "x", "views": None}))
    with pytest.raises(UsageError, match="not by both"):
        driver.run(find(description, 1, {"views": 1}))


def test_find_or_fail_says_what_is_missing() -> None:
    """The error names the model and the fields, never the values."""
    driver, description = blog(), Post.__description__
    assert driver.run(find_or_fail(description, 1)).id == 1
    with pytest.raises(RecordNotFound, match="no Post with this key"):
        driver.run(find_or_fail(description, 99))
    with pytest.raises(RecordNotFound, match="no Post for title") as caught:
        driver.run(find_or_fail(description, values={"title": "secret"}))
    assert "secret" not in str(caught.value)


def test_a_part_of_a_key_finds_nothing_by_chance() -> None:
    """A key of several fields needs all its parts."""

    class Place(Record):
        row = Integer(primary_key=True)
        number = Integer(primary_key=True)

    driver = Driver(Place)
    with pytest.raises(UsageError, match="row, number"):
        driver.run(find(Place.__description__, 1))


def test_only_record_is_found_or_told_in_the_classes_of_its_model() -> None:
    """By plain values in one prepared statement, by lookups in a query."""

    class Missing(RecordNotFound):
        """None."""

    class Several(SeveralRecords):
        """Many."""

    class Coin(Record):
        id: int
        name = String(10)
        worth = Integer(nullable=True)
        not_found_error = Missing
        several_error = Several

    driver = Driver(Coin)
    driver.save(Coin(name="a", worth=1), Coin(name="b", worth=1), Coin(name="c"))
    described = Coin.__description__
    assert driver.run(find_the_one(described, {"pk": "1"})).name == "a"
    assert driver.run(find_the_one(described, {"name": "b"})).id == 2
    assert driver.run(find_the_one(described, {"worth": None})).name == "c"
    assert driver.run(find_the_one(described, {"name__startswith": "c"})).name == "c"
    for values in ({"name": "z"}, {"pk": "no number"}, {"name__startswith": "z"}):
        with pytest.raises(Missing):
            driver.run(find_the_one(described, values))
    for values in ({"worth": 1}, {"worth__lt": 5}, {}):
        with pytest.raises(Several):
            driver.run(find_the_one(described, values))
    with pytest.raises(Missing):
        driver.run(find_or_fail(described, 99))
    gone = Coin(id=5, name="g")
    with pytest.raises(Missing):
        driver.run(refresh(gone))
