"""MySQL and MariaDB differ by what was found at connect."""

from __future__ import annotations

from asok_engine.sql.dialects.mysql import MysqlDialect


def test_only_mariadb_returns_rows_of_an_insert() -> None:
    """MySQL gives the last key and nothing else."""
    assert MysqlDialect((10, 11, 6), is_mariadb=True).supports_insert_returning
    assert not MysqlDialect((8, 0, 36)).supports_insert_returning
    assert not MysqlDialect((10, 11, 6), is_mariadb=True).supports_returning
