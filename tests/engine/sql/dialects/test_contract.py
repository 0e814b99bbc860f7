"""A dialect answers by flags and keeps its own texts."""

from __future__ import annotations

from asok_engine.sql.dialects.mysql import MysqlDialect
from asok_engine.sql.dialects.sqlite import SqliteDialect


def test_dialects_keep_their_texts_apart() -> None:
    """Two databases of one kind may differ in version, so they share no text."""
    assert SqliteDialect().templates is not SqliteDialect().templates


def test_dialect_shows_its_version() -> None:
    """In logs one sees what was found."""
    assert repr(SqliteDialect((3, 40, 1))) == "<SqliteDialect 3.40.1>"
    assert repr(SqliteDialect()) == "<SqliteDialect current>"


def test_names_are_quoted() -> None:
    """A mark inside of a name is doubled; MySQL has a mark of its own."""
    assert SqliteDialect().quote('a"b') == '"a""b"'
    assert MysqlDialect().quote("a`b") == "`a``b`"
