"""Records that have the own key: found by the target's foreign key, as a list or as one."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.records.fields.number import BigInteger
from asok_engine.records.fields.reference import ForeignKey
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.records.relations.has import HasMany
from tests.engine.records.blog import Author, blog


def test_query_of_one_record() -> None:
    """The relation's records can be narrowed before they are read."""
    driver = blog()
    ada = driver.fetch(Query(Author.__description__).where(id=1))[0]
    posts = Author.__description__.relations["posts"].query(ada)
    assert [post.id for post in driver.fetch(posts.where(views__gt=10))] == [3]


def test_foreign_key_is_found_or_named() -> None:
    """One foreign key to the model is clear; two need a word; a plain field named after the model does."""

    class Person(Record):
        sent = HasMany["list[Letter]"]("Letter", "sender")
        received = HasMany["list[Letter]"]("Letter", "receiver_id")
        letters = HasMany["list[Letter]"]("Letter")
        pets = HasMany["list[Pet]"]("Pet")
        toys = HasMany["list[Toy]"]("Toy")

    class Letter(Record):
        sender_id = ForeignKey(Person)
        receiver_id = ForeignKey(Person)

    class Pet(Record):
        person_id = BigInteger()

    class Toy(Record):
        pass

    relations = Person.__description__.relations
    assert relations["sent"].remote_name == "sender_id"  # type: ignore[attr-defined]
    assert relations["received"].remote_name == "receiver_id"  # type: ignore[attr-defined]
    assert relations["pets"].remote_name == "person_id"  # type: ignore[attr-defined]
    with pytest.raises(SetupError, match="sender_id"):
        _ = relations["letters"].remote_name  # type: ignore[attr-defined]
    with pytest.raises(SetupError, match="none"):
        _ = relations["toys"].remote_name  # type: ignore[attr-defined]
    assert Letter.__description__.relations.keys() == {"sender", "receiver"}
    assert Pet.__name__ == "Pet"
