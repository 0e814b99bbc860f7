"""The commands of `asok` that know its scaffold and its settings."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asok.commands import _port
from tests import servers
from tests.processes import run_once

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One fresh project, for the tests that only look at it."""
    parent = tmp_path_factory.mktemp("made")
    ran = run_once("asok.cli", "create", "my-blog", cwd=parent)
    assert ran.returncode == 0, ran.stderr
    assert "cd my-blog" in ran.stdout
    assert "asok dev" in ran.stdout
    return parent / "my-blog"


@pytest.mark.browser
def test_page_of_a_new_project_keeps_a_distance_from_the_edge(made: Path, browser_page: Page) -> None:
    """On a narrow screen too, and nothing is wider than the screen."""
    browser_page.set_viewport_size({"width": 390, "height": 800})
    with servers.run_server("uvicorn", made) as server:
        browser_page.goto(server.url)
        for part in ("h1", ".brand", ".foot p"):
            box = browser_page.locator(part).bounding_box()
            assert box is not None and box["x"] >= 16, part
        assert browser_page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_new_project_has_its_rooms_and_a_private_key(made: Path) -> None:
    """Every folder of the layout is there, .env is for its owner alone and holds a key of its own."""
    for room in ("components", "locales", "middlewares", "migrations", "models", "pages"):
        assert (made / "src" / room).is_dir(), room
    for part in ("css", "html", "images", "js", "uploads"):
        assert (made / "src" / "partials" / part).is_dir(), part
    assert stat.S_IMODE((made / ".env").stat().st_mode) == 0o600
    values = dict(
        line.split("=", 1) for line in (made / ".env").read_text().splitlines() if line[:1].isalpha()
    )
    assert values["DEBUG"] == "true"
    assert len(values["SECRET_KEY"].strip("\"'")) >= 64
    assert ".env" in (made / ".gitignore").read_text().splitlines()
    assert "__NAME__" not in (made / "README.md").read_text() + (made / "pyproject.toml").read_text()


def test_second_project_of_the_name_is_refused(made: Path) -> None:
    """Nothing is overwritten, and it is one line."""
    ran = run_once("asok.cli", "create", "my-blog", cwd=made.parent)
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "exists and is not empty" in ran.stderr
    assert run_once("asok.cli", "create", "my blog", cwd=made.parent).returncode == 1


def test_settings_are_listed_with_the_source(made: Path) -> None:
    """Values of .env are shown with where they come from, the key masked."""
    ran = run_once("asok.cli", "settings", cwd=made)
    assert ran.returncode == 0, ran.stderr
    assert "DEBUG" in ran.stdout
    key = next(line for line in (made / ".env").read_text().splitlines() if line.startswith("SECRET_KEY="))
    assert key.partition("=")[2].strip("\"'") not in ran.stdout


def test_settings_check_for_production_names_what_is_missing(made: Path) -> None:
    """A fresh project is not ready for production: APP_URL is missing, and that is said."""
    ran = run_once("asok.cli", "settings", "--check", "--production", cwd=made)
    assert ran.returncode == 1
    assert "APP_URL" in ran.stdout + ran.stderr


def test_port_of_a_project_that_cannot_be_loaded_comes_from_its_environment(tmp_path: Path) -> None:
    """ASOK_PORT of .env counts also while wsgi.py is broken; a bad value leaves 8000."""
    (tmp_path / ".env").write_text("ASOK_PORT=4567\n")
    assert _port(tmp_path) == 4567
    (tmp_path / ".env").write_text("ASOK_PORT=many\n")
    assert _port(tmp_path) == 8000
