"""What happens when servers crash, connections are cut, processes are killed, and writers meet.

Real servers, real processes. ASOK_FULL_FAULTS=1 runs the long form: fifty rounds of
kill -9, thirty seconds of writing processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asok_engine.database.databases import databases
from asok_engine.database.running import run, run_one, run_one_async
from asok_engine.database.transactions import transaction
from asok_engine.database.urls import parse_url
from asok_engine.errors import (
    DatabaseError,
    DatabaseUnavailable,
    DeadlockError,
    SerializationError,
    StatementTimeout,
    UnknownOutcome,
)
from tests.plans import change, create, read
from tests.servers import MariaProcess, PostgresProcess, free_port

IS_FULL = bool(os.environ.get("ASOK_FULL_FAULTS"))
KILL_ROUNDS = 50 if IS_FULL else 4
WRITING_SECONDS = 30 if IS_FULL else 4
ROOT = Path(__file__).parents[2]

SERVERS = pytest.mark.parametrize("kind", ["postgres", "mariadb"])
Server = PostgresProcess | MariaProcess


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    databases.close()


@pytest.fixture
def served(kind: str, request: pytest.FixtureRequest) -> tuple[Server, str]:
    """A server and the address of a database in it."""
    return request.getfixturevalue(f"{kind}_server"), request.getfixturevalue(f"{kind}_url")


def open_default(url: str, **options: Any) -> None:
    """Make an address the default database."""
    databases.configure({"default": parse_url(url, **options)})


def heals(ask: Callable[[], object], seconds: float = 2) -> float:
    """Ask until it works; give how long that took."""
    begun = time.monotonic()
    while True:
        try:
            ask()
        except DatabaseError:
            assert time.monotonic() - begun < seconds, f"not healed after {seconds} s"
            time.sleep(0.02)
        else:
            return time.monotonic() - begun


# --- connections that are cut ---------------------------------------------------------------


@SERVERS
def test_idle_connections_that_were_cut_are_replaced_unseen(served: tuple[Server, str]) -> None:
    """After the server has cut every idle connection no request fails: dead ones are found when taken (116)."""
    server, url = served
    open_default(url)
    pool = databases["default"].plain.pool

    async def main() -> None:
        held = [pool.take() for _ in range(3)]
        for one in held:
            pool.give(one)
        await asyncio.gather(*(run_one_async(read("SELECT 1")) for _ in range(3)))
        server.cut_connections(url)
        await asyncio.sleep(0.2)
        for _ in range(5):
            assert len(run_one(read("SELECT 1"))) == 1
            assert len(await run_one_async(read("SELECT 1"))) == 1
        await databases["default"].close_async()

    asyncio.run(main())


@SERVERS
def test_cut_in_the_middle_fails_that_request_only(served: tuple[Server, str]) -> None:
    """A statement that was under way is a 503; the next ones get connections that work."""
    server, url = served
    open_default(url)
    sleep = "SELECT pg_sleep(5)" if url.startswith("postgresql") else "SELECT sleep(5)"

    async def main() -> None:
        tasks = [asyncio.ensure_future(run_one_async(read(sleep))) for _ in range(3)]
        plain = asyncio.ensure_future(asyncio.to_thread(run_one, read(sleep)))
        await asyncio.sleep(0.3)
        server.cut_connections(url)
        for result in await asyncio.gather(*tasks, plain, return_exceptions=True):
            assert isinstance(result, DatabaseUnavailable), repr(result)
            assert result.status == 503
        assert len(await run_one_async(read("SELECT 1"))) == 1
        await databases["default"].close_async()

    begun = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - begun < 4
    assert len(run_one(read("SELECT 1"))) == 1


@SERVERS
def test_server_that_crashes_is_found_again(served: tuple[Server, str]) -> None:
    """While it is away requests are 503 at once; two seconds after it is back they work, plain and async."""
    server, url = served
    open_default(url)
    run(create())

    async def main() -> None:
        await run_one_async(read("SELECT 1"))
        server.kill()
        for _ in range(3):
            begun = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                await run_one_async(read("SELECT 1"))
            with pytest.raises(DatabaseUnavailable):
                run_one(read("SELECT 1"))
            assert time.monotonic() - begun < 1
        server.start()
        begun = time.monotonic()
        while True:
            try:
                await run_one_async(read("SELECT count(*) FROM t"))
                break
            except DatabaseUnavailable:
                assert time.monotonic() - begun < 2
                await asyncio.sleep(0.02)
        await databases["default"].close_async()

    asyncio.run(main())
    heals(lambda: run_one(read("SELECT count(*) FROM t")))


# --- a network that swallows everything ---------------------------------------------------------


class Proxy:
    """A TCP proxy in threads that can swallow packets, or cut the line at a word."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.swallows = False
        #: When a client sends this, both lines are cut, before or after the server has got it.
        self.cut_at = b""
        self.passes_on = False
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open += [client, server]
                for source, sink, is_request in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pump, args=(source, sink, is_request), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_request: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.swallows:
                    continue
                # Not the level "READ-COMMITTED" that a session is told at its beginning.
                if is_request and self.cut_at and self.cut_at in data.replace(b"-COMMIT", b""):
                    self.swallows = True
                    if self.passes_on:
                        sink.sendall(data)
                        time.sleep(0.2)
                    self.cut()
                    return
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Cut every line."""
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it."""
        self._server.close()
        self.cut()
        for end in self._open:
            end.close()


