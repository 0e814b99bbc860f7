"""MySQL 8 and MariaDB 10.11: what they can do, and the forms of their values.

Drivers give and take int, float, Decimal, str, bytes, date, timedelta (for TIME) and
naive datetimes, which are UTC: the driver sets the session's time zone to +00:00,
strict SQL mode with ANSI_QUOTES off, and counts found rows, not changed ones
(CLIENT.FOUND_ROWS). UUIDs, JSON, arrays and addresses are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

from asok_engine.errors import UsageError
from asok_engine.sql.dialects import texts
from asok_engine.sql.dialects.contract import Dialect, Version, search_words
from asok_engine.sql.tables import FullText
from asok_engine.sql.types import ColumnType

__all__ = ["MysqlDialect"]

#: Words of three letters and more that InnoDB leaves out of its index unless it is told otherwise.
_STOP_WORDS = re.compile(
    "about|are|com|for|from|how|that|the|this|und|was|what|when|where|who|will|with|www", re.IGNORECASE
)
_ENCODERS: dict[str, Callable[[Any], Any]] = {
    "datetime": texts.naive_utc,
    "duration": texts.microseconds,
    "array": texts.json_text,
    "vector": texts.packed_floats,
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "datetime": texts.as_utc,
    "duration": texts.span,
    "time": texts.time_of_span,
    "array": texts.json_value,
    "vector": texts.unpacked_floats,
    "uuid": texts.uuid_of_text,
}


class MysqlDialect(Dialect):
    """MySQL 8.0.31 and later, or MariaDB 10.11 and later when `is_mariadb`."""

    name: ClassVar[str] = "mysql"
    quote_mark: ClassVar[str] = "`"
    parameter_style: ClassVar[Literal["qmark", "numeric_dollar", "format"]] = "format"
    max_parameters: ClassVar[int] = 65535

    supports_nulls_order = False
    supports_conflict_target = False
    has_last_key = True
    gives_first_key_of_many = True
    supports_self_subquery = False
    has_native_decimal = True

    def __init__(self, version: Version = (), *, is_mariadb: bool = False, knows_zones: bool = True) -> None:
        super().__init__(version)
        #: The server's tables of time zones are filled, so that it knows zones by name.
        self.knows_zones = knows_zones
        self.is_mariadb = is_mariadb
        self.spelling = "mariadb" if is_mariadb else "mysql"
        #: Only MariaDB has RETURNING, and only for INSERT and DELETE; this flag speaks of all three.
        self.supports_returning = False
        self.supports_insert_returning = is_mariadb

    function_names: ClassVar[Mapping[str, str]] = {"length": "char_length", "random": "rand"}

    def plain_number(self, sa: Any, element: Any, is_whole: bool) -> Any:
        """Write a sum or an average as a whole number or a float."""
        return sa.cast(element, sa.Integer()) if is_whole else element * sa.literal_column("1e0")

    def date_part(self, sa: Any, part: str, element: Any, zone: str, is_moment: bool) -> Any:
        """Write a part of a day or of a moment seen in a zone, as a whole number.

        Raises:
            UsageError: the zone is not UTC and the server knows no zones by name.
        """
        if is_moment and zone != "UTC":
            if not self.knows_zones:
                # Why refused: the server would give NULL, and the condition would find nothing.
                raise UsageError(
                    f"The {part} of a moment in {zone} is not known to this server: "
                    "its tables of time zones are empty.",
                    fix="Fill them: mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql "
                    "(mysql_tzinfo_to_sql for MySQL).",
                )
            element = sa.func.convert_tz(element, sa.literal_column("'+00:00'"), self.zone_text(sa, zone))
        if part == "week":
            return sa.func.week(element, sa.literal_column("3"))
        name = {"week_day": "dayofweek", "year_day": "dayofyear"}.get(part, part)
        return getattr(sa.func, name)(element, type_=sa.Integer())

    def json_value(self, sa: Any, document: Any, path: Any, as_number: bool) -> Any:
        """Write a value inside a JSON document as text, or as a number where it is one."""
        value = sa.func.json_extract(document, path)
        if not as_number:
            return sa.func.json_unquote(value)
        numbers = [
            sa.literal_column(f"'{kind}'") for kind in ("INTEGER", "UNSIGNED INTEGER", "DOUBLE", "DECIMAL")
        ]
        return sa.case((sa.func.json_type(value).in_(numbers), value + sa.literal_column("0.0")))

    def search_text(self, term: str) -> str:
        """Make the parameter of a full-text search that finds all words, or their beginnings.

        Words of one or two letters, and InnoDB's stop words, are not in the index, so they
        are not asked for.
        """
        words = [word for word in search_words(term) if len(word) > 2 and not _STOP_WORDS.fullmatch(word)]
        return " ".join(f"+{word}*" for word in words)

    def match(self, sa: Any, table: Any, search: FullText, term: Any) -> Any:
        """Write the condition that a row is found by a full-text search."""
        return self.match_rank(sa, table, search, term) > sa.literal_column("0")

    def match_rank(self, sa: Any, table: Any, search: FullText, term: Any) -> Any:
        """Write how well a row fits a full-text search."""
        from sqlalchemy.dialects.mysql import match

        return match(table.c[search.name], against=term).in_boolean_mode()

    def insert(self, table: Any) -> Any:
        """Make SQLAlchemy's INSERT of this dialect."""
        from sqlalchemy.dialects.mysql import insert

        return insert(table)

    def encoder(self, type_: ColumnType) -> Callable[[Any], Any] | None:
        """Give what makes a driver's value of a Python value."""
        if type_.kind == "uuid":
            return str
        return _ENCODERS.get(type_.kind)

    def decoder(self, type_: ColumnType) -> Callable[[Any], Any] | None:
        """Give what makes a Python value of a driver's value."""
        return _DECODERS.get(type_.kind)
