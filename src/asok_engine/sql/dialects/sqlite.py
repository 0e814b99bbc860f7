"""SQLite: what it can do, and the forms of its values.

The driver gives and takes int, float, str, bytes and None; everything else is
encoded to one of them, in a form that sorts as the value does: dates and times as
ISO text, datetimes in UTC with six digits, durations as microseconds, decimals as
numbers, and UUIDs, JSON, arrays and addresses as text. The driver adds the functions
of `SqliteDialect.functions` to each connection, as deterministic ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from functools import partial
from typing import Any, ClassVar, Literal

from asok_engine.sql.dialects import texts
from asok_engine.sql.dialects.contract import Dialect, Version
from asok_engine.sql.dialects.patterns import safe_pattern
from asok_engine.sql.dialects.sqlite_functions import FUNCTIONS
from asok_engine.sql.tables import FullText
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
#: Parts that SQLite itself knows.
_STRFTIME = {
    "year": "%Y",
    "month": "%m",
    "day": "%d",
    "year_day": "%j",
    "hour": "%H",
    "minute": "%M",
    "second": "%S",
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "datetime": texts.datetime_of_text,
    "duration": texts.span,
    "uuid": texts.uuid_of_text,
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

    function_names: ClassVar[Mapping[str, str]] = {"lower": "asok_lower", "upper": "asok_upper"}

    #: Functions that the driver adds to each connection: name, number of arguments, function. Each
    #: gives the same result for the same arguments.
    functions = FUNCTIONS

    def date_part(self, sa: Any, part: str, element: Any, zone: str, is_moment: bool) -> Any:
        """Write a part of a day or of a moment seen in a zone, as a whole number."""
        form = _STRFTIME.get(part)
        if form is None or (is_moment and zone != "UTC"):
            seen = self.zone_text(sa, zone if is_moment else "UTC")
            return sa.func.asok_date_part(sa.literal_column(f"'{part}'"), element, seen, type_=sa.Integer())
        return sa.cast(sa.func.strftime(sa.literal_column(f"'{form}'"), element), sa.Integer())

    def json_value(self, sa: Any, document: Any, path: Any, as_number: bool) -> Any:
        """Write a value inside a JSON document as text, or as a number where it is one."""
        kind, value = sa.func.json_type(document, path), sa.func.json_extract(document, path)
        if as_number:
            return sa.case((kind.in_([sa.literal_column("'integer'"), sa.literal_column("'real'")]), value))
        truth = sa.literal_column("'true'"), sa.literal_column("'false'")
        return sa.case(
            (kind == truth[0], truth[0]), (kind == truth[1], truth[1]), else_=sa.cast(value, sa.Text())
        )

    def match(self, sa: Any, table: Any, search: FullText, term: Any) -> Any:
        """Write the condition that a row is found by a full-text search."""
        fts = _fts(sa, search)
        return table.c.rowid.in_(sa.select(fts.c.rowid).where(fts.c[search.name].op("MATCH")(term)))

    def match_rank(self, sa: Any, table: Any, search: FullText, term: Any) -> Any:
        """Write how well a row fits a full-text search; FTS5 counts downwards."""
        fts = _fts(sa, search)
        found = sa.select(-fts.c.rank).where(
            fts.c[search.name].op("MATCH")(term), fts.c.rowid == table.c.rowid
        )
        return found.correlate(table).scalar_subquery()

    def pattern(self, text: str, ignore_case: bool) -> str:
        """Give a regular expression of Python that is safe to run on every row."""
        pattern = f"(?i){text}" if ignore_case else text
        safe_pattern(pattern)
        return pattern

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


def _fts(sa: Any, search: FullText) -> Any:
    """Give the FTS5 table, which has a column of its own name for the search."""
    columns = [sa.column(name) for name in ("rowid", "rank", search.name)]
    return sa.table(search.name, *columns)
