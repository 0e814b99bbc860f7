"""Tables of models are made when one says so, and left alone when they are there."""

from __future__ import annotations

import pytest

from asok_engine.errors import QueryError
from asok_engine.records.plans.tables import create_tables
from asok_engine.records.record import Record
from asok_engine.records.steps import AskDialect, Atomic
from asok_engine.sql.dialects.sqlite import SqliteDialect
from asok_engine.sql.raw import Raw
from tests.engine.records.blog import Post, Tag


def texts_of(models: list[type[Record]], there: set[str]) -> tuple[list[str], list[str]]:
    """Drive the plan as a database with these tables would; give what was made and the statements."""
    plan = create_tables([model.__description__ for model in models])
    texts: list[str] = []
    step = next(plan)
    try:
        while True:
            if isinstance(step, AskDialect):
                step = plan.send(SqliteDialect())
            elif isinstance(step, Atomic):
                question = next(step.plan)
                assert isinstance(question, Raw)
                name = question.text.split('"')[1]
                step = plan.send(None) if name in there else plan.throw(QueryError(f"no such table: {name}"))
            else:
                assert isinstance(step, Raw)
                texts.append(step.text)
                step = plan.send(None)
    except StopIteration as end:
        return end.value, texts


def test_missing_tables_and_pivots_are_made() -> None:
    """In an order that works, with their indexes."""
    made, texts = texts_of([Post, Tag], set())
    assert set(made) == {"posts", "tags", "post_tag"}
    assert sum(text.startswith("CREATE TABLE") or "CREATE TABLE" in text for text in texts) == 3


def test_tables_that_are_there_stay_as_they_are() -> None:
    """Nothing is added to them."""
    made, texts = texts_of([Post, Tag], {"posts", "post_tag"})
    assert made == ["tags"]
    assert not any("posts (" in text for text in texts)
    assert texts_of([Post, Tag], {"posts", "tags", "post_tag"}) == ([], [])


def test_other_errors_are_not_taken_for_a_missing_table() -> None:
    """A database that is down makes no tables."""
    plan = create_tables([Tag.__description__])
    next(plan)
    plan.send(SqliteDialect())
    with pytest.raises(ConnectionError):
        plan.throw(ConnectionError())
