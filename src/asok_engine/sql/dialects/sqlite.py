"""SQLite: what it can do, and the forms of its values.

The driver gives and takes int, float, str, bytes and None; everything else is
encoded to one of them, in a form that sorts as the value does: dates and times as
ISO text, datetimes in UTC with six digits, durations as microseconds, decimals as
numbers, and UUIDs, JSON, arrays and addresses as text.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from asok_engine.sql.dialects.contract import Dialect, Version

__all__ = ["SqliteDialect"]


class SqliteDialect(Dialect):
    """SQLite 3.35 and later."""

    name: ClassVar[str] = "sqlite"
    parameter_style: ClassVar[Literal["qmark", "numeric_dollar", "format"]] = "qmark"
    max_parameters: ClassVar[int] = 32766

    supports_row_locks = False
    supports_skip_locked = False
    supports_transactional_ddl = True
    is_like_case_sensitive = False
    has_native_regexp = False

    def __init__(self, version: Version = ()) -> None:
        super().__init__(version)
        self.supports_returning = not version or version >= (3, 35)
