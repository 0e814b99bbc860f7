"""Which process serves the port."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from asok_engine.errors import SetupError
from asok_engine.realtime.election import Election

HOLDER = """
import sys
from pathlib import Path
from asok_engine.realtime.election import Election
print(Election(Path(sys.argv[1])).win(), flush=True)
sys.stdin.read()
"""


def test_one_of_two_wins_and_the_other_follows(tmp_path: Path) -> None:
    """The second gets the lock when the first resigns."""
    first, second = Election(tmp_path / "a.lock"), Election(tmp_path / "a.lock")
    assert first.win()
    assert first.win()
    assert not second.win()
    first.resign()
    assert second.win()
    second.resign()


def test_killed_process_gives_the_lock_back(tmp_path: Path) -> None:
    """Nothing is left behind by a process that could not clean up."""
    path = tmp_path / "folder/a.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        candidate = Election(path)
        assert not candidate.win()
        holder.kill()
        holder.wait(5)
        assert candidate.win()
        candidate.resign()


def test_folder_that_cannot_be_made_is_a_setup_error(tmp_path: Path) -> None:
    """The error names the file."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SetupError, match=r"a\.lock cannot be made"):
        Election(tmp_path / "file/a.lock").win()
