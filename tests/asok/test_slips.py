"""A file that is not Python is told in one sentence, whoever loads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from asok.middlewares import load_links
from asok.orm.discovery import load_models
from asok.slips import unreadable
from asok_engine.errors import SetupError
from tests.asok.effects.sites import write_project

BROKEN = "from asok import Model\n\nclass Note(Model:\n    pass\n"
TOLD = "line 3: SyntaxError: invalid syntax. Correct it there: class Note(Model:"


def test_models_and_middlewares_tell_of_slips_alike(tmp_path: Path) -> None:
    """With file, line and text, and without frames of the loader as a cause."""
    for name, load in (("models", load_models), ("middlewares", lambda folder: load_links(folder, []))):
        folder = tmp_path / "src" / name
        folder.mkdir(parents=True)
        (folder / "slip.py").write_text(BROKEN)
        sys.path.insert(0, str(folder.parent))
        with pytest.raises(SetupError) as raised:
            load(folder)
        assert str(raised.value) == f"src/{name}/slip.py, {TOLD}"
        assert raised.value.__suppress_context__


def test_error_without_a_text_is_told_too(tmp_path: Path) -> None:
    """Such as bytes that are no text; a file elsewhere is named as it is."""
    error = SyntaxError("source code cannot contain null bytes", ("/elsewhere/x.py", 1, 1, None))
    assert str(unreadable(error, tmp_path / "src/models")).startswith(
        "/elsewhere/x.py, line 1: SyntaxError: source"
    )
    assert str(unreadable(error, tmp_path / "src/models")).endswith("Correct it there.")


def test_commands_tell_of_a_slip_in_a_line(tmp_path: Path) -> None:
    """`asok routes` prints one line and ends with 1; with `--traceback` everything."""
    write_project(tmp_path, files={"src/models/note.py": BROKEN})
    command = [sys.executable, "-m", "asok.cli", "routes"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.strip() == f"error: src/models/note.py, {TOLD}"
