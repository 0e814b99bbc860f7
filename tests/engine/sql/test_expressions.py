"""Expressions give the same shape for the same structure, and their values in the order of the text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.errors import UsageError
from asok_engine.sql.expressions import (
    Condition,
    Constant,
    Expression,
    In,
    Junction,
    Order,
    Parameter,
    Regexp,
    all_of,
    any_of,
    bucket,
)
from asok_engine.sql.select import Select
from tests.engine.sql.tables import (
    AT,
    DIALECTS,
    ID,
    IDS,
    MARIADB,
    MYSQL,
    POSTGRESQL,
    POSTS,
    SQLITE,
    TITLE,
    VIEWS,
    text,
    values,
)


def where(condition: Condition, dialect: Any = SQLITE) -> str:
    """Write a condition alone."""
    return text(Select(POSTS, IDS, where=condition), dialect).partition(" WHERE ")[2]


def shape(expression: Expression) -> object:
    """Give the shape of an expression alone."""
    return expression.shape([])


@pytest.mark.parametrize(
    ("condition", "written"),
    [
        (VIEWS == 3, "posts.views = ?"),
        (VIEWS != 3, "posts.views != ?"),
        (VIEWS < 3, "posts.views < ?"),
        (VIEWS <= 3, "posts.views <= ?"),
        (VIEWS > 3, "posts.views > ?"),
        (VIEWS >= 3, "posts.views >= ?"),
        (VIEWS == None, "posts.views IS NULL"),  # noqa: E711
        (VIEWS != None, "posts.views IS NOT NULL"),  # noqa: E711
        (AT.is_null(), "posts.at IS NULL"),
        (AT.is_not_null(), "posts.at IS NOT NULL"),
        (VIEWS.between(1, 2), "posts.views BETWEEN ? AND ?"),
        (VIEWS.in_([]), "(1 = 0)"),
        (VIEWS.not_in([]), "(1 = 1)"),
        (VIEWS.in_([1, 2, 3]), "posts.views IN (?, ?, ?, ?)"),
        (VIEWS.not_in([1]), "(posts.views NOT IN (?))"),
        (VIEWS + 1 > ID, "posts.views + ? > posts.id"),
        (2 * VIEWS - 1 == -ID, "? * posts.views - ? = ? - posts.id"),
        (1 + VIEWS > 10 - ID, "? + posts.views > ? - posts.id"),
        (VIEWS % 2 == 1, "posts.views % ? = ?"),
        (VIEWS / 2 > 1 / ID, "posts.views / (? + 0.0) > ? / (posts.id + 0.0)"),
        (~(VIEWS == 1) & (ID > 1), "posts.views != ? AND posts.id > ?"),
        ((VIEWS == 1) | (ID > 1) & (ID < 5), "posts.views = ? OR posts.id > ? AND posts.id < ?"),
        (((VIEWS == 1) | (ID > 1)) & (ID < 5), "(posts.views = ? OR posts.id > ?) AND posts.id < ?"),
        (TITLE.like("a%"), "posts.title GLOB ?"),
        (TITLE.contains("a", True), "asok_lower(posts.title) LIKE asok_lower(?) ESCAPE '!'"),
        (Regexp(TITLE, "^a"), "posts.title REGEXP ?"),
    ],
)
def test_condition_is_written(condition: Condition, written: str) -> None:
    """Each node has its text, with brackets where they are needed."""
    assert where(condition) == written


def test_each_dialect_tells_cases_apart_in_its_own_way() -> None:
    """Upper and lower case differ everywhere, unless one asks."""
    assert where(TITLE.startswith("a"), POSTGRESQL) == "posts.title LIKE $1::VARCHAR ESCAPE '!'"
    assert where(TITLE.startswith("a"), MYSQL) == "posts.title LIKE %s ESCAPE '!'"
    assert where(TITLE.endswith("a", True), POSTGRESQL) == "posts.title ILIKE $1::VARCHAR ESCAPE '!'"
    assert where(Regexp(TITLE, "a", True), POSTGRESQL) == "posts.title ~* $1::VARCHAR"
    assert where(Regexp(TITLE, "a", True), MYSQL) == "REGEXP_LIKE(posts.title, %s, 'i')"
    assert values(Select(POSTS, IDS, where=Regexp(TITLE, "a", True)), SQLITE) == ["(?i)a"]
    assert "REGEXP" in where(Regexp(TITLE, "a"), MARIADB)


def test_percent_and_underscore_in_a_text_mean_themselves() -> None:
    """A search for "100%" finds it on every dialect (asok 3.4 C4)."""
    searched = Select(POSTS, IDS, where=TITLE.contains("100%_!*"))
    assert values(searched, POSTGRESQL) == ["%100!%!_!!*%"]
    assert values(searched, SQLITE) == ["*100%_![*]*"]


def test_list_of_three_and_of_four_share_a_text() -> None:
    """Lists are filled up to the next power of two with their last value."""
    assert shape(VIEWS.in_([1, 2, 3])) == shape(VIEWS.in_([1, 2, 3, 4]))
    assert values(Select(POSTS, IDS, where=VIEWS.in_([1, 2, 3])), SQLITE) == [1, 2, 3, 3]
    assert [bucket(count) for count in (0, 1, 2, 3, 4, 5, 9)] == [0, 1, 2, 4, 4, 8, 16]


def test_values_are_no_part_of_the_shape() -> None:
    """Text is written once for all values of a structure."""
    assert shape((VIEWS > 1) & TITLE.contains("a")) == shape((VIEWS > 2) & TITLE.contains("b"))
    assert shape(VIEWS > 1) != shape(VIEWS >= 1)
    assert shape(VIEWS > 1) != shape(ID > 1)
    assert shape(TITLE.like("a")) != shape(TITLE.contains("a"))


def test_condition_cannot_stand_in_an_if() -> None:
    """`and` would silently drop one side; the message says what to write instead."""
    with pytest.raises(UsageError, match="neither true nor false. Combine"):
        bool(VIEWS == 1)


def test_only_conditions_can_be_joined() -> None:
    """A value where a condition belongs is told, not ignored."""
    with pytest.raises(UsageError, match="no condition"):
        all_of([True])  # type: ignore[list-item]


def test_joined_conditions_stay_flat() -> None:
    """A chain of `&` is one junction, and nothing joined is a constant."""
    joined = (VIEWS == 1) & (VIEWS == 2) & (VIEWS == 3)
    assert isinstance(joined, Junction)
    assert len(joined.parts) == 3
    one, nothing = all_of([VIEWS == 1]), any_of([])
    assert not isinstance(one, Junction)
    assert isinstance(nothing, Constant)
    assert not nothing.is_true


def test_order_puts_nulls_where_it_is_told() -> None:
    """MySQL has no NULLS LAST and sorts by IS NULL first."""
    select = Select(POSTS, IDS, order_by=(Order(AT, True, "last"), Order(ID)))
    assert text(select, SQLITE).endswith("ORDER BY posts.at DESC NULLS LAST, posts.id ASC")
    assert text(select, MYSQL).endswith("ORDER BY posts.at IS NULL ASC, posts.at DESC, posts.id ASC")
    assert text(Select(POSTS, IDS, order_by=(AT.desc(), ID.asc())), SQLITE).endswith(
        "posts.at DESC, posts.id ASC"
    )


def test_parameter_alone_names_its_type_where_the_server_needs_it() -> None:
    """PostgreSQL cannot guess the type of a parameter that stands beside nothing."""
    assert "CAST($1" in where(Parameter(1, VIEWS.type, is_free=True) == Parameter(2, VIEWS.type), POSTGRESQL)
    assert where(Parameter(1, VIEWS.type, is_free=True) == ID, SQLITE) == "? = posts.id"


def test_values_are_encoded_for_the_driver() -> None:
    """A moment is text in SQLite, naive UTC in MySQL, and itself in PostgreSQL."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    select = Select(POSTS, IDS, where=AT == moment)
    assert values(select, SQLITE) == ["2026-01-02 03:04:05.000000"]
    assert values(select, MYSQL) == [datetime(2026, 1, 2, 3, 4, 5)]
    assert values(select, POSTGRESQL) == [moment]


