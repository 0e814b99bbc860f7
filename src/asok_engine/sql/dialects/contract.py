"""What differs between databases, as questions with a yes or a no, and the forms of values.

Nobody asks "is this PostgreSQL?": a dialect answers `supports_...` and `has_...`,
and says how a value of a column type goes to the driver and comes back. One dialect
object belongs to one configured database; the database room makes it when it knows
the server's version, and the dialect keeps the texts that were written for it.

Drivers of one dialect give and take the same Python values, so that a plan does not
know its driver. What that is stands in each dialect's module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from asok_engine.sql.compiler import TemplateCache

__all__ = ["Dialect", "Version"]

Version = tuple[int, ...]


class Dialect:
    """One kind and version of database.

    `version` is the server's, as numbers; () means a current one. The flags are
    plain attributes: a dialect sets those that depend on the version when it is made.
    """

    #: The name that SQLAlchemy and the DATABASE_URL know: sqlite, postgresql, mysql.
    name: ClassVar[str]
    #: How parameters are written: `?`, `$1` or `%s`.
    parameter_style: ClassVar[Literal["qmark", "numeric_dollar", "format"]]
    #: The most parameters that one statement may have.
    max_parameters: ClassVar[int]

    #: INSERT, UPDATE and DELETE can give rows back.
    supports_returning: bool = True
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
    #: LIKE tells upper from lower case; otherwise a binary comparison is written.
    is_like_case_sensitive: bool = True
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

    def encoder(self, kind: str) -> Callable[[Any], Any] | None:
        """Give the function that makes a driver's value of a Python value, None when it is the same.

        `kind` is that of a column type (`sql/types.py`). None never reaches an encoder.
        """
        return None

    def decoder(self, kind: str) -> Callable[[Any], Any] | None:
        """Give the function that makes a Python value of a driver's value, None when it is the same."""
        return None

    def __repr__(self) -> str:
        version = ".".join(map(str, self.version)) or "current"
        return f"<{type(self).__name__} {version}>"
