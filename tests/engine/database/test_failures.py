"""What databases say becomes one tree of errors, without the values that they print."""

from __future__ import annotations

import pytest

from asok_engine.database.failures import (
    mysql_failure,
    postgresql_failure,
    sqlite_failure,
    unknown_commit,
    value_failure,
)
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


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("23505", UniqueError),
        ("23503", ForeignKeyError),
        ("23502", NotNullError),
        ("23514", CheckError),
        ("23P01", IntegrityError),
        ("40P01", DeadlockError),
        ("40001", SerializationError),
        ("55P03", LockUnavailable),
        ("57014", StatementTimeout),
        ("25P02", TransactionFailed),
        ("22P05", DataError),
        ("22003", DataError),
        ("57P01", DatabaseUnavailable),
        ("53300", DatabaseUnavailable),
        ("53100", DatabaseUnavailable),
        ("28P01", DatabaseUnavailable),
        ("08006", DatabaseUnavailable),
        ("", DatabaseUnavailable),
        ("42601", QueryError),
        ("42P01", QueryError),
        ("0A000", QueryError),
    ],
)
def test_sqlstate_decides_the_kind(code: str, kind: type[DatabaseError]) -> None:
    """Each SQLSTATE has its kind of error, which carries the statement."""
    error = postgresql_failure(code, "said", "SELECT 1")
    assert type(error) is kind
    assert error.statement == "SELECT 1"


def test_columns_of_postgresql_come_from_the_detail() -> None:
    """The detail names the columns, and its values stay out of the message."""
    error = postgresql_failure(
        "23505",
        'duplicate key value violates unique constraint "u"',
        table="people",
        constraint="u",
        detail='Key (email, "Org")=(ann@example.com, 7) already exists.',
    )
    assert isinstance(error, UniqueError)
    assert (error.table, error.columns, error.constraint) == ("people", ("email", "Org"), "u")
    assert "ann@example.com" not in str(error)


@pytest.mark.parametrize(
    ("number", "message", "kind"),
    [
        (1062, "Duplicate entry 'ann@example.com' for key 'people.email'", UniqueError),
        (1048, "Column 'email' cannot be null", NotNullError),
        (1452, "Cannot add or update a child row: a foreign key constraint fails", ForeignKeyError),
        (4025, "CONSTRAINT `positive` failed for `db`.`people`", CheckError),
        (3819, "Check constraint 'positive' is violated.", CheckError),
        (1213, "Deadlock found", DeadlockError),
        (1020, "Record has changed since last read", SerializationError),
        (1205, "Lock wait timeout exceeded", LockUnavailable),
        (1969, "Query execution was interrupted (max_statement_time exceeded)", StatementTimeout),
        (3024, "maximum statement execution time exceeded", StatementTimeout),
        (1406, "Data too long for column 'email' at row 1", DataError),
        (1264, "Out of range value", DataError),
        (1045, "Access denied", DatabaseUnavailable),
        (2013, "Lost connection", DatabaseUnavailable),
        (0, "gone", DatabaseUnavailable),
        (1064, "You have an error in your SQL syntax", QueryError),
        (1146, "Table 'db.x' doesn't exist", MissingTable),
    ],
)
def test_number_of_mysql_decides_the_kind(number: int, message: str, kind: type[DatabaseError]) -> None:
    """Each number of MySQL and MariaDB has its kind of error; values stay out of the message."""
    error = mysql_failure(number, message, "SELECT 1")
    assert type(error) is kind
    assert "ann@example.com" not in str(error)


def test_rules_of_mysql_are_named() -> None:
    """Table, columns and constraint are read from what the server says."""
    unique = mysql_failure(1062, "Duplicate entry 'x' for key 'people.email'")
    assert isinstance(unique, UniqueError)
    assert (unique.table, unique.constraint) == ("people", "email")
    reference = mysql_failure(
        1452,
        "Cannot add or update a child row: a foreign key constraint fails (`db`.`pets`, CONSTRAINT `owner` "
        "FOREIGN KEY (`owner_id`) REFERENCES `people` (`id`))",
    )
    assert isinstance(reference, ForeignKeyError)
    assert (reference.table, reference.columns, reference.constraint) == ("pets", ("owner_id",), "owner")
    check = mysql_failure(4025, "CONSTRAINT `positive` failed for `db`.`people`")
    assert isinstance(check, CheckError)
    assert (check.table, check.constraint) == ("people", "positive")


