"""What every driver promises, plain and async, on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from asok_engine.database.databases import Database, databases
from asok_engine.database.running import run, run_async, run_one, run_one_async
from asok_engine.database.urls import parse_url
from asok_engine.errors import (
    CheckError,
    DatabaseError,
    DatabaseUnavailable,
    DataError,
    ForeignKeyError,
    IntegrityError,
    NotNullError,
    QueryError,
    StatementTimeout,
    TransactionFailed,
    UniqueError,
)
from asok_engine.records.steps import AskDialect, Atomic, Plan, Stream
from asok_engine.sql.raw import Raw
from tests.plans import change, change_many, create, read, sql
from tests.servers import MariaProcess, PostgresProcess

Perform = Callable[[Plan[Any]], Any]


def rows_of(rows: Any) -> list[tuple[Any, ...]]:
    """Give rows of whatever driver as tuples."""
    return [tuple(row) for row in rows]


def test_rows_come_with_names_where_nobody_knows_the_columns(database: Database, perform: Perform) -> None:
    """The first row has the names, for a statement that somebody else wrote; values are apart."""

    def plan() -> Plan[Any]:
        found = yield Raw("SELECT 1 AS one, CAST(? AS CHAR(1)) AS two", ["2"], "named")
        nothing = yield Raw("SELECT 1 AS one WHERE 1 = 0", (), "named")
        return [tuple(row) for row in found], nothing[1:]

    assert perform(plan()) == ([("one", "two"), (1, "2")], [])


def test_rows_counts_and_many(database: Database, perform: Perform) -> None:
    """Rows come as sequences in order, changes give the number of rows, many rows go in at once."""

    def plan() -> Plan[Any]:
        yield from create()
        assert (yield change("INSERT INTO t (id, n, s) VALUES (?, ?, ?)", 1, 10, "one")) == 1
        added = yield change_many(
            "INSERT INTO t (id, n, s) VALUES (?, ?, ?)", [(i, i * 10, None) for i in range(2, 12)]
        )
        assert added == 10
        assert (yield change("UPDATE t SET n = n + 1 WHERE id > ?", 5)) == 6
        assert (yield change("DELETE FROM t WHERE id = ?", 999)) == 0
        return (yield read("SELECT id, n, s FROM t WHERE id < ? ORDER BY id", 3))

    assert rows_of(perform(plan())) == [(1, 10, "one"), (2, 20, None)]


def test_update_counts_the_rows_it_found(database: Database, perform: Perform) -> None:
    """A change that changes nothing has still found its row: the number is the same on every database."""

    def plan() -> Plan[Any]:
        yield from create()
        yield change("INSERT INTO t (id, n) VALUES (1, 5)")
        return (yield change("UPDATE t SET n = ? WHERE id = ?", 5, 1))

    assert perform(plan()) == 1


def test_many_rows_go_in_all_or_none(database: Database, perform: Perform) -> None:
    """A row that is refused takes those before it with it."""

    def plan() -> Plan[Any]:
        yield from create()
        with pytest.raises(UniqueError):
            yield change_many("INSERT INTO t (id, n) VALUES (?, ?)", [(1, 1), (2, 2), (1, 3)])
        return (yield read("SELECT count(*) FROM t"))

    assert rows_of(perform(plan())) == [(0,)]


def test_inserted_key_is_given(database: Database, perform: Perform) -> None:
    """The key that the database made comes back with the statement that made it."""
    column = {
        "sqlite": "id integer primary key",
        "postgresql": "id serial primary key",
        "mysql": "id integer primary key auto_increment",
    }[database.options.kind]

    def plan() -> Plan[Any]:
        yield from create(f"{column}, n integer")
        dialect = yield AskDialect()
        returning = " RETURNING id" if dialect.name == "postgresql" else ""
        keys = []
        for number in range(3):
            text = f"INSERT INTO t (n) VALUES (?){returning}"
            keys.append((yield sql(text, number, returns="key", writes=True)))
        return keys

    assert perform(plan()) == [1, 2, 3]


def test_text_survives_in_full(database: Database, perform: Perform) -> None:
    """Quotes, percent signs, question marks, backslashes and characters beyond the first plane are text."""
    texts = ['it\'s "so"', "100 % sure?", "a\\nb\\", "😀 ₂ ä", "$1 :name %s", ""]

    def plan() -> Plan[Any]:
        yield from create("id integer primary key, s text")
        for number, text in enumerate(texts):
            yield change("INSERT INTO t (id, s) VALUES (?, ?)", number, text)
        return (yield read("SELECT s FROM t ORDER BY id"))

    assert [row[0] for row in perform(plan())] == texts


def test_bytes_survive_in_full(database: Database, perform: Perform) -> None:
    """Every byte comes back as it went."""
    column = {"sqlite": "blob", "postgresql": "bytea", "mysql": "longblob"}[database.options.kind]
    value = bytes(range(256)) * 3

    def plan() -> Plan[Any]:
        yield from create(f"id integer primary key, b {column}")
        yield change("INSERT INTO t (id, b) VALUES (?, ?)", 1, value)
        return (yield read("SELECT b FROM t"))

    assert bytes(perform(plan())[0][0]) == value


RULES = (
    "id integer primary key, parent_id integer, n integer NOT NULL, s varchar(5) UNIQUE, "
    "CONSTRAINT positive CHECK (n > 0), CONSTRAINT has_parent FOREIGN KEY (parent_id) REFERENCES t (id)"
)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((1, None, 1, "b"), UniqueError),
        ((2, None, 1, "a"), UniqueError),
        ((2, 99, 1, "b"), ForeignKeyError),
        ((2, None, None, "b"), NotNullError),
        ((2, None, -1, "b"), CheckError),
    ],
)
def test_rules_of_the_database_have_their_errors(
    database: Database, perform: Perform, values: tuple[Any, ...], kind: type[IntegrityError]
) -> None:
    """What breaks a rule is named by the kind of rule; the message has no value of a row in it."""

    def plan() -> Plan[Any]:
        yield from create(RULES)
        yield change("INSERT INTO t (id, n, s) VALUES (1, 1, 'a')")
        yield change("INSERT INTO t (id, parent_id, n, s) VALUES (?, ?, ?, ?)", *values)

    with pytest.raises(kind) as caught:
        perform(plan())
    error = caught.value
    assert type(error) is kind
    assert error.status == 409
    assert error.__cause__ is not None
    assert error.statement.startswith("INSERT INTO t")
    assert "99" not in str(error)
    if kind is NotNullError:
        assert error.columns == ("n",)
    elif kind is UniqueError:
        assert error.columns or error.constraint
    elif kind is CheckError:
        assert error.constraint == "positive"


def test_statement_that_is_not_understood_is_a_query_error(database: Database, perform: Perform) -> None:
    """A wrong word and a missing table are the program's fault, and show the statement."""

    def plan(text: str) -> Plan[Any]:
        yield read(text)

    for text in ("SELEC 1", "SELECT * FROM nowhere_to_be_found"):
        with pytest.raises(QueryError, match=r"SELEC") as caught:
            perform(plan(text))
        assert caught.value.status == 500
        assert caught.value.statement == text


