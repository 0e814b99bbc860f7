"""From what a database says to one tree of errors: by SQLSTATE, by MySQL's number, by SQLite's code.

Drivers call these and raise what they give, with the driver's error as its cause. No
message holds a value of a row: what a database prints about one is left out, and the
statement's text has parameters in the place of values. Pure.
Source: PostgreSQL 17 appendix A, MySQL 8.4 and MariaDB 10.11 error references,
sqlite.org/rescode.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from asok_engine.errors import (
    CheckError,
    DatabaseError,
    DatabaseUnavailable,
    DataError,
    DeadlockError,
    ForeignKeyError,
    IntegrityError,
    LockUnavailable,
    MissingTable,
    NotNullError,
    QueryError,
    SerializationError,
    StatementTimeout,
    TransactionFailed,
    UniqueError,
    UnknownOutcome,
)
from asok_engine.security.redaction import mask_text

__all__ = ["mysql_failure", "postgresql_failure", "sqlite_failure", "unknown_commit", "value_failure"]

_LONGEST_STATEMENT: Final = 2000

_MEANT: Final[Mapping[type[IntegrityError], str]] = {
    UniqueError: "Another row{place} has this value already",
    ForeignKeyError: "A row{place} refers to one that does not exist, or is still referred to",
    NotNullError: "A row{place} needs a value and got none",
    CheckError: "A row{place} does not pass a check",
    IntegrityError: "A row{place} would break a rule of its table",
}


def _integrity(
    kind: type[IntegrityError], *, table: str = "", columns: Sequence[str] = (), constraint: str = ""
) -> IntegrityError:
    place = f" of {table}" if table else ""
    message = _MEANT[kind].format(place=place)
    if columns:
        message += f": {', '.join(columns)}"
    if constraint:
        message += f" (constraint {constraint})"
    return kind(f"{message}.", table=table, columns=columns, constraint=constraint)


def _said(message: str) -> str:
    return mask_text(message.strip().rstrip(".")) or "nothing was said"


def _with_statement(error: DatabaseError, text: str) -> DatabaseError:
    error.statement = text[:_LONGEST_STATEMENT]
    return error


#: How SQLite, PostgreSQL and MySQL say that a table or a column is not there.
_MISSING = re.compile(
    r"no such (?:table|column)|has no column named|"
    r"(?:relation|column) \S+ (?:of relation \S+ )?does not exist|"
    r"Table '\S+' doesn't exist|Unknown column"
)
_MIGRATE: Final = (
    "If a model names it, a migration was not written or not applied: asok make migration, then asok migrate "
    "(aksara makemigrations, aksara migrate)."
)


def _query(message: str, text: str) -> QueryError:
    shown = text if len(text) <= 500 else f"{text[:500]} ..."
    told = f"The database does not accept a statement: {_said(message)}. It was: {shown}"
    return MissingTable(told, fix=_MIGRATE) if _MISSING.search(message) else QueryError(told)


def _timeout() -> StatementTimeout:
    return StatementTimeout(
        "A statement took longer than it may and was stopped.",
        fix="Make it quicker, or raise statement_timeout in the address of the database.",
    )


def _unavailable(message: str) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"The database cannot serve: {_said(message)}.",
        fix="Check that it runs and that DATABASE_URL is right.",
    )


def value_failure(reason: str, text: str) -> DatabaseError:
    """Give the error for a value that cannot be sent or stored."""
    error = DataError(f"The database cannot hold a value that was sent to it: {reason}.")
    return _with_statement(error, text)


def _too_much(what: str) -> DataError:
    """Give the error for a statement that is well formed and more than the database works on."""
    return DataError(
        f"The database does not work on what was sent to it: {what}.", fix="Ask for less at once."
    )


def unknown_commit(error: DatabaseError) -> UnknownOutcome:
    """Give the error for a COMMIT that got no answer."""
    return UnknownOutcome(
        f"The connection broke during COMMIT, and nobody knows whether it was made: {error.message}",
        fix="Look for the rows before you do it again.",
    )


# --- PostgreSQL -------------------------------------------------------------------------

_KEY = re.compile(r"\(([^()]*)\)=\(")
_POSTGRESQL: Final[Mapping[str, type[IntegrityError]]] = {
    "23505": UniqueError,
    "23503": ForeignKeyError,
    "23502": NotNullError,
    "23514": CheckError,
}


def postgresql_failure(
    code: str,
    message: str,
    text: str = "",
    *,
    table: str = "",
    column: str = "",
    constraint: str = "",
    detail: str = "",
) -> DatabaseError:
    """Give the error for a SQLSTATE of PostgreSQL; "" is a connection that broke."""
    return _with_statement(_postgresql(code, message, text, table, column, constraint, detail), text)


def _postgresql(
    code: str, message: str, text: str, table: str, column: str, constraint: str, detail: str
) -> DatabaseError:
    family = code[:2]
    if family == "23":
        columns: Sequence[str] = (column,) if column else ()
        found = _KEY.search(detail)
        if not columns and found:
            columns = [name.strip().strip('"') for name in found[1].split(",")]
        kind = _POSTGRESQL.get(code, IntegrityError)
        return _integrity(kind, table=table, columns=columns, constraint=constraint)
    if code == "40P01":
        return DeadlockError()
    if family == "40":
        return SerializationError()
    if code == "55P03":
        return LockUnavailable()
    if code == "57014":
        return _timeout()
    if code in ("25P02", "25P03"):
        return TransactionFailed(
            "This transaction cannot go on: an error before has ended it, or it was idle for too long.",
            fix="Catch errors outside of the block, or give the part that may fail a block of its own.",
        )
    if code in ("0A000", "42501", "42704", "58P01") and _PGVECTOR.search(message):
        return _no_pgvector(code, message)
    if family == "22":
        return DataError(f"The database cannot hold a value that was sent to it: {_known(code)}.")
    if code in ("54000", "54001", "54011", "54023"):
        return _too_much("a statement with too many conditions, columns or values")
    # A wrong password or name (28, 3D) is no outage, but nothing can be served either.
    if not code or family in ("08", "28", "3D", "53", "57", "58", "XX"):
        return _unavailable(message)
    return _query(message, text)


#: What PostgreSQL says of an extension that is not installed, may not be made, or was not made here.
_PGVECTOR: Final = re.compile(r'extension "vector"|vector\.control|type "vector" does not exist')


def _no_pgvector(code: str, message: str) -> DatabaseError:
    if code == "42501":
        fix = "Let a superuser run CREATE EXTENSION vector; in this database, then migrate again."
    elif code == "42704":
        fix = "Make the table by a migration, or run CREATE EXTENSION vector; in this database first."
    else:
        fix = (
            "Install pgvector on the server and migrate again; Debian and Ubuntu have it as "
            "postgresql-VERSION-pgvector in the archive of postgresql.org."
        )
    return QueryError(f"Columns of vectors need pgvector, which this PostgreSQL lacks: {message}.", fix=fix)


def _known(code: str) -> str:
    return {
        "22001": "a text is too long",
        "22003": "a number is out of range",
        "22007": "a date or time is not valid",
        "22008": "a date or time is out of range",
        "22012": "a division by zero",
        "22021": "a character that its encoding does not have, such as NUL",
        "2201B": "a regular expression is not valid",
        "22P02": "a text does not have the form of its column",
        "22P05": "a character that its encoding does not have, such as NUL",
    }.get(code, f"SQLSTATE {code}")


# --- MySQL and MariaDB ----------------------------------------------------------------------

_UNIQUE_KEY = re.compile(r"for key '(?:([^'.]+)\.)?([^']+)'")
_COLUMN = re.compile(r"(?:Column|Field) '([^']+)'")
_REFERENCE = re.compile(r"`([^`]+)`, CONSTRAINT `([^`]+)` FOREIGN KEY \(([^)]*)\)")
_CHECK = re.compile(r"(?:CONSTRAINT `|[Cc]heck constraint ')(?:[^`'.]*\.)?([^`']+)[`']")
_CHECK_TABLE = re.compile(r"for `[^`]*`\.`([^`]+)`")

_MYSQL_VALUES: Final[Mapping[int, str]] = {
    1139: "a regular expression is not valid",
    1264: "a number is out of range",
    1265: "a value does not fit its column",
    1292: "a date, time or number is not valid",
    1365: "a division by zero",
    1366: "a text does not have the form or the characters of its column",
    1367: "a number is not valid",
    1406: "a text is too long",
    1411: "a date or time is not valid",
    1690: "a number is out of range",
    3140: "a text is no JSON",
    **dict.fromkeys(range(3685, 3697), "a regular expression is not valid"),
    3699: "a regular expression takes too long",
}
_MYSQL_OUTAGES: Final = frozenset(
    # Too many connections, shut down, killed, disk full, access denied, unknown database; 2xxx: the client's.
    {1021, 1040, 1041, 1042, 1043, 1044, 1045, 1049, 1053, 1077, 1079, 1114, 1129, 1130, 1152, 1158, 1159}
    | {1160, 1161, 1184, 1203, 1226, 1290, 1698, 1836, 1927, 3168, 4031}
    | set(range(2000, 2062))
)


def mysql_failure(number: int, message: str, text: str = "") -> DatabaseError:
    """Give the error for an error number of MySQL or MariaDB; 0 is a connection that broke."""
    return _with_statement(_mysql(number, message, text), text)


def _mysql(number: int, message: str, text: str) -> DatabaseError:
    if number in (1022, 1062, 1169, 1586):
        found = _UNIQUE_KEY.search(message)
        table, constraint = (found[1] or "", found[2]) if found else ("", "")
        return _integrity(UniqueError, table=table, constraint=constraint)
    if number in (1048, 1364):
        found = _COLUMN.search(message)
        return _integrity(NotNullError, columns=(found[1],) if found else ())
    if number in (1216, 1217, 1451, 1452):
        found = _REFERENCE.search(message)
        if found is None:
            return _integrity(ForeignKeyError)
        columns = [name.strip().strip("`") for name in found[3].split(",")]
        return _integrity(ForeignKeyError, table=found[1], columns=columns, constraint=found[2])
    if number in (3819, 4025):
        found, where = _CHECK.search(message), _CHECK_TABLE.search(message)
        return _integrity(CheckError, table=where[1] if where else "", constraint=found[1] if found else "")
    if number == 1213:
        return DeadlockError()
    if number == 1020:
        return SerializationError()
    if number in (1205, 3572, 1222):
        return LockUnavailable()
    if number in (1317, 1969, 3024):
        return _timeout()
    if number in _MYSQL_VALUES:
        return DataError(f"The database cannot hold a value that was sent to it: {_MYSQL_VALUES[number]}.")
    if number in (1116, 1117, 1436, 3170):
        return _too_much("a statement with too many conditions, tables or columns")
    if not number or number in _MYSQL_OUTAGES:
        return _unavailable(message)
    return _query(message, text)


# --- SQLite -----------------------------------------------------------------------------------

_SQLITE: Final[Mapping[str, type[IntegrityError]]] = {
    "SQLITE_CONSTRAINT_UNIQUE": UniqueError,
    "SQLITE_CONSTRAINT_PRIMARYKEY": UniqueError,
    "SQLITE_CONSTRAINT_ROWID": UniqueError,
    "SQLITE_CONSTRAINT_FOREIGNKEY": ForeignKeyError,
    "SQLITE_CONSTRAINT_NOTNULL": NotNullError,
    "SQLITE_CONSTRAINT_CHECK": CheckError,
}


#: What SQLite says when a limit of sqlite.org/limits.html is passed; the code is the one of a bad statement.
_SQLITE_LIMITS: Final[Mapping[str, str]] = {
    "LIKE or GLOB pattern too complex": "a text to look for that is too long",
    "Expression tree is too large": "a condition with too many parts",
    "parser stack overflow": "a condition whose parts stand too deep in each other",
    "too many SQL variables": "too many values",
    "too many columns": "too many columns",
    "too many terms": "too many terms",
    "at most 64 tables": "too many joined tables",
}


def sqlite_failure(name: str, message: str, text: str = "") -> DatabaseError:
    """Give the error for the name of a result code of SQLite, such as SQLITE_CONSTRAINT_UNIQUE."""
    return _with_statement(_sqlite(name, message, text), text)


def _sqlite(name: str, message: str, text: str) -> DatabaseError:
    if name.startswith("SQLITE_CONSTRAINT"):
        kind = _SQLITE.get(name, IntegrityError)
        _, _, rule = message.partition("constraint failed: ")
        if kind is CheckError:
            return _integrity(kind, constraint=rule)
        if rule.startswith("index '"):
            return _integrity(kind, constraint=rule[7:-1])
        pairs = [part.strip().rpartition(".") for part in rule.split(",")] if rule else []
        table = pairs[0][0] if pairs else ""
        return _integrity(kind, table=table, columns=[pair[2] for pair in pairs])
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LockUnavailable(
            "Another connection held the SQLite database for too long.",
            fix="Make transactions short, or raise busy_timeout in the address of the database.",
        )
    for said, what in _SQLITE_LIMITS.items():
        if message.startswith(said):
            return _too_much(what)
    if name == "SQLITE_INTERRUPT":
        return _timeout()
    if name in ("SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE"):
        return DataError(f"The database cannot hold a value that was sent to it: {_said(message)}.")
    if name.startswith(
        ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_CORRUPT")
    ) or name in ("SQLITE_NOTADB", "SQLITE_PERM", "SQLITE_NOMEM", "SQLITE_PROTOCOL", "SQLITE_AUTH"):
        return _unavailable(message)
    return _query(message, text)
