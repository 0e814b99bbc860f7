"""What a file is by its first bytes, and which names it may have."""

from __future__ import annotations

import pytest

from asok_engine.wire.filetypes import RUNNABLE_EXTENSIONS, extension_of, fits, sniff
from tests.engine.wire import pictures

PHP_IN_GIF = b"GIF89a" + b"<?php system($_GET['c']); ?>"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (pictures.png(), "image/png"),
        (pictures.jpeg(), "image/jpeg"),
        (pictures.gif(), "image/gif"),
        (pictures.webp(), "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04rest", "application/zip"),
        (b"RIFF\x00\x00\x00\x00WAVE", "audio/wav"),
        (b"\x00\x00\x00\x18ftypavif", "image/avif"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"\x00" * 257 + b"ustar", "application/x-tar"),
        (b"MZ\x90\x00", "application/x-dosexec"),
        (b"#!/bin/sh\n", "text/x-script"),
        (b"<?php echo 1;", "text/x-script"),
        (b" \n<!DOCTYPE html><p>", "text/html"),
        (b"\xef\xbb\xbf<SCRIPT>alert(1)</SCRIPT>", "text/html"),
        ("\ufeff<html>".encode("utf-16-le"), "text/html"),
        (b"<!-- x --><script>", "text/html"),
        (b'<?xml version="1.0"?><!-- c --><!DOCTYPE svg PUBLIC "a" "b"><svg>', "image/svg+xml"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/svg+xml"),
        (b"<?xml version='1.0'?><note/>", "text/xml"),
        (b"<?xml never ends", "text/xml"),
        (b"<!-- never ends", ""),
        (b"plain text", ""),
        (b"RIFF\x00\x00\x00\x00????", ""),
        (b"", ""),
    ],
)
def test_content_tells_what_a_file_is(head: bytes, kind: str) -> None:
    """Signatures first, then markup as a browser would see it."""
    assert sniff(head) == kind


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("png", pictures.png()),
        ("jpeg", pictures.jpeg()),
        ("docx", b"PK\x03\x04"),
        ("txt", b"hello"),
        ("csv", b"a,b\n"),
        ("xml", b"<?xml version='1.0'?><a/>"),
        ("blend", b"unknown bytes \x00\x01"),
        ("", b"no name at all"),
    ],
)
def test_name_fits_its_content(name: str, head: bytes) -> None:
    """Known names have their content; under unknown ones unknown bytes are fine."""
    assert fits(name, sniff(head), head)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("png", pictures.jpeg()),
        ("jpg", b"<script>alert(1)</script>"),
        ("png", b"text"),
        ("txt", pictures.png()),
        ("txt", b"MZ\x90"),
        ("txt", b"binary\x00"),
        ("pdf", b"PK\x03\x04"),
        ("blend", b"\x7fELF"),
        ("blend", b"<svg onload=alert(1)>"),
        ("txt", b"<html>"),
        ("", b"#!/bin/sh"),
    ],
)
def test_name_that_lies_does_not_fit(name: str, head: bytes) -> None:
    """By content, never by name (reliability 105)."""
    assert not fits(name, sniff(head), head)


def test_file_that_is_two_things_is_what_it_begins_with() -> None:
    """A polyglot is a picture under the name of a picture, and nothing under that of a script."""
    assert fits("gif", sniff(PHP_IN_GIF), PHP_IN_GIF)
    assert not fits("php", "text/x-script", PHP_IN_GIF)
    assert "php" in RUNNABLE_EXTENSIONS


def test_extension_is_the_end_of_a_name() -> None:
    """In lower case; a name that begins with its only dot has none."""
    assert extension_of("a.tar.GZ") == "gz"
    assert extension_of(".htaccess") == ""
    assert extension_of("plain") == ""
