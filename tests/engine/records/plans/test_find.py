"""Records are found by key and by values with a statement that is prepared."""

from __future__ import annotations

from asok_engine.records.fields.number import Integer
from asok_engine.records.plans.find import find_by_key, find_by_values
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
