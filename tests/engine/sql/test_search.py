"""Searches are written in each dialect's own way, their terms as parameters."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.sql import types
from asok_engine.sql.dialects.contract import Dialect, search_words
from asok_engine.sql.search import Distance, Match, MatchRank
from asok_engine.sql.select import Output, Select
from asok_engine.sql.sources import Source
from asok_engine.sql.tables import Column, FullText, Table
from tests.engine.sql.tables import MYSQL, POSTGRESQL, SQLITE, text, values

SEARCH = FullText(("title",), "words", "english")
DOCS = Source(
    Table(
        "docs",
        (Column("id", types.integer()), Column("title", types.text()), Column("v", types.vector(2))),
        full_texts=(SEARCH,),
    )
)
IDS = (Output(DOCS.ref("id")),)


def test_match_is_a_condition() -> None:
    """FTS5, tsvector and MATCH; words are taken out of the term."""
    select = Select(DOCS, IDS, where=Match(DOCS, SEARCH, "big 'dog' *"))
    assert "WHERE docs.rowid IN (SELECT words.rowid FROM words WHERE words.words MATCH ?)" in text(
        select, SQLITE
    )
    assert values(select, SQLITE) == ['"big"* "dog"*']
    assert "docs.words @@ to_tsquery('english'::regconfig, CAST($1 AS TEXT))" in text(select, POSTGRESQL)
    assert values(select, POSTGRESQL) == ["big:* & dog:*"]
    assert "(MATCH (docs.words) AGAINST (%s IN BOOLEAN MODE)) > 0" in text(select, MYSQL)
    assert values(Select(DOCS, IDS, where=Match(DOCS, SEARCH, "This is about a big dog")), MYSQL) == [
        "+big* +dog*"
    ]


def test_rank_is_an_order() -> None:
    """Greatest first is best first."""
    rank = MatchRank(DOCS, SEARCH, "dog")
    select = Select(DOCS, IDS, order_by=(rank.desc(),))
    assert "-words.rank" in text(select, SQLITE)
    assert "ts_rank(docs.words" in text(select, POSTGRESQL)
    assert text(select, MYSQL).endswith("AGAINST (%s IN BOOLEAN MODE) DESC")
    assert rank.type == types.float_()


@pytest.mark.parametrize(("metric", "operator"), [("cosine", "<=>"), ("euclidean", "<->"), ("inner", "<#>")])
def test_distance_is_pgvectors(metric: str, operator: str) -> None:
    """The vector is a parameter; other databases know none."""
    distance = Distance(DOCS.ref("v"), [1, 2], metric)  # type: ignore[arg-type]
    select = Select(DOCS, (Output(distance, "d"),))
    assert f"docs.v {operator} ($1 :: vector)" in text(select, POSTGRESQL)
    assert values(select, POSTGRESQL) == ["[1,2]"]
    assert distance.type == types.float_()
    with pytest.raises(UsageError, match="no vectors"):
        select.compile(SQLITE)


def test_words_of_a_term_are_few() -> None:
    """However long it is."""
    assert search_words("Ä b_c 12 -- x") == ["Ä", "b_c", "12", "x"]
    assert len(search_words("a " * 1000)) == 20


def test_dialect_without_a_search_says_so() -> None:
    """The base has none of its own."""
    bare = Dialect()
    for use in (
        lambda: bare.match(None, None, SEARCH, None),
        lambda: bare.match_rank(None, None, SEARCH, None),
        lambda: bare.insert(None),
        lambda: bare.date_part(None, "year", None, "UTC", True),
        lambda: bare.json_value(None, None, None, False),
    ):
        with pytest.raises(UsageError):
            use()
    assert bare.encoder(types.text()) is bare.decoder(types.text()) is None
    assert bare.plain_number(None, 1, True) == 1
