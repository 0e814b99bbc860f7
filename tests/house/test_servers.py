"""The tests' own servers: they start, tell why not, and leave nothing behind."""

from __future__ import annotations

import socket
from pathlib import Path

import psycopg
import pymysql
import pytest
import redis

from tests.servers import MariaProcess, PostgresProcess, RedisProcess, ServerFailed, run_server

pytestmark = pytest.mark.servers

APPLICATION = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


def is_open(port: int) -> bool:
    """Whether something listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_server_answers_and_is_gone_afterwards(tmp_path: Path) -> None:
    """A started server answers inside the block; after it nothing listens."""
    (tmp_path / "wsgi.py").write_text(APPLICATION)
    with run_server("gunicorn", tmp_path, workers=2) as server:
        assert server.get("/") == (200, b"ok")
        assert is_open(server.port)
    assert not is_open(server.port)
    assert server.exit_code == 0
    assert not server.log_path.exists()


def test_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The failure carries what the server printed."""
    (tmp_path / "wsgi.py").write_text("raise RuntimeError('made up for this test')\n")
    with pytest.raises(ServerFailed, match="made up for this test"), run_server("gunicorn", tmp_path):
        pass


def test_server_is_stopped_when_the_test_fails(tmp_path: Path) -> None:
    """An error inside the block comes out as it is, and the server is gone."""
    (tmp_path / "wsgi.py").write_text(APPLICATION)
    with pytest.raises(KeyError, match="from the test"), run_server("gunicorn", tmp_path) as server:
        raise KeyError("from the test")
    assert not is_open(server.port)


def test_server_that_ignores_the_signal_is_killed_and_reported(tmp_path: Path) -> None:
    """A shutdown that hangs is a failure, not a wait without end."""
    (tmp_path / "wsgi.py").write_text(APPLICATION)
    (tmp_path / "gunicorn.conf.py").write_text(
        "import signal\ndef when_ready(server):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    )
    with pytest.raises(ServerFailed, match="did not end within 0.5 s"):
        with run_server("gunicorn", tmp_path, stop_seconds=0.5) as server:
            pass
    assert not is_open(server.port)


def test_redis_comes_back_empty_on_the_same_port(redis_server: RedisProcess) -> None:
    """A test can take Redis away and give it back, as an outage does."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("key", "value")
        redis_server.stop()
        with pytest.raises(redis.ConnectionError):
            client.get("key")
        redis_server.start()
        assert client.get("key") is None


def test_a_postgres_keeps_what_was_committed_when_it_crashes(postgres_server: PostgresProcess) -> None:
    """What a client was told is committed is there after a crash; databases of tests can be dropped."""
    url = postgres_server.create_database()
    with psycopg.connect(url) as link:
        link.execute("CREATE TABLE kept (id int)")
        link.execute("INSERT INTO kept VALUES (7)")
    postgres_server.restart()
    with psycopg.connect(url) as link:
        assert link.execute("SELECT id FROM kept").fetchall() == [(7,)]
    postgres_server.drop_database(url)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_mariadb_keeps_what_was_committed_when_it_crashes(mariadb_server: MariaProcess) -> None:
    """What a client was told is committed is there after a crash; databases of tests can be dropped."""
    url = mariadb_server.create_database()
    name = url.rpartition("/")[2]

    def link() -> pymysql.Connection:  # type: ignore[type-arg]
        return pymysql.connect(host="127.0.0.1", port=mariadb_server.port, user="root", database=name)

    with link() as one, one.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id int)")
        cursor.execute("INSERT INTO kept VALUES (7)")
        one.commit()
    mariadb_server.restart()
    with link() as one, one.cursor() as cursor:
        cursor.execute("SELECT id FROM kept")
        assert cursor.fetchall() == ((7,),)
    mariadb_server.drop_database(url)
    with pytest.raises(pymysql.OperationalError):
        link()


def test_a_database_of_each_kind_is_empty_and_answers(database_url: str) -> None:
    """The fixture gives the address of an empty database of the kind that it says."""
    if database_url.startswith("sqlite:///"):
        assert not Path(database_url.removeprefix("sqlite:///")).exists()
    elif database_url.startswith("postgresql://"):
        with psycopg.connect(database_url) as link:
            query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            assert link.execute(query).fetchall() == [(0,)]
    else:
        assert database_url.startswith("mariadb://root@127.0.0.1:")
