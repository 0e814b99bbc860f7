"""Whether a zip file may be unpacked by whoever gets it: read from its directory, without unpacking anything.

The directory at the end of the file says what is in it. An archive that says too much
(bombs), something about places outside (`../`, absolute names, links), or the same twice,
is refused. The sizes that it states are believed here, because `zipfile` gives no more
than was stated. Pure.
Sources: APPNOTE.TXT 4.3 to 4.5 of PKWARE; CVE-2025-59682; D. Fifield, "A better zip bomb".
"""

from __future__ import annotations

import itertools
import stat
import struct
from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct

from asok_engine.errors import UploadRefused

__all__ = ["MOST_ENTRIES", "MOST_UNPACKED", "check_archive"]

#: How many files an archive may have, and how many bytes they may have together.
MOST_ENTRIES = 10_000
MOST_UNPACKED = 500 * 1024 * 1024
#: How many times larger than the archive what is in it may be; text seldom packs better than this.
MOST_RATIO = 200
#: Below this nothing is called a bomb: an empty sheet of an office packs a thousand times.
HARMLESS = 20 * 1024 * 1024
#: Archives in archives, which multiply; office documents have others in them and are spared.
NESTED = (".zip", ".jar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar")

_END = struct.Struct("<4s4H2LH")
_END_MARK, _ENTRY_MARK = b"PK\x05\x06", b"PK\x01\x02"
_ENTRY = struct.Struct("<4s2B5H3L5H2L")
_LONGEST_COMMENT = 65_535
_UNIX = 3
#: What stands before the bytes of each file, without its name.
_SHORTEST_HEAD = 30


class _Entry(Struct):
    name: str
    packed: int
    unpacked: int
    mode: int
    offset: int


def check_archive(
    file: BinaryIO, *, most_entries: int = MOST_ENTRIES, most_unpacked: int = MOST_UNPACKED
) -> None:
    """Look at the directory of a zip file; the file is left where it stood.

    Raises:
        UploadRefused: it is cut off or broken, has too much in it, or names that lead elsewhere.
    """
    stands = file.tell()
    try:
        _check(file, most_entries, most_unpacked)
    except (struct.error, IndexError, OverflowError):
        raise UploadRefused("The archive is cut off or broken.") from None
    finally:
        file.seek(stands)


def _check(file: BinaryIO, most_entries: int, most_unpacked: int) -> None:
    size = file.seek(0, 2)
    count, length, begins = _directory(file, size)
    if count > most_entries or length > most_entries * 1024:
        raise UploadRefused(f"The archive has more than the {most_entries} files that are accepted.")
    file.seek(begins)
    seen: set[str] = set()
    unpacked = 0
    places: list[tuple[int, int]] = []
    for entry in _entries(file.read(length)):
        _check_name(entry, seen)
        unpacked += entry.unpacked
        places.append((entry.offset, entry.offset + _SHORTEST_HEAD + entry.packed))
    places.sort()
    if len(places) != count or (places and places[-1][1] > begins):
        raise UploadRefused("The archive is cut off or broken.")
    if any(end > begin for (_, end), (begin, _) in itertools.pairwise(places)):
        # Files that share their bytes are a bomb that needs no compression to speak of.
        raise UploadRefused("The files of the archive overlap.")
    if unpacked > most_unpacked or (unpacked > HARMLESS and unpacked > MOST_RATIO * size):
        raise UploadRefused("What is in the archive is larger than what is accepted.")


def _directory(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """Give the number of entries, the length of the directory, and where it begins."""
    reach = min(size, _END.size + _LONGEST_COMMENT)
    file.seek(size - reach)
    tail = file.read(reach)
    at = tail.rfind(_END_MARK)
    if at < 0:
        raise UploadRefused("The archive is cut off or broken.")
    _, disk, first, here, count, length, offset, _ = _END.unpack_from(tail, at)
    ends = size - reach + at
    if 0xFFFF in (here, count) or 0xFFFFFFFF in (length, offset):
        raise UploadRefused("The archive is of a kind for very many or very large files.")
    if disk or first or here != count or offset + length > ends:
        raise UploadRefused("The archive is cut off or broken.")
    # What stands before the first file moves all offsets; readers allow for it, and so do we.
    return count, length, ends - length


def _entries(directory: bytes) -> Iterator[_Entry]:
    at = 0
    while at < len(directory):
        fields = _ENTRY.unpack_from(directory, at)
        mark, _, system = fields[:3]
        packed, unpacked, name_length, extra_length, comment_length = fields[9:14]
        attributes, offset = fields[16:18]
        if mark != _ENTRY_MARK:
            raise UploadRefused("The archive is cut off or broken.")
        begins = at + _ENTRY.size
        name = directory[begins : begins + name_length]
        if len(name) != name_length:
            raise UploadRefused("The archive is cut off or broken.")
        mode = attributes >> 16 if system == _UNIX else 0
        yield _Entry(name.decode("utf-8", "replace"), packed, unpacked, mode, offset)
        at = begins + name_length + extra_length + comment_length


def _check_name(entry: _Entry, seen: set[str]) -> None:
    name = entry.name.replace("\\", "/")
    parts = name.removesuffix("/").split("/")
    leads_out = name.startswith("/") or ".." in parts or ":" in parts[0]
    if not name or leads_out or any(ord(char) < 32 for char in name):
        raise UploadRefused("The archive has names that lead out of the folder it is unpacked into.")
    if stat.S_IFMT(entry.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UploadRefused("The archive has links or devices in it.")
    # Case too: on some systems they would be one file.
    known = name.removesuffix("/").casefold()
    if known in seen:
        raise UploadRefused("The archive has two files of one name.")
    seen.add(known)
    if known.endswith(NESTED):
        raise UploadRefused("The archive has other archives in it.")
