"""Reads files for the servers: a slice of a file, piece by piece, opened before the answer begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from asok_engine.errors import NotFoundError
from asok_engine.wire.response import FileBody

__all__ = ["PIECE_BYTES", "SMALL_BYTES", "FilePieces", "file_pieces", "open_slice", "read_slice"]

SMALL_BYTES = 64 * 1024
PIECE_BYTES = 256 * 1024


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
