"""A file that came with a form: what the client says of it, and its content.

Nothing here is to be believed: name and type are what a stranger wrote. It does
not know where the file stands (memory or disk) and never stores it anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

__all__ = ["UploadedFile"]

_PIECE = 64 * 1024


class UploadedFile:
    """One uploaded file.

    `filename` is the client's name without folders and control characters, for
    showing and never for a path; `content_type` is what the client claims, `size`
    is in bytes, `file` an open file at its start.
    """

    __slots__ = ("content_type", "file", "filename", "size")

    def __init__(self, filename: str, content_type: str, size: int, file: BinaryIO) -> None:
        self.filename = filename
        self.content_type = content_type
        self.size = size
        self.file = file

    def read(self, size: int = -1) -> bytes:
        """Read from where the file stands; everything by default."""
        return self.file.read(size)

    @property
    def content(self) -> bytes:
        """The whole content, wherever the file stands; it is left there."""
        stands = self.file.tell()
        self.file.seek(0)
        content = self.file.read()
        self.file.seek(stands)
        return content

    def __iter__(self) -> Iterator[bytes]:
        """Give the content from its start in pieces of at most 64 KB."""
        self.file.seek(0)
        while piece := self.file.read(_PIECE):
            yield piece

    def __getitem__(self, name: str) -> Any:
        """Give filename, content_type, size, content or file by name."""
        if name in ("filename", "content_type", "size", "content", "file"):
            return getattr(self, name)
        raise KeyError(name)

    def close(self) -> None:
        """Give the file's space back."""
        self.file.close()

    def __repr__(self) -> str:
        return f"<UploadedFile {self.filename!r}, {self.content_type}, {self.size} bytes>"