numbers = st.integers(-5, 5)
leaves = st.one_of(
    numbers.map(lambda value: VIEWS > value),
    st.text("a%_!*[", max_size=3).map(TITLE.contains),
    st.lists(numbers, max_size=5).map(VIEWS.in_),
    st.tuples(numbers, numbers).map(lambda pair: (VIEWS + pair[0]).between(pair[1], 3)),
    st.text("ab", max_size=2).map(lambda pattern: Regexp(TITLE, pattern)),
    numbers.map(lambda value: Parameter(value, VIEWS.type, True) == ID),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(lambda part: ~part),
        st.tuples(inner, inner).map(lambda pair: pair[0] & pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
    ),
    max_leaves=6,
)


@given(trees)
def test_every_value_has_its_place_in_the_text(tree: Condition) -> None:
    """Whatever the structure, the text has one place for each value or each list, on every dialect."""
    collected: list[object] = []
    tree.shape(collected)
    for dialect in DIALECTS:
        compiled = Select(POSTS, IDS, where=tree).compile(dialect)
        flat = [each for given in compiled.parameters for each in (given if type(given) is list else [given])]
        assert len(flat) == len(collected)


def test_empty_list_takes_no_value() -> None:
    """IN () is no SQL; it is false without a parameter."""
    collected: list[object] = []
    In(VIEWS, ()).shape(collected)
    assert not collected


def test_bare_expression_is_told_by_name() -> None:
    """A kind that forgot its shape or text says so."""
    with pytest.raises(UsageError, match="Expression has no shape"):
        Expression().shape([])
    with pytest.raises(UsageError, match="Expression has no text"):
        Expression().write(None)  # type: ignore[arg-type]
    assert Expression().type is None
