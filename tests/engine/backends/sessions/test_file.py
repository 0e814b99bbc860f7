"""Sessions in files: modes, leftovers, a disk that is full."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from asok_engine.backends.sessions.contract import Lifetimes, NewSession
from asok_engine.backends.sessions.file import FileSessions
from asok_engine.errors import BackendUnavailable, SetupError

NAME = "ab" * 32


def files_of(folder: Path) -> list[Path]:
    """Give the records below a folder."""
    return [path for path in folder.rglob("*") if path.is_file() and path.parent.name not in ("locks",)]


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    """Files are 0600 and folders 0700, whatever the umask (case 108)."""
    before = os.umask(0)
    try:
        store = FileSessions(tmp_path / "s")
        store.create(NewSession(NAME, {"a": b"1"}, "user:1"))
        store.change(NAME, {"b": b"2"})
    finally:
        os.umask(before)
    for path in (tmp_path / "s").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_folder_that_is_a_file_is_refused_at_start(tmp_path: Path) -> None:
    """The message names the directory."""
    (tmp_path / "s").write_text("")
    with pytest.raises(SetupError, match="cannot be made"):
        FileSessions(tmp_path / "s")


def test_what_has_run_out_and_what_was_left_behind_is_cleared(tmp_path: Path) -> None:
    """New sessions clear away the dead now and then, and the halves of a killed process."""
    now = [time.time()]
    store = FileSessions(tmp_path, Lifetimes(10, 100), clear_every=3, clock=lambda: now[0])
    store.create(NewSession("aa" * 32, {}))
    store.create(NewSession("bb" * 32, {}))
    half = tmp_path / "aa" / f"{'aa' * 31}.{'0' * 16}.tmp"
    half.write_bytes(b"half")
    os.utime(half, (now[0] - 7200, now[0] - 7200))
    now[0] += 11
    store.create(NewSession("cc" * 32, {}))
    assert [path.parent.name for path in files_of(tmp_path)] == ["cc"]
    assert store.load("cc" * 32) is not None


def test_time_of_a_file_is_not_written_at_every_use(tmp_path: Path) -> None:
    """A use shortly after another one writes nothing."""
    now = [1000.0]
    store = FileSessions(tmp_path, Lifetimes(1000, 10_000), clock=lambda: now[0])
    store.create(NewSession(NAME, {}))
    (path,) = files_of(tmp_path)
    now[0] += 30
    store.load(NAME)
    assert path.stat().st_mtime == 1000
    now[0] += 31
    store.load(NAME)
    assert path.stat().st_mtime == 1061


def test_full_disk_is_one_503_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record before stays whole, nothing is left beside it, and the next write works (case 109)."""
    store = FileSessions(tmp_path)
    store.create(NewSession(NAME, {"a": b"1"}))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(BackendUnavailable, match="No space left") as failure:
            store.change(NAME, {"a": b"2"})
    assert failure.value.status == 503
    found = store.load(NAME)
    assert found is not None
    assert dict(found.values) == {"a": b"1"}
    assert len(files_of(tmp_path)) == 1
    assert store.change(NAME, {"a": b"2"}) is True


def test_marker_without_session_is_tidied(tmp_path: Path) -> None:
    """A session that ran out is not listed, and its mark goes."""
    now = [time.time()]
    store = FileSessions(tmp_path, Lifetimes(10, 100), clock=lambda: now[0])
    store.create(NewSession(NAME, {}, "user:1"))
    now[0] += 11
    assert store.of_user("user:1") == []
    assert list((tmp_path / "users").rglob(NAME)) == []
