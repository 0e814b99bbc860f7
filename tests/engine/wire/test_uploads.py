"""An uploaded file is read as a file, whole, in pieces, or by name."""

from __future__ import annotations

import io

import pytest

from asok_engine.wire.uploads import UploadedFile


def make(content: bytes = b"hello") -> UploadedFile:
    """Make an upload in memory."""
    return UploadedFile("a.txt", "text/plain", len(content), io.BytesIO(content))


def test_reading_goes_on_where_it_stopped() -> None:
    """`read` takes what it is told and everything by default."""
    upload = make()
    assert upload.read(2) == b"he"
    assert upload.read() == b"llo"
    assert upload.read() == b""


def test_content_is_whole_wherever_the_file_stands() -> None:
    """Asking for the content does not move the file."""
    upload = make()
    upload.read(2)
    assert upload.content == b"hello"
    assert upload.read() == b"llo"


def test_iterating_gives_bounded_pieces_from_the_start() -> None:
    """A large file comes in pieces of at most 64 KB."""
    upload = make(b"x" * 150_000)
    upload.read(10)
    assert [len(piece) for piece in upload] == [65_536, 65_536, 18_928]


def test_parts_are_found_by_name() -> None:
    """`upload["filename"]` is what templates and older code write."""
    upload = make()
    assert upload["filename"] == "a.txt"
    assert upload["content_type"] == "text/plain"
    assert upload["size"] == 5
    assert upload["content"] == b"hello"
    assert upload["file"] is upload.file
    with pytest.raises(KeyError):
        upload["close"]


def test_closing_closes_the_file() -> None:
    """What was opened for an upload is given back."""
    upload = make()
    upload.close()
    assert upload.file.closed


def test_repr_shows_what_it_is_and_not_what_it_holds() -> None:
    """Name, type and size, quoted; an empty upload is still true."""
    assert repr(make(b"secret")) == "<UploadedFile 'a.txt', text/plain, 6 bytes>"
    assert make(b"")
