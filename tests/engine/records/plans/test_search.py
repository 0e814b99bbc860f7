"""Records are found by words and by nearness, by the database where it can and here where it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.errors import UsageError
from asok_engine.records.errors import FieldProblem, UnknownName
from asok_engine.records.fields.number import Integer
from asok_engine.records.fields.structure import Vector
from asok_engine.records.fields.text import SearchableText, String
from asok_engine.records.plans.search import nearest, nearest_of, nearest_query, search
from asok_engine.records.query import Query
from asok_engine.records.record import Record
from asok_engine.sql.dialects.postgresql import PostgresqlDialect
from tests.engine.records.blog import Post, blog
from tests.engine.records.driver import Driver


class Doc(Record):
    """A document with an index of its words and a place among others."""

    id: int
    title = SearchableText()
    body = SearchableText(default="")
    kind = String(default="a")
    place = Vector(2, nullable=True)


DOCS = Query(Doc.__description__)


def filled() -> Driver:
    """Make a few documents."""
    driver = Driver(Doc)
    driver.save(Doc(title="Hello world", body="python is great", place=[1, 0]))
    driver.save(Doc(title="Bye", body="hello there python, python!", place=[0, 1], kind="b"))
    driver.save(Doc(title="Café", body="nothing", place=[0.9, 0.1], kind="b"), Doc(title="x"))
    driver.texts.clear()
    return driver


def test_all_words_are_found_best_first() -> None:
    """In any of the fields, also by their beginnings and without accents; changes of a row are seen."""
    driver = filled()
    assert [doc.id for doc in driver.fetch(search(DOCS, "python"))] == [2, 1]
    assert [doc.id for doc in driver.fetch(search(DOCS, "HELLO wor"))] == [1]
    assert [doc.id for doc in driver.fetch(search(DOCS, "cafe"))] == [3]
    assert [doc.id for doc in driver.fetch(search(DOCS.where(kind="b").order_by("id"), "hello"))] == [2]
    doc = driver.fetch(DOCS.where(id=4))[0]
    doc.title = "zebra"
    driver.save(doc)
    assert driver.fetch(search(DOCS, "zebra")) == [doc]


@pytest.mark.parametrize(
    "term", ['"', "a OR b*", "NEAR(", "title:x", "'; DROP TABLE docs", "*", "^", "-", "\\"]
)
def test_term_has_no_operators(term: str) -> None:
    """What a person types is words, never syntax of a search."""
    filled().fetch(search(DOCS, term))


def test_term_without_a_word_finds_nothing() -> None:
    """And asks nothing."""
    driver = filled()
    assert driver.fetch(search(DOCS, " *** ")) == []
    assert driver.texts == []


def test_fields_are_looked_into_without_an_index() -> None:
    """Those that are named, or every field of text."""
    driver = filled()
    assert [doc.id for doc in driver.fetch(search(DOCS, "hello", ["title"]))] == [1]
    assert [post.id for post in blog().fetch(search(Query(Post.__description__), "post 3"))] == [3]
    with pytest.raises(UnknownName):
        search(DOCS, "x", ["titel"])

    class Bare(Record):
        number = Integer()

    with pytest.raises(UsageError, match="no field of text"):
        search(Query(Bare.__description__), "x")


def test_nearest_records_come_first_with_their_distance() -> None:
    """Conditions may come before or after (asok 3.4 C9)."""
    driver = filled()
    found = driver.run(nearest(DOCS, "place", [1, 0.01], limit=2))
    assert [doc.id for doc in found] == [1, 3]
    assert 0 <= found[0].distance < found[1].distance < 0.1
    narrowed = driver.run(nearest(DOCS.where(kind="b"), "place", [1, 0], limit=5, metric="euclidean"))
    assert [doc.id for doc in narrowed] == [3, 2]
    inner = driver.run(nearest(DOCS, "place", [1, 0], limit=1, metric="inner"))
    assert [doc.id for doc in inner] == [1]
    assert [doc.id for doc in driver.run(nearest(DOCS, "place", [0, 0]))] == [1, 2, 3]


def test_database_with_vectors_does_the_work() -> None:
    """One statement, ordered and cut there."""
    plan = nearest(DOCS.where(kind="b"), "place", [1, 2], limit=3, metric="euclidean")
    plan.send(None)
    statement: Any = plan.send(PostgresqlDialect((16, 0), has_pgvector=True))
    compiled = statement.compile(PostgresqlDialect((16, 0), has_pgvector=True))
    assert "ORDER BY (docs.place <-> ($3 :: vector)) ASC" in " ".join(compiled.text.split())
    assert list(compiled.parameters) == ["[1.0,2.0]", "b", "[1.0,2.0]", 3]
    plan.close()


def test_wrong_vectors_and_metrics_are_told() -> None:
    """Before anything is read."""
    driver = filled()
    for wrong in ([1], [1, 2, 3], "ab"):
        with pytest.raises(FieldProblem):
            driver.run(nearest(DOCS, "place", wrong))
    with pytest.raises(UnknownName, match="metric"):
        driver.run(nearest(DOCS, "place", [1, 2], metric="taxi"))  # type: ignore[arg-type]
    with pytest.raises(FieldProblem, match="no vectors"):
        driver.run(nearest(DOCS, "title", [1, 2]))


vectors = st.lists(st.lists(st.floats(-5, 5, width=32), min_size=2, max_size=2), min_size=1, max_size=8)


@given(vectors, st.sampled_from(["cosine", "euclidean", "inner"]))
def test_nearest_are_those_with_the_smallest_distance(rows: list[list[float]], metric: str) -> None:
    """Exact: nothing nearer is left out."""
    pairs = list(enumerate(rows))
    whole = nearest_of(pairs, [1.0, 0.5], len(rows), metric)
    some = nearest_of(pairs, [1.0, 0.5], 3, metric)
    assert [distance for distance, _ in some] == sorted(distance for distance, _ in whole)[:3]


def test_query_for_the_nearest_is_narrowed_like_any_other() -> None:
    """Before and after it was asked for the nearest, and by a smaller number of records."""
    driver = filled()
    near = nearest_query(DOCS, "place", [1, 0], limit=2)
    assert [doc.id for doc in driver.fetch(near)] == [1, 3]
    assert [doc.id for doc in driver.fetch(near.where(kind="b"))] == [3, 2]
    assert [doc.id for doc in driver.fetch(near.limit(1))] == [1]
    assert [doc.id for doc in driver.fetch(near.offset(1))] == [3]
    assert [doc.id for doc in driver.fetch(near.offset(1).limit(5))] == [3]
    with pytest.raises(UnknownName):
        nearest_query(DOCS, "place", [1, 0], metric="taxi")  # type: ignore[arg-type]
    with pytest.raises(FieldProblem, match="no vectors"):
        nearest_query(DOCS, "title", [1, 0])
    with pytest.raises(FieldProblem, match="2 are needed"):
        nearest_query(DOCS, "place", [1])
