"""The one connection over which a migration command speaks to a database.

SQLAlchemy's engine holds it, and only here: no pool, no transaction that begins by
itself, statements sent as they are. Transactions are begun and ended by name, so
that SQLite's and PostgreSQL's can hold changes of tables. An error of the driver
becomes a `MigrationError` that shows the statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from asok_engine.database.drivers.sessions import tls_context
from asok_engine.database.urls import DatabaseOptions, parse_url
from asok_engine.errors import DatabaseError, SetupError
from asok_engine.migrations.steps import Probe
from asok_engine.sql.metadata import DialectName

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["Data", "Link", "MigrationError", "open_link"]

#: SQLSTATE and errno of "another holds the lock": they are worth another try.
_BUSY = {"55P03", "40P01", "40001", 1205, 1213}
_BEGIN: dict[str, dict[str, str]] = {
    "": {"sqlite": "BEGIN IMMEDIATE"},
    "snapshot": {
        "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "mysql": "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        "mariadb": "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    },
}
#: SQLAlchemy's name of the driver, the package that must be there, and the extra that installs it.
_DRIVERS = {
    "sqlite": ("sqlite", "sqlite3", ""),
    "postgresql": ("postgresql+psycopg", "psycopg", "postgres"),
    "mysql": ("mysql+pymysql", "pymysql", "mysql"),
}


class MigrationError(DatabaseError):
    """The database refused a step of a migration."""

    code = "migration"

    def __init__(
        self, message: str = "", *, fix: str = "", statement: str = "", is_busy: bool = False
    ) -> None:
        super().__init__(message, fix=fix)
        self.statement = statement
        #: Another session holds what this one waits for; trying again may help.
        self.is_busy = is_busy


class Link:
    """One open connection. Close it when done, or use it as a context manager."""

    def __init__(self, engine: sa.Engine, connection: sa.Connection, address: str) -> None:
        self.connection = connection
        self.address = address
        self.in_transaction = False
        self._engine = engine
        dialect: Any = connection.dialect
        self.dialect: DialectName = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name

    @property
    def has_transactional_ddl(self) -> bool:
        """Whether changes of tables can be rolled back."""
        return self.dialect in ("sqlite", "postgresql")

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; a transaction that is open is rolled back by the database."""
        self.connection.close()
        self._engine.dispose()

    def run(self, text: str) -> int:
        """Run one statement as it stands and give the number of rows affected, -1 where that is unknown."""
        with _told(text):
            result = self.connection.exec_driver_sql(text, execution_options={"no_parameters": True})
            count = result.rowcount
            result.close()
            return count

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Run one statement as it stands and give its rows."""
        with _told(text):
            result = self.connection.exec_driver_sql(text, execution_options={"no_parameters": True})
            return [tuple(row) for row in result]

    def execute(self, text: str, parameters: Mapping[str, Any]) -> sa.CursorResult[Any]:
        """Run a statement with `:name` parameters."""
        import sqlalchemy

        with _told(text):
            values = {name: _plain(value, self.dialect) for name, value in parameters.items()}
            return self.connection.execute(sqlalchemy.text(text), values)

    def stream(self, text: str) -> Iterator[tuple[Any, ...]]:
        """Run a query inside a transaction and give its rows one by one, without holding all of them."""
        with _told(text):
            options = {"no_parameters": True, "stream_results": True, "yield_per": 500}
            for row in self.connection.exec_driver_sql(text, execution_options=options):
                yield tuple(row)

    @contextmanager
    def transaction(self, isolation: Literal["", "snapshot"] = "") -> Iterator[None]:
        """Commit what happens inside, or roll it back.

        On SQLite no one else writes meanwhile. A `snapshot` is for reading: it sees
        the rows of one moment and holds up nobody.
        """
        self.run(_BEGIN[isolation].get(self.dialect, "BEGIN"))
        self.in_transaction = True
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self.in_transaction = False

    def _roll_back(self) -> None:
        try:
            self.run("ROLLBACK")
        except MigrationError:
            # The connection is gone, and with it the transaction; the error that led here is the one to show.
            return

    def holds(self, probe: Probe) -> bool:
        """Look whether what a probe asks for is there."""
        import sqlalchemy

        with _told(f"look for {probe.what} {probe.name or probe.table}"):
            inspector = sqlalchemy.inspect(self.connection)
            schema, _, table = probe.table.rpartition(".")
            place = {"schema": schema or None}
            found = inspector.has_table(table, **place)
            if found and probe.what == "column":
                found = probe.name in [each["name"] for each in inspector.get_columns(table, **place)]
            elif found and probe.what == "index":
                found = probe.name in [each["name"] for each in inspector.get_indexes(table, **place)]
            elif found and probe.what == "constraint":
                names = [each["name"] for each in inspector.get_unique_constraints(table, **place)]
                names += [each["name"] for each in inspector.get_foreign_keys(table, **place)]
                names += [each["name"] for each in inspector.get_check_constraints(table, **place)]
                found = probe.name in names
            return found is probe.is_there


class Data:
    """What a data migration reads and writes rows with.

    Statements are SQL with `:name` parameters. A value may be any that a column
    holds; dicts and lists go in as JSON.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def dialect(self) -> str:
        """The kind of database: sqlite, postgresql, mysql or mariadb."""
        return self._link.dialect

    def execute(self, statement: str, /, **parameters: Any) -> int:
        """Run a statement and give the number of rows affected."""
        result = self._link.execute(statement, parameters)
        count: int = result.rowcount
        result.close()
        return count

    def rows(self, statement: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """Run a query and give its rows as dicts."""
        return [dict(row) for row in self._link.execute(statement, parameters).mappings()]

    def batches(
        self, statement: str, /, *, key: str = "id", size: int = 1000, **parameters: Any
    ) -> Iterator[list[dict[str, Any]]]:
        """Read a large table piece by piece.

        `statement` must have `:after` and `:size`, in the form
        `SELECT id, ... WHERE id > :after ORDER BY id LIMIT :size`; `:after` begins at
        the `after` that is given, 0 by default.
        """
        after = parameters.pop("after", 0)
        while rows := self.rows(statement, after=after, size=size, **parameters):
            yield rows
            after = rows[-1][key]


def open_link(database: DatabaseOptions | str, *, wait_seconds: float = 30.0) -> Link:
    """Connect to a database, given by its options or its address.

    `wait_seconds` is how long SQLite waits for another writer.

    Raises:
        SetupError: the address is of no database that we know, or its driver is missing.
        MigrationError: the database does not answer.
    """
    import sqlalchemy

    options = parse_url(database) if isinstance(database, str) else database
    if options.kind == "sqlite" and options.name and not Path(options.name).absolute().parent.is_dir():
        folder = Path(options.name).absolute().parent
        raise MigrationError(
            f"The folder {str(folder)!r} of the database does not exist.", fix=f"Make it: mkdir -p {folder}"
        )
    driver, module, extra = _DRIVERS[options.kind]
    url = sqlalchemy.URL.create(
        driver,
        username=options.user or None,
        password=options.password or None,
        host=options.host or None,
        port=options.port or None,
        database=options.name or None,
    )
    try:
        engine = sqlalchemy.create_engine(
            url,
            poolclass=sqlalchemy.NullPool,
            connect_args=_connect_arguments(options, wait_seconds),
            isolation_level="AUTOCOMMIT",
        )
    except ImportError as error:
        raise SetupError(
            f"{options.kind} needs the package {module}.", fix=f'Install it: pip install "asok[{extra}]"'
        ) from error
    address = options.address
    try:
        connection = engine.connect()
    except sqlalchemy.exc.DBAPIError as error:
        engine.dispose()
        raise MigrationError(
            f"The database {address} does not answer: {_first_line(error)}.",
            fix="Check DATABASE_URL, and that the server runs.",
        ) from error
    link = Link(engine, connection, address)
    if link.dialect == "sqlite":
        link.run("PRAGMA foreign_keys = ON")
    elif link.dialect == "postgresql":
        link.run("SET TIME ZONE 'UTC'")
        # Why: a limit for the statements of an application would cut off a long change of a table.
        link.run("SET statement_timeout = 0")
    else:
        link.run("SET time_zone = '+00:00'")
        link.run("SET sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")
    return link


def _connect_arguments(options: DatabaseOptions, wait_seconds: float) -> dict[str, Any]:
    """Give what the driver is told besides the address."""
    if options.kind == "sqlite":
        # Why None: the driver would begin and end transactions by itself.
        return {"isolation_level": None, "timeout": wait_seconds}
    seconds = max(1, round(options.connect_timeout))
    if options.kind == "mysql":
        return {
            "charset": "utf8mb4",
            "connect_timeout": seconds,
            "ssl": tls_context(options),
            "unix_socket": options.unix_socket or None,
        }
    arguments: dict[str, Any] = {
        "application_name": f"{options.application_name} migrate",
        "connect_timeout": seconds,
        "sslmode": options.sslmode,
    }
    if options.sslrootcert:
        arguments["sslrootcert"] = options.sslrootcert
    if options.unix_socket:
        arguments["host"] = options.unix_socket
    return arguments


#: What helps where a migration makes what somebody has made already.
_ALREADY = (
    "If it is as the migration makes it, note the migration as done, with --fake and --to; else drop it."
)


@contextmanager
def _told(text: str) -> Iterator[None]:
    import sqlalchemy

    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        original: Any = error.orig
        code = getattr(original, "sqlstate", None) or (getattr(original, "args", None) or [None])[0]
        is_busy = code in _BUSY or "database is locked" in str(original)
        shown = " ".join(text.split())
        raise MigrationError(
            f"The database refused {shown[:200]!r}: {_first_line(error)}.",
            fix=_ALREADY if "already exists" in str(original) else "",
            statement=text,
            is_busy=is_busy,
        ) from error


def _first_line(error: Any) -> str:
    original = getattr(error, "orig", None) or error
    arguments: tuple[Any, ...] = getattr(original, "args", ())
    text = str(arguments[1]) if len(arguments) == 2 and isinstance(arguments[0], int) else str(original)
    return text.strip().partition("\n")[0].rstrip(".")


def _plain(value: Any, dialect: DialectName) -> Any:
    """Give a value in a form that every driver of the dialect takes."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    if dialect == "postgresql" or value is None or isinstance(value, str | int | float | bytes):
        return value
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return moment.isoformat(" ", timespec="microseconds") if dialect == "sqlite" else moment
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    if isinstance(value, UUID):
        return str(value)
    if dialect == "sqlite" and isinstance(value, date | time):
        return value.isoformat()
    if dialect == "sqlite" and isinstance(value, Decimal):
        return str(value)
    return value
