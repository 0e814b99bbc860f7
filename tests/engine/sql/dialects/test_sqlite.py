"""SQLite's capabilities follow its version."""

from __future__ import annotations

from asok_engine.sql.dialects.sqlite import SqliteDialect


def test_returning_needs_a_version() -> None:
    """RETURNING came with 3.35."""
    assert not SqliteDialect((3, 34, 1)).supports_returning
    assert SqliteDialect((3, 35, 0)).supports_returning
    assert SqliteDialect().supports_returning