@pytest.fixture
def proxy(served: tuple[Server, str]) -> Iterator[Proxy]:
    """A proxy before the server."""
    made = Proxy(served[0].port)
    yield made
    made.close()


@SERVERS
@pytest.mark.parametrize("colour", ["plain", "async"])
def test_silent_network_fails_at_the_deadline(served: tuple[Server, str], proxy: Proxy, colour: str) -> None:
    """When no answer comes a request ends a moment after its deadline, and the pool is whole afterwards (117)."""
    server, url = served
    place = url.replace(str(server.port), str(proxy.port))
    open_default(place, statement_timeout=0.5, connect_timeout=1.0, max_size=2, timeout=1.0)

    async def ask() -> Any:
        if colour == "plain":
            return await asyncio.to_thread(run_one, read("SELECT 1"))
        return await run_one_async(read("SELECT 1"))

    async def main() -> None:
        assert len(await ask()) == 1
        proxy.swallows = True
        for _ in range(2):
            begun = time.monotonic()
            with pytest.raises((StatementTimeout, DatabaseUnavailable)) as caught:
                await ask()
            assert time.monotonic() - begun < 4
            assert caught.value.status == 503
        with pytest.raises(DatabaseError):
            await databases["default"].check()
        proxy.swallows = False
        proxy.cut()
        begun = time.monotonic()
        while True:
            try:
                assert len(await ask()) == 1
                break
            except DatabaseError:
                assert time.monotonic() - begun < 3
                await asyncio.sleep(0.05)
        await databases["default"].close_async()

    asyncio.run(main())


@SERVERS
@pytest.mark.parametrize("colour", ["plain", "async"])
@pytest.mark.parametrize("arrives", [True, False])
def test_commit_without_an_answer_is_unknown_and_not_repeated(
    served: tuple[Server, str], proxy: Proxy, colour: str, arrives: bool
) -> None:
    """A line that is cut at COMMIT gives UnknownOutcome, whether or not the server has got it (118)."""
    server, url = served
    open_default(url)
    run(create())
    open_default(url.replace(str(server.port), str(proxy.port)))
    proxy.cut_at, proxy.passes_on = b"COMMIT", arrives
    runs: list[int] = []

    @transaction(retry=5)
    def plain() -> None:
        runs.append(1)
        run_one(change("INSERT INTO t (id, n) VALUES (1, 1)"))

    @transaction(retry=5)
    async def later() -> None:
        runs.append(1)
        await run_one_async(change("INSERT INTO t (id, n) VALUES (1, 1)"))

    with pytest.raises(UnknownOutcome) as caught:
        plain() if colour == "plain" else asyncio.run(later())
    assert caught.value.status == 503
    assert runs == [1]
    open_default(url)
    found = []
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and len(found) != int(arrives):
        found = run_one(read("SELECT id FROM t"))
    assert len(found) == int(arrives)


@SERVERS
@pytest.mark.parametrize("colour", ["plain", "async"])
def test_single_change_without_an_answer_is_unknown_too(
    served: tuple[Server, str], proxy: Proxy, colour: str
) -> None:
    """A change outside of a transaction whose line is cut may have been made, and says so."""
    server, url = served
    open_default(url)
    run(create())
    open_default(url.replace(str(server.port), str(proxy.port)))
    proxy.cut_at = b"UPDATE"
    statement = change("UPDATE t SET n = 1")
    with pytest.raises(UnknownOutcome):
        run_one(statement) if colour == "plain" else asyncio.run(run_one_async(statement))


# --- writers that meet ------------------------------------------------------------------------------


