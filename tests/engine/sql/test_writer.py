"""The writer puts each parameter where its value is found."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.errors import InputError
from asok_engine.sql.expressions import In
from asok_engine.sql.select import Select
from asok_engine.sql.writer import Writer, glob_of_like
from tests.engine.sql.tables import IDS, MYSQL, POSTGRESQL, POSTS, SQLITE, VIEWS, text, values


def test_limit_and_offset_stand_where_the_dialect_wants_them() -> None:
    """MySQL writes the offset first; SQLite wants one beside every limit."""
    both = Select(POSTS, IDS, limit=5, offset=2)
    assert values(both, MYSQL) == [2, 5]
    assert values(both, SQLITE) == [5, 2]
    only = Select(POSTS, IDS, where=VIEWS == 7, limit=5)
    assert text(only, SQLITE).endswith("LIMIT ? OFFSET ?")
    assert values(only, SQLITE) == [7, 5, 0]


def test_tables_are_made_once_per_statement() -> None:
    """Two references to one source are the same element, or the text would have the table twice."""
    writer = Writer(SQLITE)
    assert writer.table(POSTS) is writer.table(POSTS)
    assert writer.table(POSTS.aliased("a")) is writer.table(POSTS.aliased("a"))


@pytest.mark.parametrize(
    ("pattern", "escape", "glob"),
    [
        ("a%b_", "", "a*b?"),
        ("100!%", "!", "100%"),
        ("[*?]", "", "[[][*][?]]"),
        ("!!", "!", "!"),
        ("!", "!", "!"),
    ],
)
def test_pattern_of_like_becomes_one_of_glob(pattern: str, escape: str, glob: str) -> None:
    """What is special in one and not in the other is escaped."""
    assert glob_of_like(pattern, escape) == glob


@given(st.text("aA%_[]*?^-", max_size=6), st.text("aA%_[]*?^-", max_size=6))
def test_glob_finds_what_a_strict_like_finds(pattern: str, subject: str) -> None:
    """SQLite's GLOB with the translated pattern equals LIKE with cases told apart."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("PRAGMA case_sensitive_like = ON")
        glob = glob_of_like(pattern)
        row = connection.execute("SELECT ? LIKE ?, ? GLOB ?", (subject, pattern, subject, glob)).fetchone()
        assert row[0] == row[1]
    finally:
        connection.close()


def test_more_values_than_a_database_takes_are_refused_before_a_text_is_written() -> None:
    """A list that a visitor makes as long as they like costs little, and is their fault (CWE-400)."""
    for dialect in (SQLITE, POSTGRESQL, MYSQL):
        with pytest.raises(InputError, match="has more values than"):
            Select(POSTS, IDS, where=In(VIEWS, range(70_000))).compile(dialect)
    assert len(values(Select(POSTS, IDS, where=In(VIEWS, range(20_000))), POSTGRESQL)) == 32_000
