"""Fixtures that every test may use: free ports, real Redis, databases, servers, a real browser.

A part that is not installed skips the tests that need it, with a sentence that
names the part and how to get it; it never makes them pass.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from asok_engine.database.databases import Database, databases
from asok_engine.database.running import run
from asok_engine.database.urls import parse_url
from asok_engine.records.steps import Plan
from tests import servers
from tests.plans import perform_async

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: Variables of the machine that would change what an application under test does.
_FOREIGN = ("ASOK_", "AKSARA_")
_FOREIGN_NAMES = ("APP_URL", "DATABASE_URL", "DEBUG", "LOG_FILE", "LOG_LEVEL", "REDIS_URL", "SECRET_KEY")


# Why no deadline: how long something takes is measured in benchmarks, and a busy machine decides nothing here.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "setting(name): observes the effect of this row of a settings table")


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """Settings of the machine that runs the tests never reach an application under test."""
    names = [name for name in os.environ if name.startswith(_FOREIGN) or name in _FOREIGN_NAMES]
    taken = {name: os.environ.pop(name) for name in names}
    yield
    os.environ.update(taken)


@pytest.fixture
def free_port() -> int:
    """A port of loopback that nothing listens on."""
    return servers.free_port()


@pytest.fixture(scope="session")
def _redis_process() -> Iterator[servers.RedisProcess]:
    missing = servers.missing_part("redis-server")
    if missing:
        pytest.skip(missing)
    process = servers.RedisProcess()
    yield process
    process.close()


@pytest.fixture
def redis_server(_redis_process: servers.RedisProcess) -> Iterator[servers.RedisProcess]:
    """A running Redis that holds nothing; a test may stop and start it."""
    import redis

    with redis.Redis.from_url(_redis_process.url) as client:
        client.flushall()
    yield _redis_process
    if not _redis_process.is_running():
        _redis_process.start()


@pytest.fixture
def redis_url(redis_server: servers.RedisProcess) -> str:
    """The address of a running Redis that holds nothing."""
    return redis_server.url


@pytest.fixture(scope="session")
def _postgres_process() -> Iterator[servers.PostgresProcess]:
    missing = servers.missing_part("initdb")
    if missing:
        pytest.skip(missing)
    process = servers.PostgresProcess()
    yield process
    process.close()


@pytest.fixture
def postgres_server(_postgres_process: servers.PostgresProcess) -> Iterator[servers.PostgresProcess]:
    """A running PostgreSQL; a test may stop, kill, pause and start it."""
    yield _postgres_process
    _postgres_process.resume()
    if not _postgres_process.is_running:
        _postgres_process.start()


@pytest.fixture
def postgres_url(postgres_server: servers.PostgresProcess) -> Iterator[str]:
    """The address of an empty PostgreSQL database of the test's own."""
    yield from _fresh_database(postgres_server)


@pytest.fixture(scope="session")
def _mariadb_process() -> Iterator[servers.MariaProcess]:
    missing = servers.missing_part("mariadbd") or servers.missing_part("mariadb-install-db")
    if missing:
        pytest.skip(missing)
    process = servers.MariaProcess()
    yield process
    process.close()


@pytest.fixture
def mariadb_server(_mariadb_process: servers.MariaProcess) -> Iterator[servers.MariaProcess]:
    """A running MariaDB; a test may stop, kill, pause and start it."""
    yield _mariadb_process
    _mariadb_process.resume()
    if not _mariadb_process.is_running:
        _mariadb_process.start()


@pytest.fixture
def mariadb_url(mariadb_server: servers.MariaProcess) -> Iterator[str]:
    """The address of an empty MariaDB database of the test's own."""
    yield from _fresh_database(mariadb_server)


def _fresh_database(server: servers.PostgresProcess | servers.MariaProcess) -> Iterator[str]:
    url = server.create_database()
    yield url
    server.resume()
    if not server.is_running:
        server.start()
    server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database, once per kind: SQLite, PostgreSQL, MariaDB."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database as the process's `default`, once per kind; closed afterwards."""
    databases.configure({"default": parse_url(database_url)})
    yield databases["default"]
    databases.close()


@pytest.fixture(params=["plain", "async"])
def perform(request: pytest.FixtureRequest) -> Callable[[Plan[Any]], Any]:
    """Run a plan: from plain code, and on an event loop of its own."""
    return run if request.param == "plain" else perform_async


@pytest.fixture
def run_server() -> Iterator[Callable[..., servers.ServerProcess]]:
    """Start servers as `tests.servers.run_server` does; they are stopped when the test ends."""
    with ExitStack() as stack:

        def start(kind: str, folder: Path, **options: Any) -> servers.ServerProcess:
            return stack.enter_context(servers.run_server(kind, folder, **options))

        yield start


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for the tests of a module.

    Not for longer: while it is open its driver runs an event loop in this thread,
    and tests that run one of their own could not.
    """
    missing = servers.missing_part("chromium", "chromium-browser", "google-chrome")
    if missing:
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium: Browser) -> Iterator[Page]:
    """A fresh tab with its own cookies."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def no_other_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is known but those that the test makes; other files of the same worker have made theirs."""
    from asok_engine.records.registry import Registry, registry

    for name, value in vars(Registry()).items():
        # The count goes on: what was worked out before is told by it from what holds now.
        if name != "generation":
            monkeypatch.setattr(registry, name, value)
