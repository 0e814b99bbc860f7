"""SELECT in all its parts, on every dialect."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest

from asok_engine.errors import UsageError
from asok_engine.sql.select import TUPLES, Compound, Exists, InSelect, Join, Lock, Output, Select, Subquery
from tests.engine.sql.tables import AT, ID, IDS, MYSQL, POSTGRESQL, POSTS, SQLITE, TITLE, VIEWS, text, values

OTHER = POSTS.aliased("other")


def test_every_part_stands_in_its_place() -> None:
    """Joins, conditions, groups, orders and cuts come in SQL's order, and so do their values."""
    select = Select(
        POSTS,
        (Output(VIEWS), Output(VIEWS + 1, "more")),
        joins=(Join(OTHER, OTHER.ref("id") == ID + 2, is_outer=True),),
        where=TITLE == "a",
        group_by=(VIEWS,),
        having=VIEWS > 3,
        order_by=(VIEWS.desc(),),
        limit=4,
        offset=5,
        distinct=True,
    )
    assert text(select, SQLITE) == (
        "SELECT DISTINCT posts.views, posts.views + ? AS more FROM posts "
        "LEFT OUTER JOIN posts AS other ON other.id = posts.id + ? WHERE posts.title = ? "
        "GROUP BY posts.views HAVING posts.views > ? ORDER BY posts.views DESC LIMIT ? OFFSET ?"
    )
    assert values(select, SQLITE) == [1, 2, "a", 3, 4, 5]


def test_rows_become_tuples_of_python_values() -> None:
    """Without another reader, values are decoded by their types and NULL stays."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE posts (id, title, views, at)")
    connection.execute(
        "INSERT INTO posts VALUES (1, 'a', 2, '2026-01-02 03:04:05.000000'), (2, 'b', 3, NULL)"
    )
    compiled = Select(POSTS, (Output(ID), Output(AT)), order_by=(ID.asc(),)).compile(SQLITE)
    rows = connection.execute(compiled.text, compiled.parameters).fetchall()
    connection.close()
    assert compiled.decode is not None
    assert compiled.decode(rows) == [(1, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)), (2, None)]
    assert TUPLES.decode(SQLITE, [ID.type, None]) is None


def test_subquery_may_read_the_same_table() -> None:
    """The inner statement keeps its own FROM, whatever stands outside."""
    inner = Select(POSTS, IDS, where=VIEWS > 5)
    assert text(Select(POSTS, IDS, where=InSelect(ID, inner)), SQLITE) == (
        "SELECT posts.id FROM posts WHERE posts.id IN (SELECT posts.id FROM posts WHERE posts.views > ?)"
    )
    assert "NOT IN (SELECT" in text(Select(POSTS, IDS, where=InSelect(ID, inner, True)), SQLITE)


def test_exists_speaks_of_the_outer_row() -> None:
    """Sources named as outer are those of the enclosing statement."""
    inner = Select(OTHER, (Output(OTHER.ref("id")),), where=OTHER.ref("views") == VIEWS, outer=(POSTS,))
    assert text(Select(POSTS, IDS, where=Exists(inner)), SQLITE) == (
        "SELECT posts.id FROM posts WHERE EXISTS "
        "(SELECT other.id FROM posts AS other WHERE other.views = posts.views)"
    )
    scalar = Select(POSTS, (Output(Subquery(inner), "n"),))
    assert "AS n FROM posts" in text(scalar, SQLITE)
    assert Subquery(inner).type == ID.type


def test_mysql_reads_its_own_table_behind_one_more_bracket() -> None:
    """MySQL refuses to read a table that it changes, unless the subquery is derived."""
    select = Select(POSTS, IDS, where=InSelect(ID, Select(POSTS, IDS)))
    assert "IN (SELECT anon_1.id FROM (SELECT" in text(select, MYSQL)


def test_union_is_ordered_by_what_it_reads() -> None:
    """A column of the first member means the column of the whole."""
    both = Select(
        POSTS,
        (Output(ID), Output(TITLE)),
        where=VIEWS == 1,
        compounds=(Compound("union", Select(POSTS, (Output(ID), Output(TITLE)), where=VIEWS == 2)),),
        order_by=(TITLE.desc(), ID.asc()),
        limit=3,
    )
    assert text(both, POSTGRESQL).endswith("ORDER BY 2 DESC, 1 LIMIT $3")
    assert values(both, POSTGRESQL) == [1, 2, 3]
    unread = Select(POSTS, IDS, compounds=(Compound("intersect", Select(POSTS, IDS)),), order_by=(AT.asc(),))
    with pytest.raises(UsageError, match="does not read"):
        unread.compile(SQLITE)


@pytest.mark.parametrize("kind", ["union", "union all", "intersect", "except"])
def test_each_kind_of_compound_has_its_word(kind: str) -> None:
    """The word stands between the members."""
    select = Select(POSTS, IDS, compounds=(Compound(kind, Select(POSTS, IDS)),))  # type: ignore[arg-type]
    assert f" {kind.upper()} SELECT" in text(select, SQLITE)


def test_rows_are_locked_where_there_are_locks() -> None:
    """SQLite has no row locks and needs none; a server locks, skips, or gives up at once."""
    locked = Select(POSTS, IDS, lock=Lock(skip_locked=True))
    assert text(locked, POSTGRESQL).endswith("FOR UPDATE SKIP LOCKED")
    assert text(locked, MYSQL).endswith("FOR UPDATE SKIP LOCKED")
    assert text(locked, SQLITE) == "SELECT posts.id FROM posts"
    assert text(Select(POSTS, IDS, lock=Lock(nowait=True)), POSTGRESQL).endswith("FOR UPDATE NOWAIT")
    assert text(Select(POSTS, IDS, lock=Lock(is_shared=True)), POSTGRESQL).endswith("FOR SHARE")
    joined = Select(POSTS, IDS, joins=(Join(OTHER, OTHER.ref("id") == ID),), lock=Lock(own_only=True))
    assert text(joined, POSTGRESQL).endswith("FOR UPDATE OF posts")


def test_first_of_each_needs_a_dialect_that_can() -> None:
    """DISTINCT ON is PostgreSQL's; elsewhere one hears so."""
    first = Select(POSTS, IDS, distinct=(VIEWS,), order_by=(VIEWS.asc(),))
    assert "DISTINCT ON (posts.views)" in text(first, POSTGRESQL)
    with pytest.raises(UsageError, match="DISTINCT ON"):
        first.compile(SQLITE)


def test_text_is_written_once_for_a_structure() -> None:
    """The second statement of a shape finds the text of the first."""
    before = len(SQLITE.templates)
    for number in range(3):
        Select(POSTS, IDS, where=(VIEWS > number) & (TITLE == f"once {number}"), limit=number + 1).compile(
            SQLITE
        )
    assert len(SQLITE.templates) == before + 1
