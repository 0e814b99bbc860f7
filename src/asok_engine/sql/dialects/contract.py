"""What differs between databases, as questions with a yes or a no, and the forms of values.

Nobody asks "is this PostgreSQL?": a dialect answers `supports_...` and `has_...`,
and says how a value of a column type goes to the driver and comes back. One dialect
object belongs to one configured database; the database room makes it when it knows
the server's version, and the dialect keeps the texts that were written for it.

Drivers of one dialect give and take the same Python values, so that a plan does not
know its driver. What that is stands in each dialect's module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from asok_engine.errors import InputError, UsageError
from asok_engine.sql.compiler import TemplateCache
from asok_engine.sql.tables import FullText, Table
from asok_engine.sql.types import ColumnType

__all__ = ["Dialect", "Version", "search_words"]

Version = tuple[int, ...]
_ZONE = re.compile(r"[A-Za-z0-9_+/:-]{1,64}")


def search_words(term: str) -> list[str]:
    """Give the words of a search term, at most 20 of them."""
    return re.findall(r"\w+", term)[:20]


class Dialect:
    """One kind and version of database.

    `version` is the server's, as numbers; () means a current one. The flags are
    plain attributes: a dialect sets those that depend on the version when it is made.
    """

    #: The name that SQLAlchemy and the DATABASE_URL know: sqlite, postgresql, mysql.
    name: ClassVar[str]
    #: The name under which `sql.metadata` spells its types: mariadb differs from mysql here.
    spelling: str
    #: How parameters are written: `?`, `$1` or `%s`.
    parameter_style: ClassVar[Literal["qmark", "numeric_dollar", "format"]]
    #: What stands around a name.
    quote_mark: ClassVar[str] = '"'
    #: The most parameters that one statement may have.
    max_parameters: ClassVar[int]

    #: A parameter that stands alone needs its type in the text.
    needs_typed_parameters: bool = False
    #: INSERT, UPDATE and DELETE can give rows back.
    supports_returning: bool = True
    #: INSERT can give rows back.
    supports_insert_returning: bool = True
    #: The driver knows the key of the last inserted row; otherwise INSERT ... RETURNING asks for it.
    has_last_key: bool = True
    #: The last keys of one INSERT of many rows are consecutive, and the driver gives the first one.
    gives_first_key_of_many: bool = False
    #: UPDATE and DELETE may read their own table in a subquery.
    supports_self_subquery: bool = True
    #: SELECT ... FOR UPDATE.
    supports_row_locks: bool = True
    #: SELECT ... FOR UPDATE SKIP LOCKED and NOWAIT.
    supports_skip_locked: bool = True
    #: A subtransaction by SAVEPOINT; every dialect here has it.
    supports_savepoints: bool = True
    #: DDL takes part in transactions.
    supports_transactional_ddl: bool = False
    #: NULLS FIRST and NULLS LAST.
    supports_nulls_order: bool = True
    #: SELECT DISTINCT ON (...).
    supports_distinct_on: bool = False
    #: INTERSECT and EXCEPT beside UNION.
    supports_intersect: bool = True
    #: INSERT names the columns of a conflict (ON CONFLICT (a, b)); otherwise any unique key counts.
    supports_conflict_target: bool = True
    #: LIKE tells upper from lower case; otherwise GLOB is written.
    is_like_case_sensitive: bool = True
    #: ILIKE; otherwise both sides are put in lower case.
    has_ilike: bool = False
    #: The regular expressions of the server; otherwise a function that the driver adds, REGEXP.
    has_native_regexp: bool = True
    #: A vector type with distances and indexes; otherwise rows are compared in Python.
    supports_vectors: bool = False
    #: A full-text index and a match.
    supports_full_text: bool = True
    #: Columns of these kinds hold the value itself and not its text.
    has_native_uuid: bool = False
    has_native_arrays: bool = False
    has_native_boolean: bool = False
    has_native_json: bool = False
    has_native_enum: bool = False
    has_native_inet: bool = False
    has_native_interval: bool = False
    has_native_decimal: bool = False
    has_time_zones: bool = False

    def __init__(self, version: Version = ()) -> None:
        self.version = version
        #: Texts by shape; written at first use.
        self.templates = TemplateCache()

    #: Functions that have another name here.
    function_names: ClassVar[Mapping[str, str]] = {}

    def date_part(self, sa: Any, part: str, element: Any, zone: str, is_moment: bool) -> Any:
        """Write a part of a day or of a moment seen in a zone, as a whole number."""
        raise UsageError(f"{self!r} gives no parts of moments.")

    def plain_number(self, sa: Any, element: Any, is_whole: bool) -> Any:
        """Write a sum or an average as a whole number or a float, where the server would give a decimal."""
        return element

    def json_path(self, path: Sequence[str | int]) -> Any:
        """Make the parameter for a path into JSON; here a path expression with every key in quotes.

        Raises:
            InputError: a key has a quote, a backslash or a control character.
        """
        for step in path:
            if isinstance(step, str) and any(char < " " or char in '"\\\x7f' for char in step):
                raise InputError(f"{step!r} cannot be a key of JSON in a query.")
        return "$" + "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in path)

    def json_value(self, sa: Any, document: Any, path: Any, as_number: bool) -> Any:
        """Write a value inside a JSON document as text, or as a number where it is one."""
        raise UsageError(f"{self!r} looks into no JSON.")

    def search_text(self, term: str) -> str:
        """Make the parameter of a full-text search that finds all words, or their beginnings.

        Words alone are taken out of the term, so that no operator of the search is left.
        """
        return " ".join(f'"{word}"*' for word in search_words(term))

    def match(self, sa: Any, table: Any, search: FullText, term: Any) -> Any:
        """Write the condition that a row is found by a full-text search."""
        raise UsageError(f"{self!r} has no full-text search.")

    def match_rank(self, sa: Any, table: Any, search: FullText, term: Any) -> Any:
        """Write how well a row fits a full-text search; the greatest fits best."""
        raise UsageError(f"{self!r} has no full-text search.")

    def distance(self, sa: Any, element: Any, vector: Any, metric: str) -> Any:
        """Write the distance between a vector column and a vector."""
        raise UsageError(f"{self!r} knows no vectors.")

    def pattern(self, text: str, ignore_case: bool) -> str:
        """Make the parameter for a regular expression where `has_native_regexp` is false.

        Raises:
            InputError: it is none, or could take too long.
        """
        raise UsageError(f"{self!r} runs no regular expressions.")

    def insert(self, table: Any) -> Any:
        """Make SQLAlchemy's INSERT of this dialect, which knows of conflicts."""
        raise UsageError(f"{self!r} has no INSERT of its own.")

    def encoder(self, type_: ColumnType) -> Callable[[Any], Any] | None:
        """Give the function that makes a driver's value of a Python value, None when it is the same.

        NULL never reaches an encoder.
        """
        return None

    def decoder(self, type_: ColumnType) -> Callable[[Any], Any] | None:
        """Give the function that makes a Python value of a driver's value, None when it is the same.

        NULL never reaches a decoder.
        """
        return None

    def list_encoder(self, type_: ColumnType) -> Callable[[Sequence[Any]], str] | None:
        """Give what makes one parameter of many values of this type, NULL among them.

        None where the dialect has no lists of them.
        """
        return None

    def counter_text(self, table: Table, column: str) -> str:
        """Write what makes the counter of a column go on after its largest value; "" where it does itself."""
        return ""

    def quote(self, name: str) -> str:
        """Write a name so that nothing in it is taken for SQL."""
        mark = self.quote_mark
        return f"{mark}{name.replace(mark, mark * 2)}{mark}"

    @staticmethod
    def zone_text(sa: Any, zone: str) -> Any:
        """Write the name of a time zone as text of SQL.

        Why no parameter: PostgreSQL would take two of them for two things in GROUP BY.
        """
        if not _ZONE.fullmatch(zone):
            raise UsageError(f"{zone!r} is no name of a time zone.")
        return sa.literal_column(f"'{zone}'")

    def __repr__(self) -> str:
        version = ".".join(map(str, self.version)) or "current"
        return f"<{type(self).__name__} {version}>"