@pytest.mark.parametrize("statement", ["SELECT id FROM nowhere", "SELECT absent FROM t"])
def test_missing_table_or_column_names_the_command(
    database: Database, perform: Perform, statement: str
) -> None:
    """Who forgot to migrate reads how; a slip of another kind gets no such advice."""

    def plan() -> Plan[Any]:
        yield from create()
        yield read(statement)

    with pytest.raises(QueryError) as caught:
        perform(plan())
    assert "asok migrate" in caught.value.fix

    def slip() -> Plan[Any]:
        yield read("SELEC 1")

    with pytest.raises(QueryError) as other:
        perform(slip())
    assert other.value.fix == ""


@pytest.mark.parametrize("value", ["a\0b", "a\ud800b"])
def test_text_that_cannot_be_stored_is_the_clients_fault(
    database: Database, perform: Perform, value: str
) -> None:
    """A NUL or half a surrogate pair is kept whole, or refused with 400; it is never a 500 (hostile 26 to 28)."""

    def plan() -> Plan[Any]:
        yield from create()
        yield change("INSERT INTO t (id, n, s) VALUES (1, 1, ?)", value)
        return (yield read("SELECT s FROM t"))

    try:
        stored = perform(plan())
    except DataError as error:
        assert error.status == 400
        assert value not in str(error)
    else:
        assert value == "a\0b"
        assert rows_of(stored) == [(value,)]


