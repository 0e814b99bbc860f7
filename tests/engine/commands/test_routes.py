"""Listed routes are readable, and JSON when asked."""

from __future__ import annotations

from pathlib import Path

from asok_engine.commands.routes import table
from tests.processes import run_once


def test_columns_are_aligned() -> None:
    """Each column is as wide as its widest cell; no line ends in spaces."""
    text = table(("PATTERN", "METHODS"), [("/", "GET"), ("/a/very/long/one", "GET POST")])
    assert text == "PATTERN           METHODS\n/                 GET\n/a/very/long/one  GET POST"


def test_models_that_cannot_be_imported_are_one_sentence(tmp_path: Path) -> None:
    """Where it is in the project, without a frame of the framework."""
    (tmp_path / "wsgi.py").write_text("from asok import Asok\n\napp = Asok()\n")
    models = tmp_path / "src" / "models"
    models.mkdir(parents=True)
    (models / "tag.py").write_text(
        "from asok import Field, Model\n\n\nclass Tag(Model):\n    name = Field.Strnig()\n"
    )
    ran = run_once("asok.cli", "routes", cwd=tmp_path, DEBUG="true")
    assert ran.returncode == 1
    assert ran.stderr.startswith(
        "error: The application does not start: AttributeError in src/models/tag.py line 5: "
    )
    assert ran.stderr.endswith("Did you mean String?\n")
    assert ran.stderr.count("\n") == 1
