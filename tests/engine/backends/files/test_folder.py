"""Files are whole or absent, have the modes that they were given, and never leave their folder."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from asok_engine.backends.files import folder as module
from asok_engine.backends.files.folder import FileFolder
from asok_engine.errors import StorageFull, UsageError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def everything(path: Path) -> list[str]:
    return sorted(found.relative_to(path).as_posix() for found in path.rglob("*") if found.is_file())


def test_file_is_written_with_its_folders(tmp_path: Path) -> None:
    """The name that is given back leads to the content."""
    folder = FileFolder(tmp_path / "up")
    assert folder.write("a/b/c.txt", [b"one", b"two"]) == "a/b/c.txt"
    assert folder.path("a/b/c.txt").read_bytes() == b"onetwo"
    folder.remove("a/b/c.txt")
    folder.remove("a/b/c.txt")
    assert everything(tmp_path) == []


def test_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    """Nothing is overwritten, with hard links or without."""
    folder = FileFolder(tmp_path)
    assert [folder.write("a.tar.gz", [b"x"]) for _ in range(3)] == ["a.tar.gz", "a.tar_1.gz", "a.tar_2.gz"]
    assert [folder.write("plain", [b"x"]) for _ in range(2)] == ["plain", "plain_1"]


def test_file_system_without_hard_links_works_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is reserved and then replaced."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "no links")

    monkeypatch.setattr(os, "link", refuse)
    folder = FileFolder(tmp_path)
    assert [folder.write("a.txt", [b"one"]), folder.write("a.txt", [b"two"])] == ["a.txt", "a_1.txt"]
    assert (tmp_path / "a_1.txt").read_bytes() == b"two"
    assert everything(tmp_path) == ["a.txt", "a_1.txt"]


def test_modes_are_those_that_were_given_whatever_the_umask(tmp_path: Path) -> None:
    """Forty threads that make files and folders at once, under a umask that would change them (reliability 108)."""
    folder = FileFolder(tmp_path / "up", file_mode=0o664, folder_mode=0o775)
    before = os.umask(0o077)
    try:
        threads = [
            threading.Thread(target=folder.write, args=(f"d{n % 4}/e{n % 2}/f{n}.txt", [b"x"] * 3))
            for n in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "up").rglob("*") if path.is_file()]
    folders = [path for path in (tmp_path / "up").rglob("*") if path.is_dir()]
    assert len(files) == 40
    assert {mode(path) for path in files} == {0o664}
    assert {mode(path) for path in folders} == {0o775}


def test_private_file_is_the_owners_alone(tmp_path: Path) -> None:
    """So are the folders that were made for it."""
    folder = FileFolder(tmp_path)
    folder.write("p/a.txt", [b"x"], private=True)
    assert mode(tmp_path / "p/a.txt") == 0o600
    assert mode(tmp_path / "p") == 0o700


@pytest.mark.parametrize("name", ["", "/", "../a", "a/../../b", "/etc/passwd", "a\x00b", "..", "a\\..\\b"])
def test_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    """Before anything is made."""
    with pytest.raises(UsageError, match="no name below"):
        FileFolder(tmp_path / "up").write(name, [b"x"])
    assert everything(tmp_path) == []


def test_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    """A folder that is somewhere else is none of ours."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "up").mkdir()
    (tmp_path / "up/link").symlink_to(outside)
    with pytest.raises(UsageError, match="symbolic link"):
        FileFolder(tmp_path / "up").write("link/a.txt", [b"x"])
    assert everything(outside) == []


def test_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A client that goes away in the middle leaves no half file."""

    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        FileFolder(tmp_path).write("a.txt", pieces())
    assert everything(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here; run the tests as root to see a disk fill up")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_full_disk_is_told_once_and_leaves_nothing(small_disk: Path) -> None:
    """507, no half file, and the next upload works as soon as there is space (reliability 109)."""
    folder = FileFolder(small_disk)
    with pytest.raises(StorageFull, match=r"'big\.bin'") as caught:
        folder.write("a/big.bin", [b"x" * 65536] * 40)
    assert caught.value.status == 507
    assert everything(small_disk) == []
    assert folder.write("a/small.bin", [b"x" * 1000]) == "a/small.bin"


def test_other_errors_of_the_disk_come_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a full disk is called one."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(module, "_claim", refuse)
    with pytest.raises(OSError, match="broken"):
        FileFolder(tmp_path).write("a.txt", [b"x"])
    assert everything(tmp_path) == []
