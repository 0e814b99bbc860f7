"""What a zip file says of itself, and which of that is refused before anybody unpacks it."""

from __future__ import annotations

import io
import stat
import struct
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable

import pytest

from asok_engine.errors import UploadRefused
from asok_engine.wire.archives import check_archive


def packed(*files: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """Pack files, also of one name."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def linked(name: str) -> zipfile.ZipInfo:
    """Give an entry that is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


def shared(copies: int) -> bytes:
    """Give an archive whose files are all the same bytes."""
    whole = packed(("0", b"\x00" * 200_000))
    start = whole.index(b"PK\x01\x02")
    entry, end = whole[start : whole.index(b"PK\x05\x06")], whole[whole.index(b"PK\x05\x06") :]
    named = [entry[:46] + f"{number:06}".encode() + entry[47:] for number in range(copies)]
    directory = b"".join(each[:28] + struct.pack("<H", 6) + each[30:] for each in named)
    fields = struct.unpack("<4s4H2LH", end)
    made = struct.pack("<4s4H2LH", *fields[:3], copies, copies, len(directory), start, 0)
    return whole[:start] + directory + made


def many(count: int) -> bytes:
    """Give an archive of many empty files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}", b"")
    return buffer.getvalue()


GOOD = packed(("a.txt", b"hello"), ("folder/", b""), ("folder/b.txt", b"x" * 5000), ("ä/ñ.csv", b"1,2\n"))


@pytest.mark.parametrize(
    "content", [GOOD, b"something before it" + GOOD, packed(), packed(("..a/b..c", b""))]
)
def test_plain_archive_is_accepted_and_left_where_it_stood(content: bytes) -> None:
    """Folders, letters of any script, a program before the first file, nothing at all."""
    file = io.BytesIO(content)
    file.seek(3)
    check_archive(file)
    assert file.tell() == 3


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/etc/passwd", "\\x", "..\\x", "C:\\x", "c:x", "a/..", "a\nb", "a/\x01"],
)
def test_name_that_leads_out_is_refused(name: str) -> None:
    """Up, from the root, from a drive, by either slash, with control characters (reliability 107, CVE-2025-59682)."""
    with pytest.raises(UploadRefused, match="lead out"):
        check_archive(io.BytesIO(packed(("good.txt", b"x"), (name, b"x"))))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: packed((linked("link"), b"/etc/passwd")), "links or devices"),
        (lambda: packed(("a.txt", b"1"), ("a.txt", b"2")), "two files of one name"),
        (lambda: packed(("a.txt", b"1"), ("A.TXT", b"2")), "two files of one name"),
        (lambda: packed(("deeper.zip", packed(("x", b"x")))), "other archives"),
        (lambda: packed(("a/deeper.TAR", b"x")), "other archives"),
        (lambda: packed(("zeros", b"\x00" * 30_000_000)), "larger than what is accepted"),
        (lambda: shared(3), "overlap"),
        (lambda: many(10_001), "10000 files"),
    ],
)
def test_what_would_harm_whoever_unpacks_it_is_refused(make: Callable[[], bytes], said: str) -> None:
    """Links, doubles, archives within, a bomb, one whose files share their bytes, a flood (reliability 107)."""
    with pytest.raises(UploadRefused, match=said):
        check_archive(io.BytesIO(make()))


def test_size_is_read_and_not_tried_out() -> None:
    """A directory that states a gigabyte is refused for what it states; nothing is unpacked (reliability 107)."""
    content = bytearray(packed(("a", b"x")))
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<L", 2**30)
    with pytest.raises(UploadRefused, match="larger"):
        check_archive(io.BytesIO(bytes(content)))


def test_flood_of_entries_costs_little() -> None:
    """A hundred thousand of them are refused by their number, before they are read (reliability 107)."""
    count = 60_000
    entry = struct.Struct("<4s2B5H3L5H2L").pack(b"PK\x01\x02", *[0] * 17)
    content = entry * count + struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, 0, 0
    )
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(UploadRefused, match="10000 files"):
        check_archive(io.BytesIO(content))
    assert time.process_time() - began < 0.5
    assert tracemalloc.get_traced_memory()[1] < 2_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("cut", [1, 10, 22, 60, 150])
def test_archive_that_is_cut_off_is_refused(cut: int) -> None:
    """At any place, at its end and at its beginning."""
    for content in (GOOD[:-cut], GOOD[cut:][: -cut // 2], b"PK\x03\x04" + b"\x00" * cut):
        with pytest.raises(UploadRefused):
            check_archive(io.BytesIO(content))


@pytest.mark.parametrize("at", [4, 8, 10, 12, 16])
def test_end_that_states_something_else_is_refused(at: int) -> None:
    """Other disks, other numbers, the marks of very large archives."""
    end = GOOD.index(b"PK\x05\x06")
    for value in (b"\xff\xff", b"\x07\x00"):
        content = GOOD[: end + at] + value + GOOD[end + at + 2 :]
        if at in (12, 16):
            content = GOOD[: end + at] + value + b"\xff\xff" + GOOD[end + at + 4 :]
        with pytest.raises(UploadRefused):
            check_archive(io.BytesIO(content))
