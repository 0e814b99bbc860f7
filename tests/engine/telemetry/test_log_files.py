"""The log file: its size, its mode, and several processes writing to it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from asok_engine.errors import SetupError
from asok_engine.telemetry.log_files import LogFile


def write(handler: logging.Handler, message: str) -> None:
    handler.handle(logging.LogRecord("asok", logging.INFO, "", 0, "%s", (message,), None))


def test_a_full_file_is_renamed_and_five_are_kept(tmp_path: Path) -> None:
    """The newest line is in the named file, older ones in .1 to .5, and no more."""
    path = tmp_path / "app.log"
    handler = LogFile(str(path), max_bytes=100, kept=5)
    for n in range(100):
        write(handler, f"line {n:03} {'x' * 40}")
    handler.close()
    logs = sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".lock")
    assert logs == ["app.log", "app.log.1", "app.log.2", "app.log.3", "app.log.4", "app.log.5"]
    assert "line 099" in path.read_text()
    assert all(p.stat().st_size <= 100 for p in tmp_path.iterdir())


def test_the_file_is_not_for_others(tmp_path: Path) -> None:
    """Readable by the owner and the group."""
    path = tmp_path / "logs" / "app.log"
    LogFile(str(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) & 0o137 == 0


def test_a_rename_by_someone_else_is_followed(tmp_path: Path) -> None:
    """After logrotate or another worker moved the file, lines go to the new one."""
    path = tmp_path / "app.log"
    handler = LogFile(str(path))
    write(handler, "before")
    path.rename(tmp_path / "moved.log")
    write(handler, "after")
    os.remove(path)
    write(handler, "after removal")
    handler.close()
    assert (tmp_path / "moved.log").read_text() == "before\n"
    assert path.read_text() == "after removal\n"


def test_a_full_file_is_renamed_once_by_two_who_saw_it_full(tmp_path: Path) -> None:
    """Who comes second to the renaming finds the new file and uses it."""
    path = tmp_path / "app.log"
    first, second = LogFile(str(path), max_bytes=50), LogFile(str(path), max_bytes=50)
    write(first, "x" * 45)
    first.doRollover()
    second.doRollover()
    write(second, "after")
    first.close()
    second.close()
    assert sorted(p.name for p in tmp_path.glob("app.log*")) == ["app.log", "app.log.1", "app.log.lock"]
    assert path.read_text() == "after\n"


def worker(path: str, number: int, lines: int) -> None:
    handler = LogFile(path, max_bytes=4000, kept=1000)
    for n in range(lines):
        write(handler, f"{number}:{n:04}:{'x' * 60}")
    handler.close()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_workers_that_rotate_one_file_lose_no_line(tmp_path: Path) -> None:
    """Four processes write 4 x 300 lines through many rotations; each line is there once and whole."""
    path = tmp_path / "app.log"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=worker, args=(str(path), number, 300)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    found = [
        line for p in tmp_path.glob("app.log*") if p.suffix != ".lock" for line in p.read_text().splitlines()
    ]
    assert sorted(found) == sorted(f"{number}:{n:04}:{'x' * 60}" for number in range(4) for n in range(300))


def test_a_file_that_cannot_be_opened_stops_the_start(tmp_path: Path) -> None:
    """A directory in its place is named in the message."""
    with pytest.raises(SetupError, match="app"):
        (tmp_path / "app").mkdir()
        LogFile(str(tmp_path / "app"))
