"""PostgreSQL's capabilities follow its extensions."""

from __future__ import annotations

from asok_engine.sql.dialects.postgresql import PostgresqlDialect
from asok_engine.sql.types import array, binary, integer, text, vector


def test_vectors_need_the_extension() -> None:
    """Without pgvector, distances are computed in Python."""
    assert not PostgresqlDialect((15, 4)).supports_vectors
    assert PostgresqlDialect((15, 4), has_pgvector=True).supports_vectors


def test_lists_are_there_for_kinds_whose_text_is_plain() -> None:
    """Bytes and lists of lists go one by one."""
    lists = PostgresqlDialect().list_encoder
    assert lists(integer())
    assert lists(text())
    assert not any(map(lists, (binary(), array(integer()), vector(3))))
