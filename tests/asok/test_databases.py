"""DATABASE_URL decides where an application of pages keeps its rows, from its start to its end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asok_engine.database.databases import databases
from asok_engine.errors import SetupError
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import BOTH, make_app, write_project

PAGES = {
    "page.py": (
        "from asok_engine.database.running import run_one, run_one_async\n"
        "from asok_engine.sql.compiler import Template\n"
        "from asok_engine.sql.statements import Shape\n"
        "def statement(text, **options):\n"
        "    return Shape(lambda dialect: Template(text, 'rows'), **options).bind(())\n"
        "def get(request):\n"
        "    return str(run_one(statement('SELECT 40 + 2'))[0][0])\n"
        "def post(request):\n"
        "    run_one(statement('CREATE TABLE made (id integer)', writes=True))\n"
        "    return 'made'\n"
    ),
    "later/page.py": (
        "from asok_engine.database.running import run_one_async\n"
        "from asok_engine.sql.compiler import Template\n"
        "from asok_engine.sql.statements import Shape\n"
        "async def get(request):\n"
        "    statement = Shape(lambda dialect: Template('SELECT 40 + 2', 'rows')).bind(())\n"
        "    return str((await run_one_async(statement))[0][0])\n"
    ),
}


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    databases.close()


@pytest.mark.setting("asok.DATABASE_URL")
@BOTH
def test_relative_file_is_below_the_project(tmp_path: Path, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sqlite:///data/rows.sqlite3` is a file of the project, wherever the process stands."""
    monkeypatch.chdir("/")
    (tmp_path / "data").mkdir()
    app = make_app(tmp_path, {"DATABASE_URL": "sqlite:///data/rows.sqlite3"}, by=by, pages=PAGES)
    with TestClient(app) as client:
        assert not (tmp_path / "data/rows.sqlite3").exists()
        assert client.get("/").text == "42"
        assert client.get("/later").text == "42"
    assert (tmp_path / "data/rows.sqlite3").exists()


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_each_kind_of_database_serves_plain_and_async_pages(
    tmp_path: Path, database_url: str, protocol: Any
) -> None:
    """The same pages run on SQLite, PostgreSQL and MariaDB; health names the database."""
    app = make_app(tmp_path, {"DATABASE_URL": database_url}, by="code", pages=PAGES)
    with TestClient(app, protocol=protocol) as client:
        assert client.get("/").text == "42"
        assert client.get("/later").text == "42"
        assert client.get("/health").json["checks"] == {"database": "ok"}


def test_health_turns_red_and_green_with_the_database(tmp_path: Path) -> None:
    """A database that cannot be reached makes /health 503, and a page of it as well."""
    app = make_app(tmp_path, {"DATABASE_URL": "postgresql://u@127.0.0.1:1/db"}, by="code", pages=PAGES)
    with TestClient(app) as client:
        answer = client.get("/health")
        assert (answer.status_code, answer.json["checks"]) == (503, {"database": "failed"})
        assert client.get("/").status_code == 503


def test_health_check_makes_no_file(tmp_path: Path) -> None:
    """An SQLite file is made by its first use, and a health check is none."""
    app = make_app(tmp_path, {}, by="code", pages=PAGES)
    with TestClient(app) as client:
        assert client.get("/health").json["checks"] == {"database": "ok"}
    assert not (tmp_path / "db.sqlite3").exists()


def test_address_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    """A wrong parameter is found at the start and named."""
    app = make_app(tmp_path, {"DATABASE_URL": "sqlite:///x?pool=3"}, by="code", pages=PAGES)
    with pytest.raises(SetupError, match="pool"), TestClient(app):
        pass


def test_connections_are_closed_with_the_application(tmp_path: Path) -> None:
    """After the stop nothing is open; a second start opens it anew."""
    app = make_app(tmp_path, {"DATABASE_URL": "sqlite:///rows.sqlite3"}, by="code", pages=PAGES)
    for _ in range(2):
        with TestClient(app) as client:
            assert client.get("/").text == "42"
        assert databases["default"].plain.pool.size == 0


def test_script_of_a_project_needs_no_application(tmp_path: Path) -> None:
    """Code that is run in the project's folder finds the project's database by itself."""
    write_project(tmp_path, {"DATABASE_URL": "sqlite:///mine.sqlite3"})
    script = (
        "from asok.orm import Model\n"
        "Model\n"
        "from asok_engine.database.databases import databases\n"
        "print(databases['default'].options.name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).resolve() == (tmp_path / "mine.sqlite3").resolve()
