"""Small files that processes share: whole or not there, in turns, and for their owner only."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from asok_engine.backends.file_tree import STALE_SECONDS, FileTree
from asok_engine.errors import BackendUnavailable, SetupError

NAME = "ab" + "0" * 62


def tree(folder: Path, below: str = "") -> FileTree:
    return FileTree(folder / "tree", "cache", "file cache", below=below)


def test_file_is_written_whole_and_read_with_its_time(tmp_path: Path) -> None:
    """In a folder named by its first two signs; what is not there is None."""
    files = tree(tmp_path)
    path = files.path(NAME)
    assert files.read(path) is None
    files.write(path, b"one", 1_000_000.0)
    files.write(path, b"two", 2_000_000.0)
    assert files.read(path) == (b"two", 2_000_000.0)
    assert path == tmp_path / "tree/ab" / NAME[2:]
    assert list(files.files()) == [path]


def test_everything_is_for_its_owner_only(tmp_path: Path) -> None:
    """Folders, files, marks and locks."""
    files = tree(tmp_path, below="part")
    files.write(files.path(NAME), b"x")
    files.mark(files.root / "marks" / "deep" / "one")
    with files.locked("locks/ab"):
        pass
    found = list((tmp_path / "tree").rglob("*"))
    assert len(found) == 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o700, 0o600}


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    """Only names of this tree are given."""
    files = tree(tmp_path)
    files.write(files.path(NAME), b"x")
    (files.root / "ab" / "README").write_text("")
    (files.root / "zz").mkdir()
    (files.root / "zz" / NAME[2:]).write_text("")
    assert [path.name for path in files.files()] == [NAME[2:]]
    assert list(tree(tmp_path, below="elsewhere").files()) == []


def test_what_a_killed_process_left_is_known_by_its_age(tmp_path: Path) -> None:
    """A file in its place is not asked about."""
    files = tree(tmp_path)
    files.write(files.path(NAME), b"x")
    half = files.path(NAME).with_name(f"{NAME[2:]}.{'0' * 16}.tmp")
    half.write_bytes(b"")
    assert files.is_left_behind(files.path(NAME)) is None
    assert files.is_left_behind(half) is False
    old = time.time() - STALE_SECONDS - 1
    os.utime(half, (old, old))
    assert files.is_left_behind(half) is True


def test_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old value stays, and no half file lies beside it."""
    files = tree(tmp_path)
    files.write(files.path(NAME), b"old")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(
        BackendUnavailable, match="The file cache in .* cannot write: No space left on device"
    ):
        files.write(files.path(NAME), b"new")
    monkeypatch.undo()
    assert files.read(files.path(NAME)) is not None
    assert len(list(files.files())) == 1


def test_turns_exclude_each_other(tmp_path: Path) -> None:
    """Of several threads, with trees of their own, one is inside at a time."""
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        files = tree(tmp_path)
        for _ in range(20):
            with files.locked("one"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 80


def test_directory_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    """With its name and what it is for."""
    (tmp_path / "tree").write_text("a file")
    with pytest.raises(SetupError, match="The cache directory .*tree.* cannot be made"):
        tree(tmp_path)
