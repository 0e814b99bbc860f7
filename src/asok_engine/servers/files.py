"""Reads files for the servers: a slice of a file, piece by piece, opened before the answer begins.

Small files that are asked for whole are kept in memory, 8 MiB in all. A file's time and
size, which whoever asks has looked at, tell whether what is kept is still what it holds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from os import PathLike
from typing import BinaryIO

from asok_engine.errors import NotFoundError
from asok_engine.wire.response import FileBody

__all__ = [
    "KEPT_BYTES",
    "PIECE_BYTES",
    "SMALL_BYTES",
    "FilePieces",
    "file_pieces",
    "kept_content",
    "open_slice",
    "read_slice",
    "small_content",
]

SMALL_BYTES = 64 * 1024
PIECE_BYTES = 256 * 1024
KEPT_BYTES = 8 * 1024 * 1024
# Why: a file that is written twice within one tick of its file system's clock has one time for both.
SETTLED_SECONDS = 2.0


def open_slice(body: FileBody) -> BinaryIO:
    """Open the file of a body at its offset; raises NotFoundError when it has gone since."""
    try:
        file = open(body.path, "rb")  # noqa: SIM115
    except OSError as error:
        raise NotFoundError("The file is not there any more.") from error
    if body.offset:
        file.seek(body.offset)
    return file


def read_slice(body: FileBody) -> bytes:
    """Read a whole slice; for small ones."""
    with open_slice(body) as file:
        return file.read(len(body))


class _Kept:
    """The contents of small files by path, each with what was known of the whole file."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._contents: dict[str | PathLike[str], tuple[FileBody, bytes]] = {}
        self._bytes = 0
        self.get = self._contents.get

    def put(self, body: FileBody, content: bytes) -> None:
        with self._lock:
            if self._bytes + len(content) > KEPT_BYTES:
                self._contents.clear()
                self._bytes = 0
            before = self._contents.get(body.path)
            self._contents[body.path] = body, content
            self._bytes += len(content) - (0 if before is None else len(before[1]))


_kept = _Kept()


def kept_content(body: FileBody) -> bytes | None:
    """Give the bytes of a whole file where they are kept, None where it has to be opened."""
    kept = _kept.get(body.path)
    if kept is None or (kept[0] is not body and kept[0] != body):
        return None
    return kept[1]


def small_content(body: FileBody) -> bytes | None:
    """Give the bytes of a slice of at most SMALL_BYTES, None for a larger one.

    Raises NotFoundError when the file has gone since it was looked at.
    """
    size = len(body)
    if size > SMALL_BYTES:
        return None
    if body.offset or body.length is not None:
        return read_slice(body)
    kept = kept_content(body)
    if kept is not None:
        return kept
    content = read_slice(body)
    if len(content) == size and time.time() - body.modified_at > SETTLED_SECONDS:
        _kept.put(body, content)
    return content


class FilePieces(Iterator[bytes]):
    """Gives `length` bytes of an open file in pieces, then closes it; `close` does that at any time."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._left = length

    def __next__(self) -> bytes:
        piece = self._file.read(min(PIECE_BYTES, self._left)) if self._left else b""
        if not piece:
            self.close()
            raise StopIteration
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Give the file back."""
        self._left = 0
        self._file.close()


def file_pieces(body: FileBody) -> Iterator[bytes]:
    """Give a slice of a file in pieces; it is opened at the first one."""
    yield from FilePieces(open_slice(body), len(body))
