"""What only the cache in files promises: whole files, private files, a bounded number."""

from __future__ import annotations

import multiprocessing
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from asok_engine.backends.cache.file import FileCache
from asok_engine.errors import BackendUnavailable, SetupError


def files(directory: Path) -> list[Path]:
    return sorted(p for p in directory.rglob("*") if p.is_file())


def test_files_are_for_their_owner_only_and_do_not_show_the_key(tmp_path: Path) -> None:
    """Mode 0600 in directories of 0700; the name is a hash."""
    cache = FileCache(tmp_path / "cache")
    cache.set("user:alice@example.com", "secret")
    (path,) = files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700
    assert "alice" not in str(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"cache1 \n5",
        b"cache1 inf\n",
        b"cache1 inf\n{",
        b"cache1 nan\n5",
        b"cache1 soon\n5",
        b"cache1 inf",
        b"cache9 inf\n5",
        b"\x80\x04\x95(cos\nsystem\n",
        b"\xff" * 4096,
    ],
)
def test_a_damaged_file_is_a_miss_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    """Whatever stands in the file, reading gives the default and writing repairs it (case 104)."""
    cache = FileCache(tmp_path)
    cache.set("k", "v")
    (path,) = files(tmp_path)
    path.write_bytes(content)
    assert cache.get("k", "miss") == "miss"
    assert cache.has("k") is False
    assert cache.incr("k") == 1
    assert cache.get("k") == 1


def test_a_file_that_was_cut_anywhere_is_a_miss_or_whole(tmp_path: Path) -> None:
    """A copy that ends early is never half a value."""
    cache = FileCache(tmp_path)
    cache.set("k", {"rows": [1, 2, 3]})
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert cache.get("k", "miss") == "miss"


def test_readers_never_see_half_a_value(tmp_path: Path) -> None:
    """While one thread writes, another sees the old value or the new one."""
    cache = FileCache(tmp_path)
    values = ["a" * 50_000, "b" * 50_000]
    cache.set("k", values[0])
    stop = threading.Event()

    def write() -> None:
        turn = 0
        while not stop.is_set():
            turn ^= 1
            cache.set("k", values[turn])

    writer = threading.Thread(target=write)
    writer.start()
    seen = {cache.get("k") for _ in range(300)}
    stop.set()
    writer.join(5)
    assert seen <= set(values)


def test_a_failed_write_leaves_the_old_value_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the file cannot be moved into place, the old value stays and nothing else is left."""
    cache = FileCache(tmp_path)
    cache.set("k", "old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(BackendUnavailable, match="No space left") as failure:
        cache.set("k", "new")
    assert failure.value.status == 503
    assert isinstance(failure.value.__cause__, OSError)
    assert cache.get("k") == "old"
    assert len(files(tmp_path)) == 1


def test_clearing_removes_what_ran_out_and_what_a_killed_process_left(tmp_path: Path) -> None:
    """Live values stay; expired ones and old temporary files go; files that are not ours stay."""
    now = [1000.0]
    cache = FileCache(tmp_path, clock=lambda: now[0])
    cache.set("short", 1, 10)
    cache.set("long", 1, 1000)
    kept = files(tmp_path)[0].parent
    stale = kept / ("0" * 62 + ".0123456789abcdef.tmp")
    fresh = kept / ("1" * 62 + ".0123456789abcdef.tmp")
    foreign = kept / "README"
    for path in (stale, fresh, foreign):
        path.write_text("x")
    os.utime(stale, (time.time() - 7200,) * 2)
    now[0] += 100
    assert cache.clear() == 2
    assert (cache.has("long"), stale.exists(), fresh.exists(), foreign.exists()) == (True, False, True, True)


def test_the_number_of_files_is_bounded(tmp_path: Path) -> None:
    """Writing clears now and then, the oldest go first."""
    cache = FileCache(tmp_path, max_entries=20, clear_every=10)
    for n in range(200):
        cache.set(f"k{n}", n)
    assert len(files(tmp_path)) <= 30
    assert cache.get("k199") == 199


def test_flush_leaves_files_that_are_not_ours(tmp_path: Path) -> None:
    """A file that someone put into the directory survives."""
    foreign = tmp_path / "notes.txt"
    foreign.write_text("mine")
    cache = FileCache(tmp_path)
    cache.set("k", 1)
    cache.flush()
    assert files(tmp_path) == [foreign]


def test_a_directory_that_vanished_is_made_again(tmp_path: Path) -> None:
    """Someone empties the cache with rm -r: reading is a miss, writing goes on."""
    cache = FileCache(tmp_path / "cache", "p")
    cache.set("k", 1)
    for path in sorted((tmp_path / "cache").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (tmp_path / "cache").rmdir()
    assert cache.get("k") is None
    cache.flush()
    assert cache.incr("k") == 1
    cache.set("j", 1)
    assert cache.get("j") == 1


def test_a_directory_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    """A file in the way is named in the message."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="file"):
        FileCache(tmp_path / "file")


def test_values_outlive_the_process(tmp_path: Path) -> None:
    """A second cache over the same directory sees what the first one kept."""
    FileCache(tmp_path).set("k", [1, 2])
    assert FileCache(tmp_path).get("k") == [1, 2]


def count(directory: str, times: int) -> None:
    cache = FileCache(directory)
    for _ in range(times):
        cache.incr("k")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_processes_that_count_together_lose_nothing(tmp_path: Path) -> None:
    """Three processes with their own caches add up to the whole sum."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=count, args=(str(tmp_path), 60)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(20)
        assert process.exitcode == 0
    assert FileCache(tmp_path).get("k") == 180
