"""INSERT gives the key in the dialect's way and knows what to do about a row that is there."""

from __future__ import annotations

import pytest

from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.insert import Conflict, insert_lists_shape, insert_shape
from asok_engine.sql.types import integer
from tests.engine.sql.tables import DIALECTS, MARIADB, MYSQL, POSTGRESQL, POSTS, SQLITE, text


@pytest.mark.parametrize(
    ("dialect", "returns", "ending"),
    [
        (SQLITE, "key", "VALUES (?, ?)"),
        (POSTGRESQL, "rows", "RETURNING posts.id"),
        (MYSQL, "key", "VALUES (%s, %s)"),
    ],
)
def test_key_comes_in_the_way_that_the_dialect_has(dialect: Dialect, returns: str, ending: str) -> None:
    """The last key where the driver knows it, RETURNING where it does not; the result is the key."""
    compiled = insert_shape(POSTS, ("title", "views"), key="id").bind(("a", 1)).compile(dialect)
    assert compiled.returns == returns
    assert compiled.text.endswith(ending)
    if compiled.decode is not None:
        assert compiled.decode([(7,)]) == 7
        assert compiled.decode([]) is None


def test_keys_of_many_rows_come_in_the_order_of_the_rows() -> None:
    """RETURNING promises no order, so keys are sorted; MySQL gives the first one."""
    shape = insert_shape(POSTS, ("title",), rows=2, key="id")
    compiled = shape.bind(("a", "b")).compile(SQLITE)
    assert compiled.text.count("(?)") == 2
    assert compiled.decode is not None
    assert compiled.decode([(9,), (8,)]) == [8, 9]
    assert shape.bind(("a", "b")).compile(MARIADB).returns == "rows"
    assert shape.bind(("a", "b")).compile(MYSQL).returns == "key"


def test_rows_may_come_as_one_list_for_each_column() -> None:
    """One text for any number of rows; a text is not cast to its length, which would cut it."""
    compiled = (
        insert_lists_shape(POSTS, ("title", "views"), "id").bind((["a", "b"], [1, 2])).compile(POSTGRESQL)
    )
    assert "unnest(CAST(CAST($1 AS TEXT) AS TEXT[]), CAST(CAST($2 AS TEXT) AS INTEGER[]))" in compiled.text
    assert list(compiled.parameters) == ['{"a","b"}', "{1,2}"]
    assert compiled.decode is not None
    assert compiled.decode([(9,), (8,)]) == [8, 9]
    without = insert_lists_shape(POSTS, ("title",)).bind([["a"]]).compile(POSTGRESQL)
    assert (without.returns, without.decode) == ("count", None)
    assert not any(dialect.list_encoder(integer()) for dialect in (SQLITE, MYSQL, MARIADB))


def test_other_columns_come_back_where_the_dialect_can() -> None:
    """What the database filled in is read with the insert; MySQL gives a count and is asked again."""
    shape = insert_shape(POSTS, ("title",), returning=("id", "at"))
    compiled = shape.bind(("a",)).compile(SQLITE)
    assert compiled.decode is not None
    assert compiled.decode([(1, None)]) == [(1, None)]
    assert shape.bind(("a",)).compile(MYSQL).returns == "count"


def test_row_that_is_there_is_left_or_updated() -> None:
    """ON CONFLICT names the unique columns; MySQL looks at every unique key."""
    ignore = insert_shape(POSTS, ("title", "views"), conflict=Conflict("ignore", ("title",))).bind(("a", 1))
    update = insert_shape(POSTS, ("title", "views"), conflict=Conflict("update", ("title",), ("views",)))
    assert text(ignore, SQLITE).endswith("ON CONFLICT (title) DO NOTHING")
    assert text(ignore, MYSQL).endswith("ON DUPLICATE KEY UPDATE id = posts.id")
    assert text(update.bind(("a", 1)), POSTGRESQL).endswith("DO UPDATE SET views = excluded.views")
    assert text(update.bind(("a", 1)), MYSQL).endswith("ON DUPLICATE KEY UPDATE views = VALUES(views)")


def test_row_of_defaults_only_is_a_row() -> None:
    """A model may have nothing but a key."""
    for dialect in DIALECTS:
        assert "INSERT INTO posts" in text(insert_shape(POSTS, (), key="id").bind(()), dialect)
