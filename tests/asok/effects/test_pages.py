"""Settings of pages and templates, watched through requests and through files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import BOTH, make_app

SPACED = {"page.html": "<ul>\n    <li>a</li>\n\n    <li>b   c</li>\n</ul>\n<pre>\n  x\n  y</pre>"}


# --- DEBUG ------------------------------------------------------------------------------


@BOTH
@pytest.mark.setting("asok.DEBUG")
def test_failure_is_explained_in_debug_only(tmp_path: Path, by: str) -> None:
    """DEBUG shows error, file and line; production shows an id and nothing of the application."""
    pages = {"page.py": "def get(request):\n    raise LookupError('the drawer is empty')\n"}
    shown = TestClient(make_app(tmp_path, {"DEBUG": True}, by=by, pages=pages)).get("/")
    assert shown.status_code == 500
    assert all(part in shown for part in ("LookupError", "the drawer is empty", "src/pages/page.py"))
    hidden = TestClient(make_app(tmp_path, {"DEBUG": False}, by=by, pages=pages)).get("/")
    assert hidden.status_code == 500
    assert hidden.headers["X-Request-ID"] in hidden
    assert not any(part in hidden for part in ("LookupError", "drawer", "page.py"))


@pytest.mark.setting("asok.DEBUG")
def test_template_is_read_again_in_debug_only(tmp_path: Path) -> None:
    """A developer sees the change at the next request; production keeps what it has compiled."""
    for debug, second in ((True, "after"), (False, "before")):
        client = TestClient(make_app(tmp_path, {"DEBUG": debug}, pages={"page.html": "before"}))
        assert client.get("/").text == "before"
        (tmp_path / "src/pages/page.html").write_text("after")
        assert client.get("/").text == second


@pytest.mark.setting("asok.DEBUG")
def test_debug_is_off_unless_it_is_set(tmp_path: Path) -> None:
    """Who forgets it has production, with its demands, and no page near an address is told."""
    client = TestClient(make_app(tmp_path, pages={"about.html": "x"}))
    assert "/about" not in client.get("/abuot")
    assert "/about" in TestClient(make_app(tmp_path, {"DEBUG": "on"}, by=".env")).get("/abuot")


# --- names and languages ----------------------------------------------------------------


@BOTH
@pytest.mark.setting("asok.INDEX")
def test_index_names_the_entry_of_a_folder(tmp_path: Path, by: str) -> None:
    """With another name, `page` is an ordinary file with an address of its own."""
    pages = {"home.html": "home", "shop/home.html": "shop", "shop/page.html": "ordinary"}
    client = TestClient(make_app(tmp_path, {"INDEX": "home"}, by=by, pages=pages))
    assert [client.get(path).text for path in ("/", "/shop", "/shop/page")] == ["home", "shop", "ordinary"]
    assert client.get("/home").status_code == 404


@BOTH
@pytest.mark.setting("asok.LOCALE")
def test_locale_is_the_language_of_a_visitor_who_asks_for_none(tmp_path: Path, by: str) -> None:
    """Handlers and templates read it; without the setting it is English."""
    pages = {
        "page.html": '<html lang="{{ request.lang }}">',
        "code.py": "def get(request):\n    return request.lang\n",
    }
    client = TestClient(make_app(tmp_path, {"LOCALE": "pt-BR"}, by=by, pages=pages))
    assert (client.get("/").text, client.get("/code").text) == ('<html lang="pt-BR">', "pt-BR")
    assert TestClient(make_app(tmp_path, pages=pages)).get("/code").text == "en"


# --- templates --------------------------------------------------------------------------


@BOTH
@pytest.mark.setting("asok.STRICT_VARIABLES")
def test_undefined_variable_is_an_error_or_nothing(tmp_path: Path, by: str) -> None:
    """Strict is the default; switched off, the name prints nothing, also a part of it."""
    pages = {"page.html": "[{{ missing }}{{ missing.part }}]"}
    for settings, expected in (
        ({}, (500, None)),
        ({"STRICT_VARIABLES": True}, (500, None)),
        ({"STRICT_VARIABLES": False}, (200, "[]")),
    ):
        answer = TestClient(make_app(tmp_path, settings, by=by, pages=pages)).get("/")
        assert (answer.status_code, answer.text if expected[1] else None) == expected


@BOTH
@pytest.mark.setting("asok.HTML_MINIFY")
def test_white_space_of_templates_is_collapsed(tmp_path: Path, by: str) -> None:
    """Between and within elements, never where it shows."""
    client = TestClient(make_app(tmp_path, {"HTML_MINIFY": True, "DEBUG": True}, by=by, pages=SPACED))
    text = client.get("/").text
    assert len(text) < len(SPACED["page.html"])
    assert "\n    <li>" not in text
    assert "<pre>\n  x\n  y</pre>" in text


@BOTH
@pytest.mark.setting("asok.HTML_MINIFY")
def test_html_is_sent_as_it_is_when_minify_is_off(tmp_path: Path, by: str) -> None:
    """The word false in a file is off, in production too."""
    client = TestClient(make_app(tmp_path, {"HTML_MINIFY": False}, by=by, pages=SPACED))
    assert client.get("/").text == SPACED["page.html"]


@pytest.mark.setting("asok.HTML_MINIFY")
def test_production_minifies_unless_told_otherwise_and_debug_does_not(tmp_path: Path) -> None:
    """The default is the opposite of DEBUG."""
    sizes = [
        len(TestClient(make_app(tmp_path, {"DEBUG": debug}, pages=SPACED)).get("/").text)
        for debug in (False, True)
    ]
    assert sizes[0] < sizes[1] == len(SPACED["page.html"])


# --- bytecode ---------------------------------------------------------------------------


def bytecode_of(root: Path, *, interpreter_writes: bool = True) -> list[str]:
    """Start the application in a process of its own and give the folders with .pyc files that it left."""
    code = f"from asok import Asok; Asok({str(root)!r}).startup()"
    flags = [] if interpreter_writes else ["-B"]
    environment = {"PYTHONDONTWRITEBYTECODE": "", "PATH": "/usr/bin"}
    subprocess.run([sys.executable, *flags, "-c", code], check=True, env=environment, cwd=root)
    return sorted(str(path.parent.relative_to(root)) for path in root.rglob("*.pyc"))


PROJECT = {"src/models/thing.py": "NAME = 'thing'\n"}
IMPORTING = {"page.py": "from models.thing import NAME\n\ndef get(request):\n    return NAME\n"}


@pytest.mark.setting("asok.ASOK_WRITE_BYTECODE")
def test_project_stays_free_of_bytecode(tmp_path: Path) -> None:
    """By default neither a page nor what it imports leaves a .pyc file."""
    make_app(tmp_path, pages=IMPORTING, files=PROJECT)
    assert bytecode_of(tmp_path) == []


@pytest.mark.setting("asok.ASOK_WRITE_BYTECODE")
def test_bytecode_is_written_when_asked_for(tmp_path: Path) -> None:
    """In `.env` too; but a Python that was told to write none is not overruled."""
    make_app(tmp_path, {"ASOK_WRITE_BYTECODE": True}, by=".env", pages=IMPORTING, files=PROJECT)
    assert bytecode_of(tmp_path, interpreter_writes=False) == []
    assert bytecode_of(tmp_path) == ["src/models/__pycache__", "src/pages/__pycache__"]
