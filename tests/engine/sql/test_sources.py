"""A source is one table under one name."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.sql.select import Output, Select
from tests.engine.sql.tables import POSTS, SQLITE, text


def test_two_aliases_of_one_name_are_the_same_in_shapes() -> None:
    """A query makes its aliases anew each time and still finds its text."""
    first, second = POSTS.aliased("a"), POSTS.aliased("a")
    assert first.ref("id").shape([]) == second.ref("id").shape([])
    assert first.ref("id").shape([]) != POSTS.ref("id").shape([])


def test_source_knows_the_columns_of_its_table_only() -> None:
    """A name that is no column never reaches a statement."""
    with pytest.raises(SetupError, match="no column"):
        POSTS.ref('id" OR 1=1 --')
    assert POSTS.ref("id") is POSTS.ref("id")


def test_alias_shows_in_text_and_repr() -> None:
    """A reader of logs sees which join is meant."""
    other = POSTS.aliased("parent")
    joined = Select(other, (Output(other.ref("id")),))
    assert text(joined, SQLITE) == "SELECT parent.id FROM posts AS parent"
    assert repr(other) == "<Source posts as parent>"
    assert repr(POSTS) == "<Source posts>"
