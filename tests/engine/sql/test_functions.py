"""Functions, aggregates, parts of moments, JSON and choices, as each dialect spells them."""

from __future__ import annotations

import pytest

from asok_engine.errors import InputError, UsageError
from asok_engine.sql import types
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.expressions import Expression, Parameter
from asok_engine.sql.functions import DATE_PARTS, Aggregate, Case, Cast, Certain, DatePart, Function, JsonPath
from asok_engine.sql.select import Output, Select
from tests.engine.sql.tables import (
    AT,
    DIALECTS,
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


def written(expression: Expression, dialect: Dialect) -> str:
    """Write an expression alone."""
    return (
        text(Select(POSTS, (Output(expression, "x"),)), dialect)
        .removeprefix("SELECT ")
        .removesuffix(" AS x FROM posts")
    )


def test_functions_are_on_a_list() -> None:
    """A name from outside calls nothing."""
    with pytest.raises(UsageError, match="no function 'load_extension'"):
        Function("load_extension", (TITLE,))
    assert written(Function("lower", (TITLE,)), SQLITE) == "asok_lower(posts.title)"
    assert written(Function("lower", (TITLE,)), POSTGRESQL) == "lower(posts.title)"
    assert written(Function("coalesce", (AT, AT)), MYSQL) == "coalesce(posts.at, posts.at)"
    assert Function("coalesce", (VIEWS,)).type == VIEWS.type
    assert Function("random").type == types.float_()
    assert written(Function("random"), MYSQL) == "rand()"


@pytest.mark.parametrize(
    ("aggregate", "sqlite", "postgresql", "mysql"),
    [
        (Aggregate("count"), "count(*)", "count(*)", "count(*)"),
        (
            Aggregate("count", TITLE, True),
            "count(DISTINCT posts.title)",
            "count(DISTINCT posts.title)",
            "count(DISTINCT posts.title)",
        ),
        (
            Aggregate("sum", VIEWS),
            "sum(posts.views)",
            "CAST(sum(posts.views) AS BIGINT)",
            "CAST(sum(posts.views) AS SIGNED INTEGER)",
        ),
        (
            Aggregate("avg", VIEWS),
            "avg(posts.views)",
            "CAST(avg(posts.views) AS DOUBLE PRECISION)",
            "avg(posts.views) * 1e0",
        ),
        (Aggregate("max", AT), "max(posts.at)", "max(posts.at)", "max(posts.at)"),
        (
            Aggregate("count", only=VIEWS > 3),
            "count(CASE WHEN (posts.views > ?) THEN 1 END)",
            "count(CASE WHEN (posts.views > $1::INTEGER) THEN 1 END)",
            "count(CASE WHEN (posts.views > %s) THEN 1 END)",
        ),
    ],
)
def test_aggregate_gives_a_plain_number(
    aggregate: Aggregate, sqlite: str, postgresql: str, mysql: str
) -> None:
    """An average is a float and a sum of whole numbers is whole, on every database."""
    assert written(aggregate, SQLITE) == sqlite
    assert written(aggregate, POSTGRESQL) == postgresql
    assert written(aggregate, MYSQL) == mysql


def test_aggregate_knows_its_type() -> None:
    """So that its value is decoded as a field's would be."""
    assert Aggregate("count").type == types.bigint()
    assert Aggregate("max", AT).type == types.datetime()
    assert Aggregate("avg", VIEWS).type == types.float_()
    price = Parameter(1, types.decimal(8, 2))
    assert Aggregate("avg", price).type == types.decimal(8, 2)


@pytest.mark.parametrize("part", DATE_PARTS)
def test_part_of_a_moment_is_written_on_every_dialect(part: str) -> None:
    """In UTC and in a zone; grouping by it repeats no parameter."""
    for dialect in DIALECTS:
        for zone in ("UTC", "Europe/Paris"):
            select = Select(POSTS, (Output(DatePart(part, AT, zone)),))  # type: ignore[arg-type]
            assert values(select, dialect) == []


def test_part_of_a_moment_in_a_zone() -> None:
    """Each dialect has its own function; a day has no zone."""
    month = DatePart("month", AT, "Europe/Paris")
    assert written(month, SQLITE) == "asok_date_part('month', posts.at, 'Europe/Paris')"
    assert "timezone('Europe/Paris', posts.at)" in written(month, POSTGRESQL)
    assert written(month, MYSQL) == "month(convert_tz(posts.at, '+00:00', 'Europe/Paris'))"
    assert written(DatePart("month", AT), SQLITE) == "CAST(strftime('%m', posts.at) AS INTEGER)"
    day = DatePart("year", Cast(AT, types.date()), "Europe/Paris")
    assert "timezone" not in written(day, POSTGRESQL)
    assert month.type == types.integer()
    with pytest.raises(UsageError, match="no name of a time zone"):
        written(DatePart("week", AT, "x' OR 1=1 --"), POSTGRESQL)


def test_path_into_json_is_a_parameter() -> None:
    """A key from outside is a value; where a path is text, its keys are quoted."""
    select = Select(POSTS, (Output(JsonPath(TITLE, ("a.b", 1))),))
    assert set(values(select, SQLITE)) == {'$."a.b"[1]'}
    assert values(select, POSTGRESQL) == [["a.b", "1"]]
    assert values(select, MYSQL) == ['$."a.b"[1]']
    for key in ('a"b', "a\\b", "a\nb"):
        hostile = Select(POSTS, (Output(JsonPath(TITLE, (key,))),))
        with pytest.raises(InputError, match="key of JSON"):
            hostile.compile(SQLITE)
        assert values(hostile, POSTGRESQL) == [[key]]


def test_number_in_json_is_a_number() -> None:
    """What is no number there is NULL, not an error."""
    number = JsonPath(TITLE, ("n",), as_number=True)
    assert "json_type" in written(number, SQLITE)
    assert "jsonb_typeof" in written(number, POSTGRESQL)
    assert "JSON_TYPE" in written(number, MARIADB).upper()
    assert (number.type, JsonPath(TITLE, ("n",)).type) == (types.float_(), types.text())


def test_choices_and_casts() -> None:
    """CASE and CAST."""
    case = Case(((VIEWS > 3, Parameter("many", types.text(), True)),), Parameter("few", types.text(), True))
    assert written(case, SQLITE) == "CASE WHEN (posts.views > ?) THEN ? ELSE ? END"
    assert case.type == types.text()
    assert written(Case(((VIEWS > 3, VIEWS),)), SQLITE) == "CASE WHEN (posts.views > ?) THEN posts.views END"
    assert written(Cast(VIEWS, types.text()), MYSQL) == "CAST(posts.views AS CHAR)"
    assert Cast(VIEWS, types.text()).type == types.text()


def test_certain_condition_is_never_unknown() -> None:
    """NOT of it keeps the rows without a value."""
    select = Select(POSTS, (Output(VIEWS),), where=~Certain(VIEWS > 3))
    assert "CASE WHEN (posts.views > ?) THEN 1 ELSE 0 END != 1" in text(select, SQLITE)


def test_group_by_an_expression_with_values_is_by_its_place() -> None:
    """PostgreSQL would take one value in two parameters for two expressions."""
    tens = VIEWS / 10
    select = Select(POSTS, (Output(tens, "tens"), Output(Aggregate("count"))), group_by=(tens,))
    assert text(select, POSTGRESQL).endswith("GROUP BY 1")
    unread = Select(POSTS, (Output(Aggregate("count")),), group_by=(tens, TITLE))
    assert text(unread, SQLITE).endswith("GROUP BY posts.views / (? + 0.0), posts.title")
