"""Multipart forms, parsed as they arrive (RFC 7578), on the push parser of `multipart`.

Text fields stay in memory, files go where `open_file` says. Everything is
limited: fields, files, header lines, bytes of text; the size of the whole body
is limited by who reads it. What stands before and after the form is passed over
in linear time; a form that does not end is refused. Parts are sent as they are:
an encoding of a part (base64, quoted-printable) is refused (RFC 7578 4.7).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import Any, BinaryIO

from msgspec import Struct
from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from asok_engine.errors import BodyTooLarge, MalformedBody
from asok_engine.wire.uploads import UploadedFile
from asok_engine.wire.values import Values

__all__ = ["FormLimits", "FormReader", "clean_filename"]

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]\Z")
_MEDIA_TYPE = re.compile(r"[0-9a-z!#$&^_.+-]{1,127}/[0-9a-z!#$&^_.+-]{1,127}\Z")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONGEST_NAME = 255


class FormLimits(Struct, frozen=True):
    """How much a form may hold.

    `max_text_bytes` is for all text fields and all names together; `max_headers`
    and `max_header_bytes` are for each part and each line.
    """

    max_fields: int = 1000
    max_files: int = 100
    max_text_bytes: int = 1024 * 1024
    max_headers: int = 32
    max_header_bytes: int = 8192


def clean_filename(name: str) -> str:
    """Give a client's file name without folders, controls and direction marks, at most 255 characters."""
    name = name[max(name.rfind("/"), name.rfind("\\")) + 1 :]
    # Why the end is kept: it holds the extension.
    return _CONTROLS.sub("", name[-4 * _LONGEST_NAME :]).strip(" .")[-_LONGEST_NAME:].lstrip(" .") or "file"


class FormReader:
    """Parses one multipart form from the pieces that `feed` is given.

    `open_file` gives an empty file for each upload, `file_class` is what describes
    it. After an error `close` frees what was opened. A file field that was left
    empty is no file.

    Raises MalformedBody (400) for a content type without a usable boundary.
    """

    def __init__(
        self,
        content_type: str,
        *,
        limits: FormLimits,
        open_file: Callable[[], BinaryIO],
        file_class: type[UploadedFile] = UploadedFile,
    ) -> None:
        boundary = _boundary(content_type)
        self._limits = limits
        self._open_file = open_file
        self._file_class = file_class
        self._parser = PushMultipartParser(
            boundary,
            max_header_size=limits.max_header_bytes,
            max_header_count=limits.max_headers,
            max_segment_count=limits.max_fields + limits.max_files,
        )
        self._fields: list[tuple[str, str]] = []
        self._files: dict[str, list[UploadedFile]] = {}
        self._file_count = 0
        self._text_bytes = 0
        self._segment: MultipartSegment | None = None
        self._text = bytearray()
        self._file: BinaryIO | None = None
        self._is_file = False

    def feed(self, piece: bytes) -> None:
        """Parse one piece; raises MalformedBody (400) or BodyTooLarge (413)."""
        if self._parser.closed:
            # Bytes after the closing boundary mean nothing (RFC 2046 5.1.1).
            return
        self._consume(self._parser.parse(piece))

    def finish(self) -> tuple[Values, dict[str, list[UploadedFile]]]:
        """Give fields and files; raises MalformedBody when the form has not ended or could not be read."""
        if self._parser.error is not None:
            raise MalformedBody("The form could not be read.")
        if not self._parser.closed:
            try:
                self._parser.close()
            except MultipartError:
                raise MalformedBody("The form ends before its closing boundary.") from None
        return Values(self._fields), self._files

    def close(self) -> None:
        """Free every file that was opened."""
        if self._file is not None:
            self._file.close()
        for files in self._files.values():
            for file in files:
                file.close()
        self._files = {}

    def _consume(self, events: Generator[Any, None, None]) -> None:
        try:
            for event in events:
                if event is None:
                    self._end()
                elif isinstance(event, MultipartSegment):
                    self._begin(event)
                elif self._is_file:
                    if self._file is None:
                        self._file = self._open_file()
                    self._file.write(event)
                else:
                    self._count_text(len(event))
                    self._text += event
        except ParserLimitReached as error:
            raise _limit(error) from None
        except (MultipartError, UnicodeDecodeError, LookupError) as error:
            # Why args[0]: the rest of it may hold pieces of the body.
            reason = error.args[0] if error.args and isinstance(error, MultipartError) else "bad text"
            raise MalformedBody(f"The form cannot be read: {reason}.") from None

    def _begin(self, segment: MultipartSegment) -> None:
        coding = str(segment.header("Content-Transfer-Encoding") or "").strip().lower()
        if coding not in ("", "7bit", "8bit", "binary"):
            # RFC 7578 4.7 does away with encodings; decoding one would hide the size of a part.
            raise MalformedBody(
                f"A part has Content-Transfer-Encoding {coding[:40]!r}; forms are sent without."
            )
        # Why: the library ends a line at CR LF; another reader on the way may end it at LF.
        if any("\n" in value or "\r" in value for _, value in segment.headerlist):
            raise MalformedBody("A part of the form has a line break inside a line of its head.")
        self._segment = segment
        self._count_text(len(segment.name or ""))
        self._is_file = segment.filename is not None
        if not self._is_file:
            if len(self._fields) >= self._limits.max_fields:
                raise BodyTooLarge(f"The form has more than the {self._limits.max_fields} fields accepted.")
            self._text = bytearray()
            return
        self._file_count += 1
        if self._file_count > self._limits.max_files:
            raise BodyTooLarge(f"The form has more than the {self._limits.max_files} files accepted.")

    def _count_text(self, size: int) -> None:
        self._text_bytes += size
        if self._text_bytes > self._limits.max_text_bytes:
            raise BodyTooLarge(
                f"The text fields are larger than the {self._limits.max_text_bytes} bytes accepted."
            )

    def _end(self) -> None:
        segment = self._segment
        if segment is None:
            return
        name = segment.name or ""
        if not self._is_file:
            self._fields.append((name, self._text.decode("utf-8", "replace")))
        elif segment.filename or self._file is not None:
            file = self._file if self._file is not None else self._open_file()
            size = file.tell()
            file.seek(0)
            claimed = (segment.content_type or "").lower()
            kind = claimed if _MEDIA_TYPE.match(claimed) else "application/octet-stream"
            upload = self._file_class(clean_filename(segment.filename or ""), kind, size, file)
            self._files.setdefault(name, []).append(upload)
            self._file = None
        self._segment = None


def _boundary(content_type: str) -> str:
    kind, options = parse_options_header(content_type[:1024])
    boundary = str(options.get("boundary", ""))
    if kind != "multipart/form-data" or not _BOUNDARY.match(boundary):
        raise MalformedBody("The form's content type has no usable boundary.")
    return boundary


def _limit(error: ParserLimitReached) -> MalformedBody | BodyTooLarge:
    text = str(error)
    if "header" in text.lower():
        return MalformedBody(f"A part of the form has too large a head: {text}.")
    return BodyTooLarge(f"The form is larger than what is accepted: {text}.")
