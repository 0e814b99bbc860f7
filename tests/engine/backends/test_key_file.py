"""In development without SECRET_KEY every process of a project signs with the same key."""

from __future__ import annotations

import logging
import multiprocessing
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from asok import Asok
from asok_engine.backends.key_file import kept_key
from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import KEY, write_project

PAGE = """
def get(request):
    request.session["seen"] = request.session.get("seen", 0) + 1
    return str(request.session["seen"])
"""


def test_key_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    """Long enough, in a file that nobody else can read, and without leftovers beside it."""
    key = kept_key(tmp_path / ".asok/development.key")
    assert len(key) >= 48
    assert kept_key(tmp_path / ".asok/development.key") == key
    file = tmp_path / ".asok" / "development.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    file.chmod(0o644)
    assert kept_key(tmp_path / ".asok/development.key") == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    """Whoever comes first makes it."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(kept_key, [tmp_path / "kept.key"] * 16))) == 1


@pytest.mark.parametrize("content", ["short", "é" * 60, None])
def test_key_that_cannot_be_kept_is_told(
    tmp_path: Path, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken file, or a folder that is a file: a key of this process, and a warning that names the place."""
    if content is None:
        (tmp_path / ".asok").write_text("")
    else:
        (tmp_path / ".asok").mkdir()
        (tmp_path / ".asok/development.key").write_text(content)
    with caplog.at_level(logging.WARNING, "asok"):
        assert kept_key(tmp_path / ".asok/development.key") != kept_key(tmp_path / ".asok/development.key")
    assert "development.key" in caplog.text
    assert "Set SECRET_KEY" in caplog.text


@pytest.mark.parametrize("given", [{}, {"SECRET_KEY": ""}])
def test_session_outlives_a_start_in_debug(tmp_path: Path, given: dict[str, str]) -> None:
    """What one process has signed is good for the next; an empty key is none."""
    write_project(tmp_path, pages={"page.py": PAGE})
    cookies: dict[str, str] = {}
    for number in ("1", "2"):
        app = Asok(tmp_path)
        app.config.update({"DEBUG": True, "SESSION_BACKEND": "file", **given})
        with TestClient(app) as client:
            client.cookies.update(cookies)
            assert client.get("/").text == number
            cookies = dict(client.cookies)


def test_key_that_is_set_is_the_key(tmp_path: Path) -> None:
    """Nothing is written then."""
    write_project(tmp_path)
    app = Asok(tmp_path)
    app.config.update({"DEBUG": True, "SECRET_KEY": KEY})
    with TestClient(app) as client:
        assert client.get("/").text == "hello"
    assert not (tmp_path / ".asok/development.key").exists()


def test_production_makes_no_key(tmp_path: Path) -> None:
    """Without SECRET_KEY it does not start, and nothing is written."""
    (tmp_path / "wsgi.py").write_text(
        "from asok import Asok\napp = Asok()\napp.config['DEBUG'] = False\napp.startup()\n"
    )
    run = subprocess.run(
        [sys.executable, "wsgi.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "SECRET_KEY" in run.stderr
    assert not (tmp_path / ".asok").exists()
