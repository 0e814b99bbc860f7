"""An application with models passes the strict checks of mypy and of pyright without a plugin."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mypy import api

#: One for each face.
SAMPLES = [Path(__file__).with_name(name) for name in ("sample_models.py", "sample_api_models.py")]
MISTAKES = """
from asok import Field, Model


class Note(Model):
    text = Field.String()
    rank = Field.Integer(nullable=True)


note = Note.find(1)
note.text
found = Note.find_or_fail(1)
found.text = 5
length: int = found.rank
Note.wehre(rank=1)
"""


def pyright(path: Path) -> subprocess.CompletedProcess[str]:
    """Check a file as an author who is strict does; skip, loudly, where pyright cannot be fetched."""
    settings = path.with_name("pyrightconfig.json")
    settings.write_text(json.dumps({"typeCheckingMode": "strict", "include": [path.name]}))
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--project", str(settings)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent)
    if "error" not in run.stdout and "0 errors" not in run.stdout:
        pytest.skip(f"pyright did not start; it fetches itself at first use: {run.stderr[-300:]}")
    return run


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_sample_of_models_passes_mypy(sample: Path) -> None:
    """No annotation of ours makes the author of a model write `Any` or `type: ignore`."""
    said, failed, code = api.run(["--strict", str(sample)])
    assert (code, failed) == (0, ""), said


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_sample_of_models_passes_pyright(sample: Path, tmp_path: Path) -> None:
    """Nor under pyright in its strict mode."""
    (tmp_path / "sample.py").write_text(sample.read_text())
    run = pyright(tmp_path / "sample.py")
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
def test_mistakes_with_models_are_found_by_both(tmp_path: Path) -> None:
    """A value of the wrong type, a None that may come, and a method that is none."""
    path = tmp_path / "sample.py"
    path.write_text(MISTAKES)
    lines = (11, 13, 14, 15)
    said, _, code = api.run(["--strict", str(path)])
    assert code == 1
    assert all(f"sample.py:{line}:" in said for line in lines), said
    told = pyright(path).stdout
    assert all(f"sample.py:{line}:" in told for line in lines), told