@pytest.mark.parametrize(
    ("name", "message", "kind"),
    [
        ("SQLITE_CONSTRAINT_UNIQUE", "UNIQUE constraint failed: people.email, people.org", UniqueError),
        ("SQLITE_CONSTRAINT_UNIQUE", "UNIQUE constraint failed: index 'lowered'", UniqueError),
        ("SQLITE_CONSTRAINT_PRIMARYKEY", "UNIQUE constraint failed: people.id", UniqueError),
        ("SQLITE_CONSTRAINT_FOREIGNKEY", "FOREIGN KEY constraint failed", ForeignKeyError),
        ("SQLITE_CONSTRAINT_NOTNULL", "NOT NULL constraint failed: people.email", NotNullError),
        ("SQLITE_CONSTRAINT_CHECK", "CHECK constraint failed: positive", CheckError),
        ("SQLITE_CONSTRAINT_TRIGGER", "stop", IntegrityError),
        ("SQLITE_BUSY", "database is locked", LockUnavailable),
        ("SQLITE_BUSY_SNAPSHOT", "database is locked", LockUnavailable),
        ("SQLITE_INTERRUPT", "interrupted", StatementTimeout),
        ("SQLITE_TOOBIG", "string or blob too big", DataError),
        ("SQLITE_FULL", "database or disk is full", DatabaseUnavailable),
        ("SQLITE_CANTOPEN", "unable to open database file", DatabaseUnavailable),
        ("SQLITE_ERROR", "no such table: x", MissingTable),
        ("", "Incorrect number of bindings supplied", QueryError),
    ],
)
def test_code_of_sqlite_decides_the_kind(name: str, message: str, kind: type[DatabaseError]) -> None:
    """Each result code of SQLite has its kind of error."""
    assert type(sqlite_failure(name, message, "SELECT 1")) is kind


def test_rules_of_sqlite_are_named() -> None:
    """Table and columns, or the index, are read from what SQLite says."""
    unique = sqlite_failure("SQLITE_CONSTRAINT_UNIQUE", "UNIQUE constraint failed: people.email, people.org")
    assert isinstance(unique, UniqueError)
    assert (unique.table, unique.columns) == ("people", ("email", "org"))
    index = sqlite_failure("SQLITE_CONSTRAINT_UNIQUE", "UNIQUE constraint failed: index 'lowered'")
    assert isinstance(index, UniqueError)
    assert (index.table, index.constraint) == ("", "lowered")


def test_long_statements_and_secrets_are_cut() -> None:
    """A message shows the beginning of a long statement, and no password of an address."""
    error = postgresql_failure("42601", "near postgresql://u:hidden-word@h/db", "SELECT " + "x" * 9000)
    assert len(str(error)) < 900
    assert len(error.statement) == 2000
    assert "hidden-word" not in str(error)


def test_refused_value_is_the_clients_fault() -> None:
    """A value that cannot be sent is a DataError with status 400."""
    error = value_failure("a text is not valid Unicode", "SELECT ?")
    assert isinstance(error, DataError)
    assert error.status == 400


def test_commit_without_an_answer_is_unknown() -> None:
    """It is no DatabaseUnavailable: who repeats those would repeat a change that was made."""
    error = unknown_commit(DatabaseUnavailable("cut"))
    assert isinstance(error, UnknownOutcome)
    assert not isinstance(error, DatabaseUnavailable)
    assert error.status == 503


@pytest.mark.parametrize(
    "error",
    [
        sqlite_failure("SQLITE_ERROR", "LIKE or GLOB pattern too complex"),
        sqlite_failure("SQLITE_ERROR", "Expression tree is too large (maximum depth 1000)"),
        sqlite_failure("SQLITE_ERROR", "parser stack overflow"),
        sqlite_failure("SQLITE_ERROR", "too many SQL variables"),
        postgresql_failure("54001", "stack depth limit exceeded"),
        postgresql_failure("2201B", "invalid regular expression: parentheses () not balanced"),
        mysql_failure(1139, "Regex error 'missing closing parenthesis at offset 1'"),
        mysql_failure(3692, "Mismatched parenthesis in regular expression."),
        mysql_failure(1436, "Thread stack overrun"),
    ],
)
def test_more_than_a_database_works_on_is_the_clients_fault(error: DatabaseError) -> None:
    """A pattern or a condition from outside that passes a limit is answered with 400 and a plain word."""
    assert isinstance(error, DataError)
    assert error.status == 400
    assert "regular expression" in str(error) or "too" in str(error)


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        ("0A000", 'extension "vector" is not available', "Install pgvector"),
        (
            "58P01",
            'could not open extension control file "/x/vector.control": No such file',
            "Install pgvector",
        ),
        ("42501", 'permission denied to create extension "vector"', "superuser"),
        ("42704", 'type "vector" does not exist', "CREATE EXTENSION"),
    ],
)
def test_missing_pgvector_is_told_with_what_to_install(code: str, message: str, advice: str) -> None:
    """Whatever word the server has for it; another missing type is an error like any other."""
    error = postgresql_failure(code, message)
    assert isinstance(error, QueryError)
    assert "pgvector" in str(error)
    assert advice in str(error)
    assert "pgvector" not in str(postgresql_failure("42704", 'type "colour" does not exist'))