def test_nul_is_refused_by_postgresql(postgres_url: str, perform: Perform) -> None:
    """PostgreSQL cannot hold a NUL; both drivers say so as a DataError."""
    databases.configure({"default": parse_url(postgres_url)})

    def plan() -> Plan[Any]:
        yield from create()
        with pytest.raises(DataError):
            yield change("INSERT INTO t (id, n, s) VALUES (1, 1, ?)", "a\0b")
        return (yield read("SELECT count(*) FROM t"))

    try:
        assert rows_of(perform(plan())) == [(0,)]
    finally:
        databases.close()


def test_number_out_of_range_is_refused(database: Database, perform: Perform) -> None:
    """What does not fit is a DataError, never a silently different number."""

    def plan() -> Plan[Any]:
        yield from create("id smallint primary key")
        yield change("INSERT INTO t (id) VALUES (?)", 2**70)

    with pytest.raises(DataError):
        perform(plan())


def test_stream_comes_in_pieces(database: Database, perform: Perform) -> None:
    """A stream gives all rows, in order, at most `size` at a time; the connection is free afterwards."""

    def fill() -> Plan[Any]:
        yield from create()
        yield change_many("INSERT INTO t (id, n) VALUES (?, ?)", [(i, i) for i in range(1, 26)])

    def plan() -> Plan[Any]:
        return (yield Stream(read("SELECT id FROM t ORDER BY id"), 10))

    run(fill())
    pieces = [rows_of(piece) for piece in run(plan())]
    assert [len(piece) for piece in pieces] == [10, 10, 5]
    assert [row[0] for piece in pieces for row in piece] == list(range(1, 26))
    assert database.plain.pool.size == database.plain.pool.idle

    async def read_async() -> list[int]:
        try:
            return [len(piece) async for piece in await run_async(plan())]
        finally:
            await database.close_async()

    assert asyncio.run(read_async()) == [10, 10, 5]


def test_stream_that_is_left_early_frees_its_connection(database: Database) -> None:
    """A loop that breaks gives the connection back, and the next statement gets its own answer."""

    def fill() -> Plan[Any]:
        yield from create()
        yield change_many("INSERT INTO t (id, n) VALUES (?, ?)", [(i, i) for i in range(1, 2001)])

    def plan() -> Plan[Any]:
        return (yield Stream(read("SELECT id FROM t ORDER BY id"), 10))

    run(fill())
    pieces = run(plan())
    assert len(next(pieces)) == 10
    pieces.close()
    assert rows_of(run_one(read("SELECT max(id) FROM t"))) == [(2000,)]

    async def leave() -> Any:
        pieces = await run_async(plan())
        assert len(await anext(pieces)) == 10
        await pieces.aclose()
        try:
            return await run_one_async(read("SELECT max(id) FROM t"))
        finally:
            await database.close_async()

    assert rows_of(asyncio.run(leave())) == [(2000,)]


