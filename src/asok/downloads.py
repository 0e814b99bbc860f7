"""Files that a handler sends: `request.send_file`.

A path stays below its folder, symbolic links are not followed out of it, and the
name given to the browser is encoded as RFC 6266 and RFC 8187 say.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from urllib.parse import quote

from asok.static import content_type_of
from asok_engine.errors import ForbiddenError, NotFoundError
from asok_engine.wire.response import FileBody, Response, bare

__all__ = ["Downloads", "content_disposition"]

#: What no name has: control characters, quotes, separators, and lone surrogates, which no header can carry.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\"\\/\ud800-\udfff]+")


def content_disposition(filename: str, *, as_attachment: bool) -> str:
    """Give the Content-Disposition value for a file name in any script."""
    kind = "attachment" if as_attachment else "inline"
    name = _CONTROLS.sub("_", filename).strip(" .") or "file"
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    if plain == name:
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


class Downloads:
    """Answers with files below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def answer(
        self,
        path: str | Path,
        filename: str | None,
        *,
        as_attachment: bool,
        base_dir: str | Path | None,
    ) -> Response:
        """Give the response for a file; raises ForbiddenError or NotFoundError."""
        base = os.path.realpath(base_dir if base_dir is not None else self._folder)
        name = os.fspath(path).lstrip("/")
        if "\x00" in name:
            raise NotFoundError("There is no such file.")
        found = os.path.realpath(os.path.join(base, name))
        if not found.startswith(base + os.sep):
            raise ForbiddenError("This file is outside the folder that files are sent from.")
        try:
            facts = os.stat(found)
        except OSError as error:
            raise NotFoundError("There is no such file.") from error
        if not stat.S_ISREG(facts.st_mode):
            raise NotFoundError("There is no such file.")
        shown = filename or os.path.basename(found)
        response = bare(
            FileBody(found, facts.st_size, facts.st_mtime), content_type_of(shown).encode("ascii")
        )
        response.raw[b"x-content-type-options"] = b"nosniff"
        response.headers["Content-Disposition"] = content_disposition(shown, as_attachment=as_attachment)
        return response
