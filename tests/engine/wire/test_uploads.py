"""An uploaded file is read as a file, whole, in pieces, or by name."""

from __future__ import annotations

import io

import pytest

from asok_engine.errors import UploadRefused
from asok_engine.wire.uploads import UploadedFile
from tests.engine.wire import pictures

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'


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


def named(filename: str, content: bytes) -> UploadedFile:
    """Make an upload with a name."""
    return UploadedFile(filename, "image/png", len(content), io.BytesIO(content))


def test_content_tells_the_type_and_not_the_client() -> None:
    """What is claimed is kept for showing only."""
    upload = named("a.png", pictures.gif())
    assert (upload.content_type, upload.media_type, upload.extension) == ("image/png", "image/gif", "png")
    assert upload.file.tell() == 0
    assert upload.validate_mime_type(["image/*"])
    assert upload.validate_mime_type(["text/plain", "image/gif"])
    assert not upload.validate_mime_type(["image/png"])


@pytest.mark.parametrize(
    ("filename", "content", "said"),
    [
        ("a.png", pictures.gif(), "does not match"),
        ("a.jpg", b"<html><script>", "not allowed"),
        ("shell.php", b"text", "not allowed"),
        ("shell.php.jpg", pictures.jpeg(), "not allowed"),
        ("shell.PhP .jpg", pictures.jpeg(), "not allowed"),
        ("run.txt", b"MZ\x90\x00", "not allowed"),
        ("page.html", b"plain", "not allowed"),
    ],
)
def test_upload_that_is_not_what_it_says_is_refused(filename: str, content: bytes, said: str) -> None:
    """By content and by every part of the name (reliability 105)."""
    with pytest.raises(UploadRefused, match=said):
        named(filename, content).check_content()
    assert issubclass(UploadRefused, ValueError)


def test_upload_that_is_what_it_says_is_accepted() -> None:
    """Pictures, drawings, text."""
    for filename, content in (
        ("a.png", pictures.png()),
        ("a.svg", SVG),
        ("a.txt", b"hi"),
        ("v1.2.txt", b"hi"),
    ):
        named(filename, content).check_content()
        named(filename, content).check_image()


def test_image_is_looked_at_to_its_end() -> None:
    """A drawing too: one with entities is no drawing for us."""
    with pytest.raises(UploadRefused):
        named("a.png", pictures.png(100, 100)[:60]).check_image()
    with pytest.raises(UploadRefused):
        named("a.svg", b'<?xml version="1.0"?><!DOCTYPE svg><svg').check_image()


def test_drawing_is_cleaned_on_its_way_out() -> None:
    """Everything else comes as it is."""
    dirty = SVG.replace(b"<path", b"<script>evil()</script><path")
    assert b"evil" not in b"".join(named("a.svg", dirty).cleaned())
    assert b"".join(named("a.txt", b"<script>").cleaned()) == b"<script>"