@SERVERS
@pytest.mark.parametrize("isolation", ["", "serializable"])
def test_sixteen_writers_keep_the_sum(served: tuple[Server, str], isolation: Any) -> None:
    """Transfers in both directions deadlock and conflict; with `retry` all are made, and the sum holds (119)."""
    _, url = served
    open_default(url, max_size=16)
    run(create())
    for number in range(4):
        run_one(change("INSERT INTO t (id, n) VALUES (?, 100)", number))
    undone: list[int] = []

    @transaction(isolation=isolation, retry=50)
    async def transfer(one: int, other: int) -> None:
        try:
            rows = await run_one_async(read("SELECT n FROM t WHERE id = ?", one))
            if isolation:
                await run_one_async(change("UPDATE t SET n = ? WHERE id = ?", rows[0][0] - 1, one))
            else:
                await run_one_async(change("UPDATE t SET n = n - 1 WHERE id = ?", one))
            await asyncio.sleep(0.002)
            await run_one_async(change("UPDATE t SET n = n + 1 WHERE id = ?", other))
        except SerializationError:
            undone.append(1)
            raise

    async def writer(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(5):
            one, other = dice.sample(range(4), 2)
            await transfer(one, other)

    async def main() -> None:
        await asyncio.gather(*(writer(seed) for seed in range(16)))
        await databases["default"].close_async()

    asyncio.run(main())
    assert int(run_one(read("SELECT sum(n) FROM t"))[0][0]) == 400
    assert undone, "the writers never met: the test proves nothing"


@SERVERS
def test_deadlock_without_retry_is_a_503_for_one_of_two(served: tuple[Server, str]) -> None:
    """Two transactions that wait for each other: one is undone and says so, the other goes on."""
    _, url = served
    open_default(url)
    run(create())
    for number in (1, 2):
        run_one(change("INSERT INTO t (id, n) VALUES (?, 0)", number))

    async def both(first: int, second: int, meet: asyncio.Barrier) -> None:
        async with transaction():
            await run_one_async(change("UPDATE t SET n = n + 1 WHERE id = ?", first))
            await meet.wait()
            await run_one_async(change("UPDATE t SET n = n + 1 WHERE id = ?", second))

    async def main() -> list[Any]:
        meet = asyncio.Barrier(2)
        results = await asyncio.gather(both(1, 2, meet), both(2, 1, meet), return_exceptions=True)
        await databases["default"].close_async()
        return results

    results = asyncio.run(main())
    failures = [result for result in results if result is not None]
    assert [type(failure) for failure in failures] == [DeadlockError]
    assert failures[0].status == 503
    assert [row[0] for row in run_one(read("SELECT n FROM t ORDER BY id"))] == [1, 1]


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mariadb"])
def test_loop_that_ends_with_work_in_flight_ends(kind: str, request: pytest.FixtureRequest) -> None:
    """`asyncio.run` returns although statements and transactions are under way, and nothing stays locked."""
    open_default(request.getfixturevalue(f"{kind}_url"))
    run(create())
    run_one(change("INSERT INTO t (id, n) VALUES (1, 0)"))
    slow = {
        "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "postgres": "SELECT pg_sleep(30)",
        "mariadb": "SELECT sleep(30)",
    }[kind]

    async def block() -> None:
        async with transaction():
            await run_one_async(change("UPDATE t SET n = 5 WHERE id = 1"))
            await run_one_async(read(slow))

    async def main() -> None:
        tasks = [asyncio.ensure_future(run_one_async(read(slow))), asyncio.ensure_future(block())]
        await asyncio.sleep(0.3)
        assert not any(task.done() for task in tasks)
        raise KeyError("made up")

    begun = time.monotonic()
    with pytest.raises(KeyError):
        asyncio.run(main())
    assert time.monotonic() - begun < 5
    assert run_one(change("UPDATE t SET n = n + 1 WHERE id = 1")) == 1
    assert run_one(read("SELECT n FROM t"))[0][0] == 1


# --- processes that are killed ------------------------------------------------------------------------

WRITER = """
import sys
from asok_engine.database.databases import databases
from asok_engine.database.running import run_one
from asok_engine.database.transactions import transaction
from asok_engine.database.urls import parse_url
from tests.plans import change

databases.configure({"default": parse_url(sys.argv[1])})
number = int(sys.argv[2])
while True:
    with transaction():
        run_one(change("INSERT INTO t (id, n) VALUES (?, 1)", number))
        run_one(change("INSERT INTO t (id, n) VALUES (?, 2)", number + 1))
    print(number, flush=True)
    number += 2
"""


def start_process(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Run code in a process of its own that prints to us."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_acknowledged_rows_survive_the_killing_of_their_writer(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """Whatever was said to be committed is there after kill -9, in whole transactions only (115)."""
    url = request.getfixturevalue(f"{kind}_url") + ("?durable=1" if kind == "sqlite" else "")
    open_default(url)
    run(create())
    dice = random.Random(7)
    said: list[int] = []
    number = 0
    for _ in range(KILL_ROUNDS):
        process = start_process(WRITER, url, str(number))
        assert process.stdout is not None and process.stderr is not None
        lines = [process.stdout.readline() for _ in range(dice.randrange(1, 60))]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines(keepends=True)
        process.wait(5)
        assert all(lines), process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        said += [int(line) for line in lines if line.endswith("\n")]
        number = said[-1] + 1000
    heals(lambda: run_one(read("SELECT 1")))
    ones = {row[0] for row in run_one(read("SELECT id FROM t WHERE n = 1"))}
    twos = {row[0] - 1 for row in run_one(read("SELECT id FROM t WHERE n = 2"))}
    assert set(said) <= ones
    assert ones == twos
    if kind == "sqlite":
        assert run_one(read("PRAGMA integrity_check")) == [("ok",)]


MANY_WRITERS = """
import asyncio, sys, time
from asok_engine.database.databases import databases
from asok_engine.database.running import run_one, run_one_async
from asok_engine.database.transactions import transaction
from asok_engine.database.urls import parse_url
from tests.plans import change, read

url, me, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
databases.configure({"default": parse_url(url)})
end = time.monotonic() + seconds
written = 0

async def main():
    global written
    while time.monotonic() < end:
        async with transaction():
            rows = await run_one_async(read("SELECT count(*) FROM t WHERE n = ?", me))
            await run_one_async(change("INSERT INTO t (n, s) VALUES (?, 'async')", me))
        written += 1
        await run_one_async(change("INSERT INTO t (n, s) VALUES (?, 'alone')", me))
        written += 1

if me % 2:
    asyncio.run(main())
else:
    while time.monotonic() < end:
        with transaction():
            run_one(read("SELECT count(*) FROM t WHERE n = ?", me))
            run_one(change("INSERT INTO t (n, s) VALUES (?, 'plain')", me))
        written += 1
print(written)
"""


@pytest.mark.slow
def test_eight_processes_write_one_file_without_an_error(sqlite_url: str) -> None:
    """SQLite under eight writing processes: all wait, none sees "database is locked", no row is lost (120)."""
    open_default(sqlite_url)
    run(create("id integer primary key, n integer, s text"))
    run_one(change("CREATE INDEX t_n ON t (n)"))
    processes = [start_process(MANY_WRITERS, sqlite_url, str(me), str(WRITING_SECONDS)) for me in range(8)]
    written = 0
    for process in processes:
        out, err = process.communicate(timeout=WRITING_SECONDS + 60)
        assert process.returncode == 0, err
        assert int(out) > 0
        written += int(out)
    assert run_one(read("SELECT count(*) FROM t")) == [(written,)]
    assert run_one(read("PRAGMA integrity_check")) == [("ok",)]


# --- a disk that is full ---------------------------------------------------------------------------------


def test_full_disk_is_an_outage_and_keeps_the_rows(tmp_path: Path) -> None:
    """A write that finds no room is a 503; what was committed stays readable, and room makes it work again."""
    path = tmp_path / "full.sqlite3"
    open_default(f"sqlite:///{path}")
    run(create("id integer primary key, b blob"))
    run_one(change("INSERT INTO t (id, b) VALUES (1, ?)", b"x" * 1000))
    with databases["default"].plain.lend() as connection:
        connection.run("PRAGMA max_page_count = 30", (), "rows")
    with pytest.raises(DatabaseUnavailable, match="full") as caught:
        run_one(change("INSERT INTO t (id, b) VALUES (2, ?)", b"x" * 1_000_000))
    assert caught.value.status == 503
    assert run_one(read("SELECT id FROM t")) == [(1,)]
    with databases["default"].plain.lend() as connection:
        connection.run("PRAGMA max_page_count = 30000", (), "rows")
    assert run_one(change("INSERT INTO t (id, b) VALUES (2, ?)", b"x" * 1_000_000)) == 1
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT count(*) FROM t").fetchone() == (2,)
    other.close()


def test_nothing_listens_is_found_quickly() -> None:
    """An address where nothing listens costs no waiting."""
    open_default(f"postgresql://u@127.0.0.1:{free_port()}/db")
    begun = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        run_one(read("SELECT 1"))
    assert time.monotonic() - begun < 1
