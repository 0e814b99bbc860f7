"""Pages with models, on real servers and databases, when many ask at once and when the database does not answer.

The project is made, and its tables are, by the command line, as a user does it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import servers

pytestmark = pytest.mark.servers

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("ASOK_", "AKSARA_"))}

MODEL = """
from asok import Field, Model, ModelError


class Item(Model):
    name = Field.String(max_length=50, unique=True)
    views = Field.Integer(default=0)

    def before_save(self):
        if self.name == "forbidden":
            raise ModelError("may not be used", field="name")
"""
PAGES = {
    "five": """
from models.item import Item

async def get(request):
    number = int(request.query["n"])
    item = await Item.find_async(number)
    await item.increment_async("views")
    count = await Item.count_async()
    names = await Item.where("id", "<=", 3).order_by("id").pluck_async("name")
    again = await Item.find_async(name=item.name)
    return f"{again.id} {count} {','.join(names)}"
""",
    "plain": """
from models.item import Item

def get(request):
    number = int(request.query["n"])
    item = Item.find(number)
    item.increment("views")
    count = Item.count()
    names = Item.where("id", "<=", 3).order_by("id").pluck("name")
    again = Item.find(name=item.name)
    return f"{again.id} {count} {','.join(names)}"
""",
    "together": """
import asyncio
from models.item import Item

async def get(request):
    number = int(request.query["n"])
    counts = await asyncio.gather(*(Item.count_async() for _ in range(5)))
    return f"{number} {counts}"
""",
    "hold": """
import asyncio
from models.item import Item

async def get(request):
    async with Item.transaction():
        await Item.count_async()
        await asyncio.sleep(6)
    return "held"
""",
    "make": """
from models.item import Item

async def get(request):
    item = await Item.create_async(name=request.query["name"])
    return str(item.id)
""",
    "total": """
from models.item import Item

def get(request):
    return str(Item.query().sum("views"))
""",
    "one": """
from models.item import Item

def get(request):
    return Item.find_or_fail(request.query["id"]).name
""",
}


def asok(project: Path, environment: dict[str, str], *words: str) -> None:
    """Run a command of a project; what it says is shown when it fails."""
    command = [sys.executable, "-m", "asok.cli", *words]
    run = subprocess.run(
        command, cwd=project, capture_output=True, text=True, env={**CLEAN, **environment}, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh project with a model, its migration and the pages above."""
    root = tmp_path_factory.mktemp("models") / "shop"
    command = [sys.executable, "-m", "asok.cli", "create", "shop"]
    subprocess.run(command, cwd=root.parent, check=True, capture_output=True, env=CLEAN)
    (root / "src/models/item.py").write_text(MODEL)
    for name, text in PAGES.items():
        (root / "src/pages" / name).mkdir()
        (root / "src/pages" / name / "page.py").write_text(text)
    asok(root, {}, "make", "migration", "items")
    return root


@contextmanager
def served(kind: str, project: Path, url: str, parameters: str = "") -> Iterator[int]:
    """Serve the project over a database with a hundred items; give the port."""
    environment = {"DATABASE_URL": url, "RATE_LIMIT": "false", "LOG_LEVEL": "WARNING"}
    asok(project, environment, "migrate")
    fill = (
        "import wsgi\n"
        "wsgi.app.startup()\n"
        "Item = wsgi.app.models['Item']\n"
        "Item.bulk_create([{'name': f'n{number}'} for number in range(1, 101)])\n"
        "wsgi.app.shutdown()\n"
    )
    subprocess.run([sys.executable, "-c", fill], cwd=project, check=True, env={**CLEAN, **environment})
    if parameters:
        environment["DATABASE_URL"] = url + ("&" if "?" in url else "?") + parameters
    with servers.run_server(kind, project, environment=environment) as server:
        yield server.port


async def ask(port: int, path: str, accept: str = "text/html") -> tuple[int, str]:
    """Send one request over a connection of its own; give status and text."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        answer = (await reader.read()).decode()
    finally:
        writer.close()
    status, _, body = answer.partition("\r\n\r\n")
    return int(status.split()[1]), body


async def at_once(port: int, path: str) -> list[tuple[int, str]]:
    """Ask a hundred times at once, each for another item."""
    return await asyncio.gather(*(ask(port, f"{path}?n={number}") for number in range(1, 101)))


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn"])
def test_hundred_pages_share_five_connections(kind: str, project: Path, database_url: str) -> None:
    """A hundred pages at once, each with five queries, on a pool of five: none is lost, none waits for ever."""
    with served(kind, project, database_url, "max_size=5&timeout=30") as port:
        for path in ("/five", "/plain"):
            for number, (status, body) in enumerate(asyncio.run(at_once(port, path)), 1):
                assert (status, body) == (200, f"{number} 100 n1,n2,n3"), path
        assert asyncio.run(ask(port, "/total")) == (200, "200")


def test_tasks_of_one_page_share_the_pool_too(project: Path, postgres_url: str) -> None:
    """Five queries at once in each of a hundred pages wait for each other, not for a connection of their own."""
    with served("uvicorn", project, postgres_url, "max_size=5&timeout=30") as port:
        for number, answer in enumerate(asyncio.run(at_once(port, "/together")), 1):
            assert answer == (200, f"{number} {[100] * 5}")


@pytest.mark.parametrize("database", ["postgres", "mariadb"])
def test_page_without_a_connection_answers_503_in_time(
    database: str, project: Path, request: pytest.FixtureRequest
) -> None:
    """The wait is bounded, the answer says when to come back at most, and the next page is served again."""
    url = request.getfixturevalue(f"{database}_url")

    async def both(port: int) -> tuple[tuple[int, str], tuple[int, str], bool]:
        holder = asyncio.create_task(ask(port, "/hold"))
        await asyncio.sleep(0.5)
        refused = await ask(port, "/five?n=1")
        was_held = not holder.done()
        return await holder, refused, was_held

    with served("uvicorn", project, url, "max_size=1&timeout=0.3") as port:
        held, refused, was_held = asyncio.run(both(port))
        assert held == (200, "held")
        assert refused[0] == 503
        assert was_held
        assert asyncio.run(ask(port, "/five?n=1"))[0] == 200


@pytest.mark.parametrize("kind", ["uvicorn", "gunicorn"])
def test_what_a_model_refuses_is_the_visitors_fault(kind: str, project: Path, sqlite_url: str) -> None:
    """A wrong value is 422, a taken one 409, a missing record 404, each with a report per field where asked."""

    async def asked(port: int) -> list[tuple[int, str]]:
        json = "application/json"
        return [
            await ask(port, "/make?name=" + "x" * 60, json),
            await ask(port, "/make?name=n5", json),
            await ask(port, "/make?name=forbidden", json),
            await ask(port, "/one?id=5000", json),
            await ask(port, "/one?id=5"),
        ]

    with served(kind, project, sqlite_url) as port:
        too_long, taken, forbidden, missing, found = asyncio.run(asked(port))
    assert too_long[0] == 422
    assert '"name"' in too_long[1]
    assert taken[0] == 409
    assert "is taken already" in taken[1]
    assert forbidden[0] == 422
    assert "may not be used" in forbidden[1]
    assert missing[0] == 404
    assert found == (200, "n5")
