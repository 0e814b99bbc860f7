"""Hand-written SQL takes values by place or by name, in each dialect's own way of writing them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from asok_engine.errors import UsageError
from asok_engine.sql.raw import Raw
from tests.engine.sql.tables import MYSQL, POSTGRESQL, SQLITE, text, values


def test_question_marks_become_the_dialects_own() -> None:
    """The developer writes one form."""
    raw = Raw("SELECT a FROM t WHERE b = ? AND c = ?", [1, 2])
    assert text(raw, SQLITE) == "SELECT a FROM t WHERE b = ? AND c = ?"
    assert text(raw, POSTGRESQL) == "SELECT a FROM t WHERE b = $1 AND c = $2"
    assert text(raw, MYSQL) == "SELECT a FROM t WHERE b = %s AND c = %s"


def test_names_become_places() -> None:
    """A name that stands twice is one value, sent twice where places have no numbers."""
    raw = Raw("SELECT :a, :b, :a::text", {"a": 1, "b": 2})
    assert text(raw, POSTGRESQL) == "SELECT $1, $2, $1::text"
    assert values(raw, POSTGRESQL) == [1, 2]
    assert values(raw, SQLITE) == [1, 2, 1]


def test_quotes_and_comments_hold_no_places() -> None:
    """What looks like a place inside a text is text."""
    sql = """SELECT '?', ":x", `?`, 'it''s ?' -- ? :y
/* ? */ FROM t WHERE $$ ? $$ = ? AND j ?? 'k' AND p LIKE '5%'"""
    raw = Raw(sql, [1])
    compiled = raw.compile(POSTGRESQL)
    assert list(compiled.parameters) == [1]
    assert compiled.text.endswith("= $1 AND j ? 'k' AND p LIKE '5%'")
    assert raw.compile(MYSQL).text.endswith("LIKE '5%%'")


def test_values_are_encoded_by_their_own_types() -> None:
    """A datetime is written as its column would have it."""
    raw = Raw("SELECT ?, ?", [datetime(2026, 1, 2, tzinfo=UTC), None])
    assert values(raw, SQLITE) == ["2026-01-02 00:00:00.000000", None]


@pytest.mark.parametrize(
    ("sql", "given"),
    [
        ("SELECT ?", []),
        ("SELECT ?", [1, 2]),
        ("SELECT ?", {"a": 1}),
        ("SELECT :a", {"b": 1}),
        ("SELECT :a", [1]),
    ],
)
def test_wrong_number_of_values_is_told(sql: str, given: object) -> None:
    """Before anything reaches the database."""
    with pytest.raises(UsageError, match="values|no value"):
        Raw(sql, given).compile(SQLITE)  # type: ignore[arg-type]
