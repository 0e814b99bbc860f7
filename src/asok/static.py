"""Serves the files of `src/partials` and makes their addresses.

`/css`, `/js`, `/images`, `/fonts` and `/uploads` are the folders of that name,
also below `/static`. A path never leaves its folder, a folder is never listed.
An address made by `static()` carries a hash of the content, and only an address
with the right hash may be kept for ever. What people uploaded is a download and
never a document: an address of it opens nothing that could run.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from asok_engine.errors import NotFoundError
from asok_engine.servers.files import kept_content
from asok_engine.wire.request import Request
from asok_engine.wire.response import FileBody, Response, bare

__all__ = ["FOLDERS", "StaticFiles", "content_type_of"]

FOLDERS = ("css", "js", "images", "fonts", "uploads")

# Why a table of our own: `mimetypes` reads files of the machine, and the same
# file would have another type elsewhere.
_TYPES = {
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".gif": "image/gif",
    ".gz": "application/gzip",
    ".htm": "text/html; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".ogg": "audio/ogg",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".zip": "application/zip",
}

_FOREVER = b"public, max-age=31536000, immutable"
_ASK_AGAIN = b"public, max-age=0, must-revalidate"
_NEVER = b"no-store"

_MOST_FOUND = 10_000
_FRESH_SECONDS = 1.0

_UPLOADS = "uploads/"
# Pictures, sounds and films are shown where a page embeds them all the same.
_AS_DATA = {
    b"content-disposition": b"attachment",
    b"content-security-policy": b"default-src 'none'; sandbox",
    b"x-content-type-options": b"nosniff",
}


def content_type_of(name: str) -> str:
    """Give the content type for a file name; bytes of unknown kind are a download."""
    return _TYPES.get(posixpath.splitext(name)[1].lower(), "application/octet-stream")


class _File(Struct):
    """A file that was found: what is sent of it, and when to look at it again, by `time.monotonic`."""

    body: FileBody
    content_type: bytes
    is_upload: bool
    stale_at: float


class StaticFiles:
    """The static files below one folder; in debug nothing is cached by anyone.

    Outside of debug a file whose content the servers keep is looked at once a second.
    """

    def __init__(self, folder: Path, *, debug: bool) -> None:
        self._folder = os.path.realpath(folder)
        self._debug = debug
        self._versions: dict[str, tuple[float, int, str]] = {}
        # By name, with their real paths: resolving one asks about every folder on the way.
        self._found: dict[str, _File] = {}

    def answer_from(self, folder: str) -> Callable[[Request], Response]:
        """Give a handler for the files of one folder; it reads the parameter `path`."""

        def answer(request: Request) -> Response:
            return self._answer(request, f"{folder}/{request.params['path']}")

        return answer

    def _answer(self, request: Request, name: str) -> Response:
        file = self._find(name)
        if file is None:
            raise NotFoundError(f"There is no static file {name!r}.")
        version = request.query.get("v") if request.query_string else None
        if self._debug:
            caching = _NEVER
        elif version is not None and version == self._version(name, file.body):
            caching = _FOREVER
        else:
            caching = _ASK_AGAIN
        response = bare(file.body, file.content_type)
        response.own = {b"content-type": file.content_type, b"cache-control": caching}
        if file.is_upload:
            response.own.update(_AS_DATA)
        return response

    def url(self, path: str) -> str:
        """Give the address of a file such as "css/site.css", with a hash of its content when it is there."""
        name = path.lstrip("/").removeprefix("static/")
        file = self._find(name)
        address = "/" + quote(name)
        if file is None:
            return address
        return f"{address}?v={self._version(name, file.body)}"

    def _version(self, name: str, body: FileBody) -> str:
        known = self._versions.get(name)
        if known is not None and known[:2] == (body.modified_at, body.size):
            return known[2]
        with open(body.path, "rb") as file:
            version = hashlib.file_digest(file, "blake2b").hexdigest()[:12]
        self._versions[name] = (body.modified_at, body.size, version)
        return version

    def _find(self, name: str) -> _File | None:
        file, now = self._found.get(name), time.monotonic()
        # Why only what is kept: anything else is opened, and may be a link by now.
        if file is not None and now < file.stale_at and kept_content(file.body) is not None:
            return file
        path = self._resolved(name) if file is None else file.body.path
        if path is None:
            return None
        try:
            # Why lstat: a real path has no links in it; one that stands there now was put there since.
            facts = os.lstat(path)
        except OSError:
            self._found.pop(name, None)
            return None
        if not stat.S_ISREG(facts.st_mode):
            self._found.pop(name, None)
            return None
        body = FileBody(path, facts.st_size, facts.st_mtime)
        if file is not None and file.body == body:
            body = file.body
        kind = content_type_of(name).encode("ascii")
        file = _File(body, kind, name.startswith(_UPLOADS), now + _FRESH_SECONDS)
        if not self._debug and len(self._found) < _MOST_FOUND:
            self._found[name] = file
        return file

    def _resolved(self, name: str) -> str | None:
        """Give the real path for a name that stays in its folder."""
        if "\x00" in name or "\\" in name or posixpath.normpath(name) != name:
            return None
        folder, _, rest = name.partition("/")
        if folder not in FOLDERS or not rest or any(part.startswith(".") for part in rest.split("/")):
            return None
        path = os.path.realpath(os.path.join(self._folder, *name.split("/")))
        return path if path.startswith(os.path.join(self._folder, folder) + os.sep) else None
