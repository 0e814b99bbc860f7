"""PostgreSQL: what it can do, and the forms of its values.

Both drivers give and take Python's own values: bool, int, float, Decimal, str,
bytes, date, time, timedelta, UUID, lists for arrays, and aware datetimes. JSON
(json and jsonb), inet and cidr, vectors and ranges travel as text in both
directions: the driver switches its own codecs off for these types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from asok_engine.sql.dialects import texts
from asok_engine.sql.dialects.contract import Dialect, Version
from asok_engine.sql.types import ColumnType

__all__ = ["PostgresqlDialect"]


class PostgresqlDialect(Dialect):
    """PostgreSQL 13 and later; `has_pgvector` says that the extension `vector` is installed."""

    name: ClassVar[str] = "postgresql"
    spelling = "postgresql"
    parameter_style: ClassVar[Literal["qmark", "numeric_dollar", "format"]] = "numeric_dollar"
    max_parameters: ClassVar[int] = 32767

    needs_typed_parameters = True
    has_last_key = False
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

    def insert(self, table: Any) -> Any:
        """Make SQLAlchemy's INSERT of this dialect."""
        from sqlalchemy.dialects.postgresql import insert

        return insert(table)

    def encoder(self, type_: ColumnType) -> Callable[[Any], Any] | None:
        """Give what makes a driver's value of a Python value."""
        return texts.vector_text if type_.kind == "vector" else None

    def decoder(self, type_: ColumnType) -> Callable[[Any], Any] | None:
        """Give what makes a Python value of a driver's value."""
        if type_.kind == "datetime":
            # Drivers give the session's zone; a value is in UTC wherever it came from.
            return texts.in_utc
        return texts.vector_of_text if type_.kind == "vector" else None
