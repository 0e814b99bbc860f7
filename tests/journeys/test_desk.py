"""The example application as people meet it: walked by a visitor, looked at in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests import servers
from tests.processes import clean_environment, run_once

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.servers

DESK = Path(__file__).parents[2] / "examples" / "desk"
PAGES = (
    "/",
    "/tickets",
    "/tickets?state=open&q=e&sort=-priority",
    "/tickets?page=3",
    "/tickets/2",
    "/tickets/new",
    "/docs",
    "/docs/working/priorities",
    "/about",
)


def asok(folder: Path, *words: str, **environment: str) -> str:
    """Run a command of the desk; what it says is shown when it fails."""
    run = run_once("asok.cli", *words, cwd=folder, **environment)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def prepare(folder: Path, **environment: str) -> None:
    """Make the desk's tables and its first rows."""
    asok(folder, "migrate", **environment)
    asok(folder, "db", "seed", **environment)


def copy_desk(folder: Path) -> Path:
    """Copy the desk below a folder, and fill its database; give where it is."""
    desk = folder / "desk"
    shutil.copytree(
        DESK, desk, ignore=shutil.ignore_patterns("__pycache__", "uploads", "*.sqlite3*", ".asok")
    )
    prepare(desk)
    return desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.ServerProcess]:
    """The desk in a folder of its own, served by uvicorn."""
    folder = copy_desk(tmp_path_factory.mktemp("desk"))
    with servers.run_server("uvicorn", folder) as server:
        yield server


def test_walk_through_every_page_finds_nothing_wrong(database_url: str) -> None:
    """`make demo-check` fills a database of any kind, follows every link, opens a ticket, and stops the desk."""
    run = subprocess.run(
        [sys.executable, str(DESK / "check.py")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=clean_environment(DATABASE_URL=database_url),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "The desk is well." in run.stdout
    assert "/docs/working/handing-over" in run.stdout
    assert "/tickets?page=3" in run.stdout


def test_seed_adds_nothing_twice(database_url: str, tmp_path: Path) -> None:
    """A second run of migrations and seed, as each `make demo` does it, leaves the rows as they are."""
    prepare(DESK, DATABASE_URL=database_url)
    before = asok(DESK, "db", "dump", DATABASE_URL=database_url)
    prepare(DESK, DATABASE_URL=database_url)
    assert asok(DESK, "db", "dump", DATABASE_URL=database_url) == before
    assert before.count('"subject"') == 24


def test_migrations_are_what_the_models_say() -> None:
    """Nobody changes a model of the desk without its migration."""
    asok(DESK, "make", "migration", "--check")


@pytest.mark.parametrize("name", ["q", "state", "priority", "sort", "page", "customer_id", "state__in", "q'"])
def test_list_can_only_be_asked_what_it_knows(desk: servers.ServerProcess, name: str) -> None:
    """No name and no value of an address reaches SQL as text, nor breaks anything; a search stays a search."""

    def count() -> bytes:
        found = re.search(rb"\d+ tickets", desk.get("/tickets")[1])
        return found[0] if found else b""

    before = count()
    for value in (
        "' OR 1=1 --",
        "1; DROP TABLE tickets",
        "(SELECT 1)",
        "-id,(SELECT 1)",
        "%",
        "\0",
        "9" * 40,
    ):
        status, body = desk.get(f"/tickets?{urlencode({name: value})}")
        if name == "q" and value != "\0":
            assert status == 200
            assert b"No ticket" in body, value
        else:
            assert status in (400, 422), (name, value)
        assert b"Traceback" not in body
        assert b"SELECT id" not in body
    assert count() == before != b""


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_clean_in_a_browser(desk: servers.ServerProcess, chromium: Browser, width: int) -> None:
    """No error in the console, nothing that the policy forbids, no scrolling sideways, one main heading."""
    context = chromium.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        page.goto(desk.url + path)
        assert page.locator("h1").count() == 1, path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    assert said == []
    context.close()


@pytest.mark.browser
def test_activity_arrives_by_itself(desk: servers.ServerProcess, chromium: Browser) -> None:
    """The live page fills while one looks at it."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{desk.url}/activity")
    page.locator("#activity li").nth(2).wait_for(timeout=8000)
    assert page.locator("#state").inner_text() == "live"
    assert page.locator("#activity li a").first.get_attribute("href").startswith("/tickets/")
    context.close()


@pytest.mark.browser
def test_everything_but_the_live_list_works_without_scripts(
    desk: servers.ServerProcess, chromium: Browser
) -> None:
    """Search, links and the report need no JavaScript."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{desk.url}/tickets")
    page.fill("input[name=q]", "export")
    page.click("text=Show")
    assert "1 ticket" in page.locator(".count").inner_text()
    page.click("text=Cannot export")
    assert page.locator("h1").inner_text() == "Cannot export more than 10 000 rows"
    page.goto(f"{desk.url}/report")
    assert "End of report." in page.content()
    context.close()


def test_text_of_customers_stays_text(desk: servers.ServerProcess) -> None:
    """A message with markup in it is shown, not rendered."""
    status, body = desk.get("/tickets/5")
    assert status == 200
    assert b"&lt;b&gt;Bold&lt;/b&gt;" in body


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False])
def test_ticket_is_opened_with_an_attachment(
    desk: servers.ServerProcess, chromium: Browser, scripts: bool
) -> None:
    """What is wrong is said at its field, what was typed stays, and the file comes back as a download only."""
    context = chromium.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{desk.url}/tickets/new")
    page.fill("#name", "Ana <b>")
    page.fill("#email", f"ana.{scripts}@example.com")
    page.fill("#subject", "Printer on fire")
    page.fill("#text", "It burns.")
    page.get_by_label("Urgent", exact=True).check()
    page.set_input_files("#attachment", {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"MZ\x90"})
    page.click(".form-submit")
    page.wait_for_selector("#attachment-error")
    assert page.input_value("#subject") == "Printer on fire"
    assert page.get_by_label("Urgent", exact=True).is_checked()
    page.set_input_files("#attachment", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hot"})
    page.click(".form-submit")
    page.wait_for_selector("text=with nobody yet")
    assert page.locator("h1").inner_text() == "Printer on fire"
    with page.expect_download() as started:
        page.click("text=notes.txt")
    assert Path(started.value.path()).read_bytes() == b"hot"
    assert desk.get("/uploads/.private/tickets/")[0] == 404
    context.close()