def test_statements_may_run_between_the_pieces_of_a_stream(database: Database, perform: Perform) -> None:
    """Inside of a transaction, rows are changed while the rest of them is still being read."""

    def fill() -> Plan[Any]:
        yield from create()
        yield change_many("INSERT INTO t (id, n) VALUES (?, ?)", [(i, 0) for i in range(1, 31)])

    def plain() -> Plan[Any]:
        pieces = yield Stream(read("SELECT id FROM t ORDER BY id"), 10)
        for piece in pieces:
            for row in piece:
                yield change("UPDATE t SET n = id WHERE id = ?", row[0])
        return (yield read("SELECT sum(n) FROM t"))

    def around() -> Plan[Any]:
        return (yield Atomic(plain()))

    run(fill())
    assert int(run(around())[0][0]) == 465


def test_session_speaks_utc(database: Database, perform: Perform) -> None:
    """The server's clock is told in UTC whatever its own zone is; the tests' servers stand in Tokyo."""
    text = {
        "sqlite": "SELECT '+00:00'",
        "postgresql": "SELECT current_setting('TimeZone')",
        "mysql": "SELECT @@session.time_zone",
    }[database.options.kind]

    def plan() -> Plan[Any]:
        return (yield read(text))

    assert perform(plan())[0][0] in ("UTC", "+00:00")


def test_json_of_postgresql_comes_as_text(postgres_url: str, perform: Perform) -> None:
    """JSON and addresses go and come as text: the dialect, not the driver, reads them."""
    databases.configure({"default": parse_url(postgres_url)})
    query = "SELECT '{\"a\": [1]}'::json, '{\"a\": [1]}'::jsonb, '10.0.0.0/8'::cidr, '10.0.0.1'::inet"

    def plan() -> Plan[Any]:
        return (yield read(query))

    try:
        assert rows_of(perform(plan())) == [('{"a": [1]}', '{"a": [1]}', "10.0.0.0/8", "10.0.0.1")]
    finally:
        databases.close()


def test_labels_and_unknown_types_of_postgresql_come_as_text(postgres_url: str, perform: Perform) -> None:
    """A type that no driver knows, such as an enum, is read as its text."""
    databases.configure({"default": parse_url(postgres_url)})

    def plan() -> Plan[Any]:
        yield change("CREATE TYPE mood AS ENUM ('glad', 'sad')")
        return (yield read("SELECT 'glad'::mood"))

    try:
        assert rows_of(perform(plan())) == [("glad",)]
    finally:
        databases.close()


SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "postgresql": "SELECT 1 FROM pg_sleep(30)",
    "mysql": "SELECT sleep(30) FROM (SELECT 1) AS x",
}


def test_statement_that_takes_too_long_is_stopped(database_url: str, perform: Perform) -> None:
    """A statement ends within a second of its time with a 503, and the pool is whole afterwards."""
    join = "&" if "?" in database_url else "?"
    databases.configure({"default": parse_url(f"{database_url}{join}statement_timeout=0.3&max_size=1")})
    database = databases["default"]

    def plan() -> Plan[Any]:
        begun = time.monotonic()
        with pytest.raises(StatementTimeout) as caught:
            # MariaDB's sleep is cut short with an answer instead of an error, so something busy is used there.
            yield read(SLOW[database.options.kind] if database.options.kind != "mysql" else BUSY)
        assert time.monotonic() - begun < 1.5
        assert caught.value.status == 503
        return (yield read("SELECT 1"))

    try:
        assert rows_of(perform(plan())) == [(1,)]
    finally:
        databases.close()


BUSY = "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b"


