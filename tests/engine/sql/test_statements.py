"""Statements say where they run and compile once per shape and dialect."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.sql.compiler import Template
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.dialects.sqlite import SqliteDialect
from asok_engine.sql.statements import Shape, Statement


def test_shape_is_written_once_per_dialect() -> None:
    """The second statement of a shape finds its text."""
    written: list[Dialect] = []

    def write(dialect: Dialect) -> Template:
        written.append(dialect)
        return Template("SELECT ?", "rows")

    shape, first, second = Shape(write), SqliteDialect(), SqliteDialect()
    for dialect in (first, first, second):
        assert shape.bind([7]).compile(dialect).parameters == [7]
    assert written == [first, second]


def test_statement_carries_what_its_shape_needs_of_a_connection() -> None:
    """The database reads these three before it compiles anything."""
    shape = Shape(lambda dialect: Template("DELETE", "count"), writes=True, is_cheap=True)
    statement = shape.bind([], "archive")
    assert (statement.database, statement.writes, statement.is_cheap) == ("archive", True, True)
    assert Statement().database == "default"
    assert Statement().table_name == ""
    assert not Statement().writes


def test_many_rows_become_rows_of_parameters() -> None:
    """executemany gets each row encoded; without encoders the rows themselves."""
    rows = [[1, True], [2, None]]
    plain = Shape(lambda dialect: Template("INSERT", "count"), writes=True)
    assert plain.bind_many(rows).compile(SqliteDialect()).parameters is rows
    encoded = Shape(lambda dialect: Template("INSERT", "count", encoders=((1, str),)), writes=True)
    compiled = encoded.bind_many(rows).compile(SqliteDialect())
    assert compiled.parameters == [[1, "True"], [2, None]]
    assert compiled.returns == "count"


def test_bare_statement_does_not_compile() -> None:
    """A kind that forgot its text is told by name."""
    with pytest.raises(UsageError, match="Statement says nothing"):
        Statement().compile(SqliteDialect())


def test_statement_says_its_table() -> None:
    """For whoever chooses a database by it; a shape carries the name to each of its statements."""
    shape = Shape(lambda dialect: Template("INSERT", "count"), table_name="notes")
    assert shape.bind([]).table_name == "notes"
    assert shape.bind_many([]).table_name == "notes"
