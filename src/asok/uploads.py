"""Uploaded files as pages see them: the engine's, with a place to be saved.

`save` checks the content, generates the name, cleans drawings and writes the file
whole or not at all, below src/partials/uploads. Private files stand in a folder
there that is never served; `request.send_file` sends them after your own check.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import quote

from asok_engine.backends.files.folder import FileFolder
from asok_engine.errors import UploadRefused
from asok_engine.wire.filetypes import RUNNABLE_EXTENSIONS, extension_of, fits
from asok_engine.wire.uploads import UploadedFile as EngineUploadedFile

__all__ = ["PRIVATE", "SavedFile", "UploadedFile"]

#: Where private files stand below the folder of uploads. A name with a dot in front is never served.
PRIVATE = ".private"
_UNSAFE = re.compile(r"[^\w.\-]+", re.ASCII)


class SavedFile(str):
    """The path of a saved file below the folder of uploads: what a row keeps and `send_file` takes.

    `path` is where it stands on the disk, `url` the address that serves it; "" for
    a private file.
    """

    path: Path
    url: str

    @classmethod
    def at(cls, name: str, path: Path, url: str) -> Self:
        """Make one."""
        saved = cls(name)
        saved.path, saved.url = path, url
        return saved


class UploadedFile(EngineUploadedFile):
    """One uploaded file, with `save`.

    `filename` and `content_type` are what the client says; `media_type` is what
    the content is.
    """

    __slots__ = ()

    #: Where files are saved; set once per application on a subclass.
    folder: ClassVar[FileFolder]

    def save(
        self,
        destination: str = "",
        validate: bool = True,
        allowed_types: Iterable[str] | None = None,
        secure_filename: bool = True,
        private: bool = False,
    ) -> SavedFile:
        """Save the file and give its path below src/partials/uploads.

        Args:
            destination: a folder (`avatars/`), or a path whose name decides the extension.
            validate: refuse content that does not match the name, programs and web pages, and
                images that are cut off or too large to decode. Names that servers run are
                refused in any case.
            allowed_types: media types that the content may have; `image/*` takes every image.
            secure_filename: generate the name; else keep that of `destination` or of the client,
                with a number behind it where it is taken.
            private: not served, and readable by this process only.

        Raises:
            UploadRefused: a ValueError with "not allowed" or "does not match" in its message.
            StorageFull: the disk is full; nothing is left half written.
        """
        folder, name = self._place(destination)
        end = extension_of(name)
        if any(part in RUNNABLE_EXTENSIONS for part in name.lower().split(".")[1:]):
            raise UploadRefused(f"Files with the name {name[:80]!r} are not allowed.")
        if allowed_types is not None and not self.validate_mime_type(allowed_types):
            raise UploadRefused(f"Files of the type {self.media_type or 'text'} are not allowed here.")
        if validate:
            self.check_content()
            if end != self.extension and not fits(end, self.media_type, self._beginning()):
                raise UploadRefused(f"The content does not match the name: it is no .{end[:20]} file.")
            self.check_image()
        if secure_filename:
            name = f"{uuid.uuid4().hex}.{end}" if end else uuid.uuid4().hex
        whole = "/".join(part for part in (PRIVATE if private else "", folder, name) if part)
        stored = self.folder.write(whole, self.cleaned() if validate else self, private=private)
        return SavedFile.at(stored, self.folder.path(stored), "" if private else f"/uploads/{quote(stored)}")

    async def save_async(
        self,
        destination: str = "",
        validate: bool = True,
        allowed_types: Iterable[str] | None = None,
        secure_filename: bool = True,
        private: bool = False,
    ) -> SavedFile:
        """Save as `save` does, in a thread: a disk is slow and an image takes a while to check."""
        return await asyncio.to_thread(
            self.save, destination, validate, allowed_types, secure_filename, private
        )

    def _place(self, destination: str) -> tuple[str, str]:
        """Give folder and name; the last part is a name when it has an extension."""
        folder, _, name = destination.rpartition("/")
        if name and not extension_of(name):
            folder, name = destination, ""
        name = name or self.filename
        clean = _UNSAFE.sub("_", name).strip("._-")
        # Why the end is kept: it holds the extension.
        return folder.strip("/") if not folder.startswith("/") else folder, clean[-120:] or "file"
