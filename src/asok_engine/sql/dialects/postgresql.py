"""PostgreSQL: what it can do, and the forms of its values.

Both drivers give and take Python's own values: bool, int, float, Decimal, str,
bytes, date, time, timedelta, UUID, lists for arrays, and aware datetimes. JSON
(json and jsonb), inet and cidr, vectors and ranges travel as text in both
directions: the driver switches its own codecs off for these types.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from asok_engine.sql.dialects.contract import Dialect, Version

__all__ = ["PostgresqlDialect"]


class PostgresqlDialect(Dialect):
    """PostgreSQL 13 and later; `has_pgvector` says that the extension `vector` is installed."""

    name: ClassVar[str] = "postgresql"
    parameter_style: ClassVar[Literal["qmark", "numeric_dollar", "format"]] = "numeric_dollar"
    max_parameters: ClassVar[int] = 32767

    supports_transactional_ddl = True
    supports_distinct_on = True
    has_native_uuid = True
    has_native_arrays = True
    has_native_boolean = True
    has_native_json = True
    has_native_inet = True
    has_native_interval = True
    has_native_decimal = True
    has_time_zones = True

    def __init__(self, version: Version = (), *, has_pgvector: bool = False) -> None:
        super().__init__(version)
        self.supports_vectors = has_pgvector