def still_running(database: Database, process: PostgresProcess | MariaProcess | None) -> int:
    """Count the statements of SLOW that the server is still working on."""
    kind = database.options.kind
    text = {
        "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND "
        "state = 'active' AND pid <> pg_backend_pid()",
        "mysql": "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%sleep(30)%' AND "
        "id <> connection_id()",
    }[kind]
    return int(run_one(read(text))[0][0])


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_client_that_leaves_stops_its_statement_in_the_server(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """A cancelled task's statement is gone from the server within a second (hostile 124)."""
    databases.configure({"default": parse_url(request.getfixturevalue(f"{kind}_url"))})
    database = databases["default"]

    async def leave() -> None:
        task = asyncio.ensure_future(run_one_async(read(SLOW[database.options.kind])))
        while not await asyncio.to_thread(still_running, database, None):
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        deadline = time.monotonic() + 1
        while await asyncio.to_thread(still_running, database, None):
            assert time.monotonic() < deadline, "it still runs one second later"
            await asyncio.sleep(0.02)
        assert rows_of(await run_one_async(read("SELECT 1"))) == [(1,)]
        await database.close_async()

    try:
        asyncio.run(leave())
    finally:
        databases.close()


def test_client_that_leaves_stops_its_statement_in_sqlite(sqlite_url: str) -> None:
    """A cancelled task's statement ends, and the file is free for the next."""
    databases.configure({"default": parse_url(sqlite_url)})

    async def leave() -> None:
        task = asyncio.ensure_future(run_one_async(read(SLOW["sqlite"])))
        await asyncio.sleep(0.1)
        begun = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - begun < 1
        assert rows_of(await run_one_async(read("SELECT 1"))) == [(1,)]

    try:
        asyncio.run(leave())
    finally:
        databases.close()


def test_plain_connections_move_between_threads(database: Database) -> None:
    """What one thread opened serves another afterwards; answers never cross."""
    run(create())
    wrong: list[Any] = []

    def ask(number: int) -> None:
        for _ in range(20):
            rows = run_one(read("SELECT ? + 0", number))
            if int(rows[0][0]) != number:
                wrong.append(rows)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert database.plain.pool.size <= 8


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_wrong_address_is_unavailable_and_hides_the_password(kind: str, perform: Perform) -> None:
    """Where nothing listens the error is a 503 that shows no password."""
    scheme = {"postgres": "postgresql", "mariadb": "mariadb"}[kind]
    databases.configure({"default": parse_url(f"{scheme}://me:my-secret@127.0.0.1:1/nothing")})

    def plan() -> Plan[Any]:
        yield read("SELECT 1")

    try:
        with pytest.raises(DatabaseUnavailable) as caught:
            perform(plan())
        assert caught.value.status == 503
        assert "my-secret" not in str(caught.value)
        assert isinstance(caught.value, DatabaseError)
    finally:
        databases.close()


def test_schema_may_change_under_open_connections(database: Database, perform: Perform) -> None:
    """A statement that was prepared before a migration of somebody else works after it, on the same connection."""

    def plan() -> Plan[Any]:
        yield from create("id integer primary key, n integer")
        yield change("INSERT INTO t (id, n) VALUES (1, 5)")
        for _ in range(8):
            yield read("SELECT * FROM t WHERE id = ?", 1)
        # The warm connection is held meanwhile, so that the change comes over another one.
        with database.plain.lend():
            run_one(change("ALTER TABLE t ADD COLUMN s varchar(9)"))
        return (yield read("SELECT * FROM t WHERE id = ?", 1))

    assert rows_of(perform(plan())) == [(1, 5, None)]


def test_commit_that_postgresql_turned_into_a_rollback_is_no_success(postgres_url: str) -> None:
    """The server answers COMMIT of a failed transaction with ROLLBACK and no error; both drivers raise one."""
    databases.configure({"default": parse_url(postgres_url)})
    with databases["default"].plain.lend() as plain:
        plain.begin(writes=True, isolation="")
        with pytest.raises(QueryError):
            plain.run("SELEC", (), "rows")
        with pytest.raises(TransactionFailed):
            plain.commit()

    async def main() -> None:
        channel = databases["default"].on_loop
        connection = await channel.take(writes=True)
        await connection.begin(writes=True, isolation="")
        with pytest.raises(QueryError):
            await connection.run("SELEC", (), "rows")
        with pytest.raises(TransactionFailed):
            await connection.commit()
        channel.give(connection)
        await databases["default"].close_async()

    asyncio.run(main())
    databases.close()
