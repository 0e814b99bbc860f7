"""PostgreSQL's capabilities follow its extensions."""

from __future__ import annotations

from asok_engine.sql.dialects.postgresql import PostgresqlDialect


def test_vectors_need_the_extension() -> None:
    """Without pgvector, distances are computed in Python."""
    assert not PostgresqlDialect((15, 4)).supports_vectors
    assert PostgresqlDialect((15, 4), has_pgvector=True).supports_vectors
