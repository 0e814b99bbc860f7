"""Files are opened before an answer begins, read in pieces, and closed whatever happens."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from asok_engine.errors import NotFoundError
from asok_engine.servers import files
from asok_engine.servers.files import (
    FilePieces,
    file_pieces,
    kept_content,
    open_slice,
    read_slice,
    small_content,
)
from asok_engine.wire.response import FileBody


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of ten bytes."""
    made = tmp_path / "ten"
    made.write_bytes(b"0123456789")
    return made


@pytest.mark.parametrize(
    ("offset", "length", "content"), [(0, None, b"0123456789"), (4, None, b"456789"), (2, 3, b"234")]
)
def test_slice_is_read_from_its_place(path: Path, offset: int, length: int | None, content: bytes) -> None:
    """At once, or piece by piece."""
    body = FileBody(path, 10, 0.0, offset, length)
    assert read_slice(body) == content
    assert b"".join(file_pieces(body)) == content


def test_small_content_is_that_of_the_file_now(path: Path) -> None:
    """What is kept is given while time and size of the file are the same, and read anew when they are not."""
    body = FileBody(path, 10, 1000.0)
    assert small_content(body) == b"0123456789"
    path.write_bytes(b"abcdefghij")
    assert small_content(body) == b"0123456789"
    assert small_content(FileBody(path, 10, 1001.0)) == b"abcdefghij"
    assert small_content(FileBody(path, 10, 1001.0, 2, 3)) == b"cde"
    path.write_bytes(b"abc")
    assert small_content(FileBody(path, 3, 1001.0)) == b"abc"


def test_kept_content_is_that_of_the_whole_file_as_it_was_looked_at(path: Path) -> None:
    """Another time or size, and a slice, are not kept; nothing is opened for it."""
    assert kept_content(FileBody(path, 10, 1000.0)) is None
    small_content(FileBody(path, 10, 1000.0))
    path.unlink()
    assert kept_content(FileBody(path, 10, 1000.0)) == b"0123456789"
    for other in (
        FileBody(path, 10, 1001.0),
        FileBody(path, 11, 1000.0),
        FileBody(path, 10, 1000.0, 1),
        FileBody(path, 10, 1000.0, 0, 10),
    ):
        assert kept_content(other) is None


def test_file_that_has_just_changed_is_not_kept(path: Path) -> None:
    """It may change again before its time does."""
    body = FileBody(path, 10, time.time())
    assert small_content(body) == b"0123456789"
    path.write_bytes(b"abcdefghij")
    assert small_content(body) == b"abcdefghij"


def test_large_content_is_left_to_pieces(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only small files are read at once."""
    monkeypatch.setattr(files, "SMALL_BYTES", 9)
    assert small_content(FileBody(path, 10, 1000.0)) is None
    assert small_content(FileBody(path, 10, 1000.0, 1)) == b"123456789"


def test_small_file_that_has_gone_is_not_found(tmp_path: Path) -> None:
    """The answer is then 404 and not half of one."""
    with pytest.raises(NotFoundError):
        small_content(FileBody(tmp_path / "gone", 10, 1000.0))


def test_kept_contents_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them together stay below their limit."""
    monkeypatch.setattr(files, "KEPT_BYTES", 100)
    monkeypatch.setattr(files, "_kept", kept := files._Kept())
    for number in range(30):
        path = tmp_path / str(number)
        path.write_bytes(b"x" * 30)
        small_content(FileBody(path, 30, 1000.0))
        assert 0 < sum(len(content) for _, content in kept._contents.values()) == kept._bytes <= 100


def test_pieces_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file never stands in memory as a whole."""
    monkeypatch.setattr(files, "PIECE_BYTES", 4)
    assert list(FilePieces(path.open("rb"), 9)) == [b"0123", b"4567", b"8"]


def test_file_is_closed_at_its_end_and_when_it_is_given_up(path: Path) -> None:
    """Also when not one piece was asked for."""
    for taken in (0, 1, 99):
        file = path.open("rb")
        pieces = FilePieces(file, 10)
        for _, _ in zip(range(taken), pieces, strict=False):
            pass
        pieces.close()
        assert file.closed
        assert list(pieces) == []


def test_file_that_shrank_ends_early(path: Path) -> None:
    """The server then sees a short body and cuts; nothing is invented."""
    assert b"".join(FilePieces(path.open("rb"), 50)) == b"0123456789"


@pytest.mark.parametrize("kind", ["gone", "folder"])
def test_file_that_cannot_be_opened_is_not_found(tmp_path: Path, kind: str) -> None:
    """Gone since it was looked at, or not readable: 404, before anything was sent."""
    target = tmp_path / "x"
    if kind == "folder":
        target.mkdir()
    with pytest.raises(NotFoundError) as caught:
        open_slice(FileBody(target, 1, 0.0))
    assert caught.value.__cause__ is not None
