"""PostgreSQL: what it can do, and the forms of its values.

Both drivers give and take Python's own values: bool, int, float, Decimal, str,
bytes, date, time, timedelta, UUID, lists for arrays, and aware datetimes. JSON
(json and jsonb), inet and cidr, vectors and ranges travel as text in both
directions: the driver switches its own codecs off for these types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

from asok_engine.sql.dialects import texts
from asok_engine.sql.dialects.contract import Dialect, Version, search_words
from asok_engine.sql.tables import FullText, Table
from asok_engine.sql.types import ColumnType

__all__ = ["PostgresqlDialect"]

#: Arrays as text, by the kind of their values.
_LISTS: dict[str, Callable[[Sequence[Any]], str]] = {
    "smallint": texts.list_of_plain,
    "integer": texts.list_of_plain,
    "bigint": texts.list_of_plain,
    "float": texts.list_of_plain,
    "decimal": texts.list_of_plain,
    "uuid": texts.list_of_plain,
    "date": texts.list_of_moments,
    "time": texts.list_of_moments,
    "datetime": texts.list_of_moments,
    "boolean": texts.list_of_booleans,
    "text": texts.list_of_texts,
    "string": texts.list_of_texts,
    "enum": texts.list_of_texts,
    "json": texts.list_of_texts,
    "inet": texts.list_of_texts,
}


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
    has_ilike = True
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

    def plain_number(self, sa: Any, element: Any, is_whole: bool) -> Any:
        """Write a sum or an average as a whole number or a float."""
        return sa.cast(element, sa.BigInteger() if is_whole else sa.Double())

    def date_part(self, sa: Any, part: str, element: Any, zone: str, is_moment: bool) -> Any:
        """Write a part of a day or of a moment seen in a zone, as a whole number."""
        if is_moment:
            element = sa.func.timezone(self.zone_text(sa, zone), element)
        name = {"week_day": "dow", "year_day": "doy"}.get(part, part)
        made = sa.cast(sa.func.floor(sa.extract(name, element)), sa.Integer())
        return made + sa.literal_column("1") if part == "week_day" else made

    def json_path(self, path: Sequence[str | int]) -> Any:
        """Make the parameter for a path into JSON: a list of texts."""
        return [str(step) for step in path]

    def json_value(self, sa: Any, document: Any, path: Any, as_number: bool) -> Any:
        """Write a value inside a JSON document as text, or as a number where it is one."""
        steps = sa.cast(path, sa.ARRAY(sa.Text()))
        text = sa.type_coerce(document, sa.Text()).op("#>>")(steps)
        if not as_number:
            return text
        kind = sa.func.jsonb_typeof(sa.type_coerce(document, sa.Text()).op("#>")(steps))
        return sa.case((kind == sa.literal_column("'number'"), sa.cast(text, sa.Double())))

    def search_text(self, term: str) -> str:
        """Make the parameter of a full-text search that finds all words, or their beginnings."""
        return " & ".join(f"{word}:*" for word in search_words(term))

    def match(self, sa: Any, table: Any, search: FullText, term: Any) -> Any:
        """Write the condition that a row is found by a full-text search."""
        return table.c[search.name].op("@@", is_comparison=True)(_tsquery(sa, search, term))

    def match_rank(self, sa: Any, table: Any, search: FullText, term: Any) -> Any:
        """Write how well a row fits a full-text search."""
        return sa.func.ts_rank(table.c[search.name], _tsquery(sa, search, term))

    def distance(self, sa: Any, element: Any, vector: Any, metric: str) -> Any:
        """Write the distance between a vector column and a vector, by pgvector's operators."""
        operator = {"cosine": "<=>", "euclidean": "<->", "inner": "<#>"}[metric]
        return element.op(operator, return_type=sa.Double())(vector.op("::")(sa.literal_column("vector")))

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

    def counter_text(self, table: Table, column: str) -> str:
        """Write what moves a sequence on to the largest value of its column, and never back."""
        name, counted = self.quote(table.name), self.quote(column)
        if table.schema:
            name = f"{self.quote(table.schema)}.{name}"
        return (
            f"SELECT setval(counter, largest) FROM (SELECT "
            f"CAST(pg_get_serial_sequence({_text(name)}, {_text(column)}) AS regclass) AS counter, "
            f"(SELECT max({counted}) FROM {name}) AS largest) AS both_of_it WHERE counter IS NOT NULL "
            "AND largest > coalesce(pg_sequence_last_value(counter), 0)"
        )

    def list_encoder(self, type_: ColumnType) -> Callable[[Sequence[Any]], str] | None:
        """Give what makes the text of an array: to a driver, a list is a check and a call for each value."""
        return _LISTS.get(type_.kind)


def _text(value: str) -> str:
    return f"'{value.replace(chr(39), chr(39) * 2)}'"


def _tsquery(sa: Any, search: FullText, term: Any) -> Any:
    language = search.language.replace("'", "''")
    return sa.func.to_tsquery(sa.literal_column(f"'{language}'::regconfig"), sa.cast(term, sa.Text()))
