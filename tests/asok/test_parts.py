"""What an application does not use is not loaded, and is there when it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from asok import parts

PROGRAM = """
import json, sys
from asok import Asok, TestClient
app = Asok(sys.argv[1])
app.config["DEBUG"] = len(sys.argv) > 2
app.config["SECRET_KEY"] = "of-a-test-and-nothing-else-0123456789-0123456789"
app.config["APP_URL"] = "http://localhost"
with TestClient(app) as client:
    at_the_start = sorted(sys.modules)
    answers = [client.get("/").text, sorted(client.get("/health").json["checks"])]
print(json.dumps([answers, sorted(sys.modules), at_the_start]))
"""
ROOMS = ("asok_engine.records", "asok_engine.database", "asok_engine.sql", "asok_engine.realtime")
FILES = ("asok.debugpage", "asok.validation", "asok_engine.telemetry.log_files", "logging.handlers")
TEMPLATES = ("asok_engine.templates.environment", "minijinja")


def start(folder: Path, **files: str) -> tuple[list[object], set[str]]:
    """Start a project in a process of its own; give what it answers and the modules that it has loaded."""
    answers, modules, _ = start_and_look(folder, **files)
    return answers, modules


def start_and_look(folder: Path, *words: str, **files: str) -> tuple[list[object], set[str], set[str]]:
    """As `start`; give also what was loaded before the first request. A word means DEBUG."""
    for name, text in {"pages/page.py": "def get(request):\n    return 'hello'\n", **files}.items():
        (folder / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "src" / name).write_text(text)
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert run.returncode == 0, run.stderr
    answers, modules, before = json.loads(run.stdout.splitlines()[-1])
    return answers, set(modules), set(before)


def test_application_of_one_page_loads_no_part_that_it_has_not(tmp_path: Path) -> None:
    """Models, databases, templates, sockets, forms and log files cost nothing where there are none."""
    answers, modules = start(tmp_path)
    assert answers == ["hello", []]
    loaded = {name for name in modules if name.startswith(ROOMS)}
    assert not loaded | (modules & {*FILES, *TEMPLATES})


def test_template_is_prepared_at_the_start(tmp_path: Path) -> None:
    """A project with a template has its environment before the first request."""
    _, modules = start(tmp_path, **{"pages/other/page.html": "<p>{{ 1 + 1 }}</p>"})
    assert set(TEMPLATES) <= modules
    assert not {name for name in modules if name.startswith(ROOMS)}


def test_template_without_a_file_is_rendered(tmp_path: Path) -> None:
    """A template given as text is rendered where no file is one."""
    page = "def get(request):\n    return request.render_string('{{ 40 + 2 }}')\n"
    answers, modules = start(tmp_path, **{"pages/page.py": page})
    assert answers[0] == "42"
    assert set(TEMPLATES) <= modules


def test_models_bring_their_database(tmp_path: Path) -> None:
    """A project with models has its database in `/health`."""
    model = "from asok import Field, Model\nclass Note(Model):\n    text = Field.String(50)\n"
    answers, _ = start(tmp_path, **{"models/note.py": model})
    assert answers == ["hello", ["database"]]


def test_no_request_waits_for_the_compiler_of_sql(tmp_path: Path) -> None:
    """In production what the first statement needs is loaded at the start; in debug at that statement."""
    files = {
        "models/note.py": "from asok import Field, Model\nclass Note(Model):\n    text = Field.String(50)\n",
        "pages/page.py": "from models.note import Note\n"
        "def get(request):\n    Note.create_table()\n    return str(Note.count())\n",
    }
    answers, after, before = start_and_look(tmp_path, **files)
    assert answers[0] == "0"
    assert "sqlalchemy.dialects.sqlite" in before
    late = {name for name in after - before if name.startswith(("asok", "sqlalchemy", "sqlite3"))}
    assert not late, "the first request loads these"
    (tmp_path / "db.sqlite3").unlink()
    answers, after, before = start_and_look(tmp_path, "debug", **files)
    assert answers[0] == "0"
    assert "sqlalchemy" in after - before


def test_model_that_comes_late_has_the_database_of_the_application(tmp_path: Path) -> None:
    """Code that declares its first model while it answers reaches the database of the settings."""
    page = (
        "def get(request):\n"
        "    from asok import Field, Model\n"
        "    class Note(Model):\n"
        "        text = Field.String(50)\n"
        "    Note.create_table()\n"
        "    Note.create(text='late')\n"
        "    return Note.first().text\n"
    )
    answers, _ = start(tmp_path, **{"pages/page.py": page})
    assert answers[0] == "late"
    assert (tmp_path / "db.sqlite3").exists()


def test_slip_in_the_name_of_a_part_is_an_attribute_error() -> None:
    """As for any module."""
    with pytest.raises(AttributeError, match="DataLyer"):
        _ = parts.DataLyer
