"""Each request's statements are counted apart, and rows loaded one by one are named."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asok.app import Asok
from asok_engine.database.databases import databases
from asok_engine.database.observing import current_statements
from asok_engine.telemetry.hooks import statements_counted
from asok_engine.testing.client import TestClient

PAGE = """
from asok_engine.database.running import run_one, run_one_async
from asok_engine.sql.compiler import Template
from asok_engine.sql.statements import Shape

STATEMENT = Shape(lambda dialect: Template("SELECT 1 AS one", "rows"))
"""
PAGES = {
    "page.py": PAGE
    + """
def get(request):
    for _ in range(int(request.query.get("times", "0"))):
        run_one(STATEMENT.bind(()))
    return "done"
""",
    "later/page.py": PAGE
    + """
async def get(request):
    for _ in range(int(request.query.get("times", "0"))):
        await run_one_async(STATEMENT.bind(()))
    return "done"
""",
    "blocking/page.py": PAGE
    + """
def work():
    run_one(STATEMENT.bind(()))

async def get(request):
    if request.query.get("how") == "well":
        await run_one_async(STATEMENT.bind(()))
    else:
        for _ in range(3):
            work()
    return "done"
""",
    "notes/page.py": """
from asok import Field, Model
from asok_engine.database.transactions import transaction

class Jotting(Model):
    text = Field.String(50)

async def get(request):
    how = request.query.get("how")
    if how == "all":
        return str(len(Jotting.all()))
    if how == "loop":
        return "".join(note.text for note in Jotting.query())
    if how == "block":
        with transaction():
            return str(Jotting.count())
    await (Jotting.create_table_async() if how == "make" else Jotting.query().all_async())
    return "done"
""",
}


@pytest.fixture
def counted() -> Iterator[list[tuple[str, int, int]]]:
    """What the hook has told: path, count, how many texts were suspicious."""
    told: list[tuple[str, int, int]] = []

    @statements_counted.connect
    def hear(sender: object, request: Any, count: int, seconds: float, repeated: list[Any]) -> None:
        assert seconds > 0
        told.append((request.path, count, len(repeated)))

    yield told
    statements_counted.disconnect(hear)


def make_app(folder: Path, *, debug: bool) -> Asok:
    """Make an application whose pages run statements."""
    for name, text in PAGES.items():
        path = folder / "src/pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    app = Asok(folder)
    app.config["DEBUG"] = debug
    app.config["SECRET_KEY"] = "0123456789-abcdefghijklmnopqrstuvwxyz"
    app.config["APP_URL"] = "http://localhost"
    app.config["DATABASE_URL"] = "sqlite:///data.sqlite"
    return app


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_hook_hears_of_each_request_that_used_a_database(
    protocol: Any, tmp_path: Path, counted: list[tuple[str, int, int]]
) -> None:
    """Plain and async pages count alike; a request without statements is not told of."""
    with TestClient(make_app(tmp_path, debug=False), protocol=protocol) as client:
        for path in ("/?times=3", "/later?times=12", "/", "/later?times=1"):
            assert client.get(path).text == "done"
    databases.close()
    assert counted == [("/", 3, 0), ("/later", 12, 1), ("/later", 1, 0)]


@pytest.mark.parametrize("is_debug", [True, False])
def test_repeated_statement_is_named_in_debug(
    is_debug: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """More than ten times the same text is a warning with the page and the text; outside of debug nobody counts."""
    with TestClient(make_app(tmp_path, debug=is_debug)) as client:
        client.get("/?times=10")
        assert "ran one statement" not in caplog.text
        client.get("/?times=11")
    databases.close()
    named = [record.getMessage() for record in caplog.records if record.name == "asok.database"]
    expected = ["GET / ran one statement 11 times; load these rows together: SELECT 1 AS one"]
    assert named == (expected if is_debug else [])
    assert logging.getLogger("asok.database").level == logging.NOTSET


@pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
def test_plain_statement_in_async_code_is_told_once(
    protocol: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In debug, with the user's line and what to write there; plain pages and awaited statements are fine."""
    with TestClient(make_app(tmp_path, debug=True), protocol=protocol) as client:
        for path in ("/?times=1", "/later?times=1", "/blocking?how=well"):
            client.get(path)
        assert "in async code" not in caplog.text
        for _ in range(2):
            assert client.get("/blocking").text == "done"
    databases.close()
    (told,) = [record.getMessage() for record in caplog.records if "in async code" in record.getMessage()]
    line = PAGES["blocking/page.py"].splitlines().index("    run_one(STATEMENT.bind(()))") + 1
    assert told.startswith(f"{tmp_path / 'src/pages/blocking/page.py'} line {line} waits for the database")
    assert "await ...run_one_async(...)" in told


@pytest.mark.usefixtures("counted")
def test_advice_fits_what_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The name with `_async` where there is one, `async for` for a loop; nothing outside of debug.

    Not even where statements are counted, for somebody who hears of them.
    """
    # Nothing of an earlier test in this thread.
    current_statements.set(None)
    for debug, name in ((False, "quiet"), (True, "loud")):
        with TestClient(make_app(tmp_path / name, debug=debug)) as client:
            for how in ("make", "all", "loop", "block", "well"):
                assert client.get(f"/notes?how={how}").status_code == 200
        databases.close()
    told = [record.getMessage() for record in caplog.records if "in async code" in record.getMessage()]
    assert [text.rpartition("served. ")[2].split(",")[0] for text in told] == [
        "Write await ...all_async(...) in the place of all(...).",
        "Write async for",
        "Write await ...count_async(...) in the place of count(...).",
    ]
    assert all("/loud/src/pages/notes/page.py" in text for text in told)
