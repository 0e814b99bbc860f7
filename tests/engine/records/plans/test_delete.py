"""A delete takes the row away by its key."""

from __future__ import annotations

from asok_engine.records.plans.delete import delete
from asok_engine.records.plans.find import find_by_key
from tests.engine.records.blog import Tag, blog


def test_row_of_a_record_goes() -> None:
    """The record is stored no longer; a second delete asks nothing."""
    driver = blog()
    tag = driver.run(find_by_key(Tag.__description__, 2))
    assert driver.run(delete(tag)) == 1
    assert not tag.is_stored
    assert driver.run(delete(tag)) == 0
    assert driver.run(find_by_key(Tag.__description__, 2)) is None
