"""UPDATE and DELETE reach one row by key, or all that meet a condition."""

from __future__ import annotations

from asok_engine.sql.change import Delete, Update, delete_shape, update_shape
from asok_engine.sql.expressions import Parameter
from tests.engine.sql.tables import ID, POSTGRESQL, POSTS, SQLITE, TITLE, VIEWS, text, values


def test_row_is_changed_by_its_key() -> None:
    """Values of columns come first, then those of the key."""
    update = update_shape(POSTS, ("title", "views"), ("id",)).bind(("a", 1, 7))
    assert text(update, SQLITE) == "UPDATE posts SET title=?, views=? WHERE posts.id = ?"
    assert values(update, SQLITE) == ["a", 1, 7]
    assert update.writes
    delete = delete_shape(POSTS, ("id", "views")).bind((7, 1))
    assert text(delete, SQLITE) == "DELETE FROM posts WHERE posts.id = ? AND posts.views = ?"
    assert delete.compile(POSTGRESQL).returns == "count"


def test_database_does_the_arithmetic() -> None:
    """An increment reads no row first."""
    update = Update(POSTS, (("views", VIEWS + 1), ("title", Parameter("x", TITLE.type))), ID == 3)
    assert text(update, SQLITE) == "UPDATE posts SET title=?, views=(posts.views + ?) WHERE posts.id = ?"
    assert values(update, SQLITE) == ["x", 1, 3]
    assert text(Update(POSTS, (("views", VIEWS + 1),)), SQLITE).endswith("SET views=(posts.views + ?)")


def test_every_row_that_meets_the_condition_goes() -> None:
    """Without a condition all rows go."""
    assert text(Delete(POSTS, VIEWS < 1), SQLITE) == "DELETE FROM posts WHERE posts.views < ?"
    assert text(Delete(POSTS), SQLITE) == "DELETE FROM posts"


def test_shape_is_kept() -> None:
    """A second statement of the same structure is not written again."""
    Update(POSTS, (("views", VIEWS + 5),), ID == 1).compile(SQLITE)
    Delete(POSTS, ID == 1).compile(SQLITE)
    before = len(SQLITE.templates)
    Update(POSTS, (("views", VIEWS + 6),), ID == 2).compile(SQLITE)
    Delete(POSTS, ID == 2).compile(SQLITE)
    assert len(SQLITE.templates) == before
