"""SQLite: what it can do, and the forms of its values.

The driver gives and takes int, float, str, bytes and None; everything else is
encoded to one of them, in a form that sorts as the value does: dates and times as
ISO text, datetimes in UTC with six digits, durations as microseconds, decimals as
numbers, and UUIDs, JSON, arrays and addresses as text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from functools import partial
from typing import Any, ClassVar, Literal
from uuid import UUID

from asok_engine.sql.dialects import texts
from asok_engine.sql.dialects.contract import Dialect, Version
from asok_engine.sql.types import ColumnType

__all__ = ["SqliteDialect"]

_ENCODERS: dict[str, Callable[[Any], Any]] = {
    "date": str,
    "time": texts.time_text,
    "datetime": texts.datetime_text,
    "duration": texts.microseconds,
    "decimal": texts.decimal_number,
    "uuid": str,
    "array": texts.json_text,
    "vector": texts.packed_floats,
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "datetime": texts.datetime_of_text,
    "duration": texts.span,
    "uuid": UUID,
    "array": texts.json_value,
    "vector": texts.unpacked_floats,
}


class SqliteDialect(Dialect):
    """SQLite 3.35 and later."""

    name: ClassVar[str] = "sqlite"
    spelling = "sqlite"
    parameter_style: ClassVar[Literal["qmark", "numeric_dollar", "format"]] = "qmark"
    max_parameters: ClassVar[int] = 32766

    supports_row_locks = False
    supports_skip_locked = False
    supports_transactional_ddl = True
    is_like_case_sensitive = False
    has_native_regexp = False

    def __init__(self, version: Version = ()) -> None:
        super().__init__(version)
        self.supports_returning = self.supports_insert_returning = not version or version >= (3, 35)

    def insert(self, table: Any) -> Any:
        """Make SQLAlchemy's INSERT of this dialect."""
        from sqlalchemy.dialects.sqlite import insert

        return insert(table)

    def encoder(self, type_: ColumnType) -> Callable[[Any], Any] | None:
        """Give what makes a driver's value of a Python value."""
        return _ENCODERS.get(type_.kind)

    def decoder(self, type_: ColumnType) -> Callable[[Any], Any] | None:
        """Give what makes a Python value of a driver's value."""
        if type_.kind == "decimal":
            return partial(texts.decimal_of_number, scale=type_.scale)
        return _DECODERS.get(type_.kind)
