"""Pages with a database on real servers: a small pool under many clients, and a server that crashes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.asok.effects.sites import write_project
from tests.servers import PostgresProcess, ServerProcess

pytestmark = [pytest.mark.servers, pytest.mark.slow]

SERVERS = pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
PAGE = """
from asok_engine.database.running import run_one, run_one_async
from asok_engine.sql.compiler import Template
from asok_engine.sql.statements import Shape

ADD = Shape(lambda dialect: Template("SELECT 0 + $1 + $2", "rows"))
"""
PAGES = {
    "page.py": "def get(request):\n    return 'here'\n",
    "later/page.py": PAGE
    + """
async def get(request):
    number = int(request.query["number"])
    return str(sum([(await run_one_async(ADD.bind((number, step))))[0][0] for step in range(5)]))
""",
    "plain/page.py": PAGE
    + """
def get(request):
    number = int(request.query["number"])
    return str(sum(run_one(ADD.bind((number, step)))[0][0] for step in range(5)))
""",
}


OPEN = {"RATE_LIMIT": False, "ALLOWED_HOSTS": ["127.0.0.1"]}


@SERVERS
@pytest.mark.parametrize("page", ["later", "plain"])
def test_hundred_clients_share_a_pool_of_five(
    server: str,
    page: str,
    tmp_path: Path,
    postgres_url: str,
    run_server: Callable[..., ServerProcess],
) -> None:
    """A hundred pages at once with five queries each on five connections: none is lost, each has its own answer."""
    write_project(tmp_path, {"DATABASE_URL": f"{postgres_url}?max_size=5", **OPEN}, pages=PAGES)
    running = run_server(server, tmp_path)

    def ask(number: int) -> tuple[int, bytes]:
        return running.get(f"/{page}?number={number}", timeout_seconds=30)

    with ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(ask, range(100)))
    assert answers == [(200, str(number * 5 + 10).encode()) for number in range(100)]


@SERVERS
def test_crash_of_the_database_is_a_503_until_it_is_back(
    server: str,
    tmp_path: Path,
    postgres_server: PostgresProcess,
    postgres_url: str,
    run_server: Callable[..., ServerProcess],
) -> None:
    """Pages answer 503 and health is red while the database is away; two seconds after its return all is well."""
    write_project(tmp_path, {"DATABASE_URL": postgres_url, **OPEN}, pages=PAGES)
    running = run_server(server, tmp_path)
    for page in ("later", "plain"):
        assert running.get(f"/{page}?number=1")[0] == 200
    postgres_server.kill()
    for page in ("later", "plain"):
        assert running.get(f"/{page}?number=1")[0] == 503
    assert running.get("/")[0] == 200
    status, body = running.get("/health")
    assert (status, json.loads(body)["checks"]) == (503, {"database": "failed"})
    postgres_server.start()
    deadline = time.monotonic() + 2
    while {running.get(f"/{page}?number=1")[0] for page in ("later", "plain")} != {200}:
        assert time.monotonic() < deadline, "not healed after 2 s"
        time.sleep(0.05)
