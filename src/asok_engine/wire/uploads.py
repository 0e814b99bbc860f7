"""A file that came with a form: what the client says of it, what it is, and its content.

Name and claimed type are what a stranger wrote and are never believed; what the
file is, its first bytes tell. It does not know where the file stands (memory or
disk) and never stores it anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from asok_engine.errors import UploadRefused
from asok_engine.wire.archives import check_archive
from asok_engine.wire.filetypes import (
    ACTIVE_TYPES,
    RUNNABLE_EXTENSIONS,
    SNIFFED_BYTES,
    extension_of,
    fits,
    sniff,
)
from asok_engine.wire.images import check_image
from asok_engine.wire.svg import clean_svg

__all__ = ["UploadedFile"]

_PIECE = 64 * 1024
_IMAGES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/tiff"}
)


class UploadedFile:
    """One uploaded file.

    `filename` is the client's name without folders and control characters, for
    showing and never for a path; `content_type` is what the client claims, `size`
    is in bytes, `file` an open file at its start. `media_type` is what the file is.
    """

    __slots__ = ("_head", "content_type", "file", "filename", "size")

    def __init__(self, filename: str, content_type: str, size: int, file: BinaryIO) -> None:
        self.filename = filename
        self.content_type = content_type
        self.size = size
        self.file = file
        self._head: bytes | None = None

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

    @property
    def extension(self) -> str:
        """The end of the client's name, in lower case and without its dot; "" without one."""
        return extension_of(self.filename)

    @property
    def media_type(self) -> str:
        """What the content is, `image/png`; "" for text and for bytes that tell nothing."""
        return sniff(self._beginning())

    def _beginning(self) -> bytes:
        if self._head is None:
            stands = self.file.tell()
            self.file.seek(0)
            self._head = self.file.read(SNIFFED_BYTES)
            self.file.seek(stands)
        return self._head

    def check_content(self) -> None:
        """Raise UploadRefused for content that is not what the name says, or that harms whoever opens it.

        That is what a server, a browser or a desktop would run, and archives that unpack to too much or to
        somewhere else.
        """
        # Why every part of the name: some servers run `shell.php.jpg` for its middle.
        for part in self.filename.lower().split(".")[1:]:
            if part.strip() in RUNNABLE_EXTENSIONS:
                raise UploadRefused(f"Files whose name has .{part.strip()[:20]} in it are not allowed.")
        kind = self.media_type
        if kind in ACTIVE_TYPES:
            raise UploadRefused("Files with a program or a web page in them are not allowed.")
        if not fits(self.extension, kind, self._beginning()):
            raise UploadRefused(f"The content does not match the name: it is no .{self.extension[:20]} file.")
        if kind == "application/zip":
            check_archive(self.file)

    def check_image(self) -> None:
        """Raise UploadRefused for an image that is broken, cut off, or too large to decode."""
        kind = self.media_type
        if kind == "image/svg+xml":
            clean_svg(self.content)
        elif kind in _IMAGES:
            check_image(self.file)

    def validate_mime_type(self, allowed: Iterable[str]) -> bool:
        """Tell whether the content is of one of these types; `image/*` takes every image."""
        kind = self.media_type
        return any(kind == one or (one.endswith("/*") and kind.startswith(one[:-1])) for one in allowed)

    def cleaned(self) -> Iterator[bytes]:
        """Give the content as it may be stored: a drawing without what runs, everything else as it is."""
        if self.media_type == "image/svg+xml":
            yield clean_svg(self.content)
        else:
            yield from self

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
