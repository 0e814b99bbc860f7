"""A record is an object with the values of a row, made from names that its model knows."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from asok_engine.errors import UsageError
from asok_engine.records.errors import UnknownName
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.text import String
from asok_engine.records.plans.find import find_by_key
from asok_engine.records.record import Record, assign, made_of
from tests.engine.records.blog import Author, Post, blog


def test_values_and_defaults_stand_on_the_record() -> None:
    """What is not given gets its default; what has none is not there."""
    post = Post(title="a")
    assert (post.title, post.views, post.live, post.author_id) == ("a", 0, True, None)
    assert not post.is_stored
    assert post.pk is None


def test_default_may_be_a_function() -> None:
    """It is called for each record that needs it."""
    count = iter(range(10))

    class Ticket(Record):
        number = Integer(default=lambda: next(count))

    assert [Ticket().number, Ticket(number=7).number, Ticket().number] == [0, 7, 1]


def test_unknown_name_is_refused() -> None:
    """A typing error is no attribute."""
    with pytest.raises(UnknownName, match="Did you mean 'title'"):
        Post(titel="a")
    with pytest.raises(UnknownName):
        assign(Post(), {"nothing": 1})


def test_dicts_become_records_as_a_call_would_make_them() -> None:
    """With defaults, relations and errors; what is a record already stays; an own constructor is called."""

    class Careful(Post):
        __abstract__ = True

        def __init__(self, **values: Any) -> None:
            super().__init__(**{**values, "title": "careful"})

    ready = Post(title="ready")
    made = made_of(Post, [{"title": "a", "author": Author(id=3)}, MappingProxyType({"title": "b"}), ready])
    assert made[0].__dict__ == Post(title="a", author=Author(id=3)).__dict__
    assert (made[1].title, made[1].views, made[1].is_stored) == ("b", 0, False)
    assert made[2] is ready
    assert made_of(Careful, [{"title": "a"}])[0].title == "careful"
    with pytest.raises(UnknownName, match="titel"):
        made_of(Post, [{"titel": "a"}])


def test_relations_can_be_given_by_name() -> None:
    """The foreign key follows the record."""
    author = Author(id=5, name="Ada")
    post = Post(title="a", author=author)
    assert post.author_id == 5
    assert post.author is author
    assign(post, {"pk": 3})
    assert post.id == 3


def test_records_are_equal_by_model_and_key() -> None:
    """Two objects of one row are equal; two that were not saved are not."""
    driver = blog()
    first, second = (driver.run(find_by_key(Post.__description__, 1)) for _ in range(2))
    assert first == second
    assert len({first, second}) == 1
    assert first != driver.run(find_by_key(Post.__description__, 2))
    assert Post(title="a") != Post(title="a")
    assert first != Author(id=1)
    assert repr(first) == "<Post 1>"


def test_key_of_several_fields_is_a_tuple() -> None:
    """Each part by its name."""

    class Seat(Record):
        row = Integer(primary_key=True)
        number = Integer(primary_key=True)

    assert Seat(row=1, number=2).pk == (1, 2)


def test_model_without_a_face_reaches_no_database() -> None:
    """Records are pure; a face connects them."""

    class Lonely(Record):
        name = String()

    with pytest.raises(UsageError, match="no database"):
        Lonely.run_plan(find_by_key(Lonely.__description__, 1))
