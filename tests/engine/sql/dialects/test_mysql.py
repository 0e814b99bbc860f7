"""MySQL and MariaDB differ by what was found at connect."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from asok_engine.errors import UsageError
from asok_engine.sql.dialects.mysql import MysqlDialect


def test_only_mariadb_returns_rows_of_an_insert() -> None:
    """MySQL gives the last key and nothing else."""
    assert MysqlDialect((10, 11, 6), is_mariadb=True).supports_insert_returning
    assert not MysqlDialect((8, 0, 36)).supports_insert_returning
    assert not MysqlDialect((10, 11, 6), is_mariadb=True).supports_returning


def test_part_in_a_zone_that_the_server_does_not_know_is_refused() -> None:
    """NULL would find nothing, and nobody would know why."""
    dialect = MysqlDialect((10, 11), is_mariadb=True, knows_zones=False)
    with pytest.raises(UsageError, match=r"The hour of a moment in Europe/Paris.*mariadb-tzinfo-to-sql"):
        dialect.date_part(sa, "hour", sa.column("at"), "Europe/Paris", True)
    assert "hour" in str(dialect.date_part(sa, "hour", sa.column("at"), "UTC", True))
