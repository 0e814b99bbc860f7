"""MySQL 8 and MariaDB 10.11: what they can do, and the forms of their values.

Drivers give and take int, float, Decimal, str, bytes, date, timedelta (for TIME) and
naive datetimes, which are UTC: the driver sets the session's time zone to +00:00,
strict SQL mode with ANSI_QUOTES off, and counts found rows, not changed ones
(CLIENT.FOUND_ROWS). UUIDs, JSON, arrays and addresses are text.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from asok_engine.sql.dialects.contract import Dialect, Version

__all__ = ["MysqlDialect"]


class MysqlDialect(Dialect):
    """MySQL 8.0.31 and later, or MariaDB 10.11 and later when `is_mariadb`."""

    name: ClassVar[str] = "mysql"
    parameter_style: ClassVar[Literal["qmark", "numeric_dollar", "format"]] = "format"
    max_parameters: ClassVar[int] = 65535

    supports_nulls_order = False
    supports_conflict_target = False
    is_like_case_sensitive = False
    has_native_decimal = True

    def __init__(self, version: Version = (), *, is_mariadb: bool = False) -> None:
        super().__init__(version)
        self.is_mariadb = is_mariadb
        #: Only MariaDB has RETURNING, and only for INSERT and DELETE; this flag speaks of all three.
        self.supports_returning = False
        self.supports_insert_returning = is_mariadb
