"""What a test passes as `data`, `json` and `files`, as the bytes of a request body.

Forms are encoded as browsers do (WHATWG URL 5.2, HTML 4.10.21.8; RFC 7578), by
code that shares nothing with the parsers that it is to judge.
"""

from __future__ import annotations

import json as json_module
import mimetypes
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias
from urllib.parse import urlencode

from asok_engine.errors import UsageError

__all__ = ["EncodedBody", "Fields", "File", "Files", "encode_body", "query_string"]

Fields: TypeAlias = "Mapping[str, Any] | Sequence[tuple[str, Any]]"
Content: TypeAlias = "bytes | str | Path | BinaryIO"
File: TypeAlias = "Content | tuple[str, Content] | tuple[str, Content, str]"
Files: TypeAlias = "Mapping[str, File | list[File]]"
Data: TypeAlias = "Fields | bytes | str | Iterable[bytes]"


@dataclass(frozen=True, slots=True)
class EncodedBody:
    """A body ready to send; `content` is bytes, or pieces that are sent without a length (chunked)."""

    content: bytes | Iterator[bytes]
    content_type: str = ""


def pairs(fields: Fields) -> list[tuple[str, str]]:
    """Flatten fields to pairs of text: a list repeats its name, None is empty, a boolean is true or false."""
    given = fields.items() if isinstance(fields, Mapping) else fields
    flat: list[tuple[str, str]] = []
    for name, value in given:
        for item in value if isinstance(value, list | tuple | set) else (value,):
            flat.append((str(name), _text(item)))
    return flat


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def query_string(params: Fields | str) -> str:
    """Encode parameters for a URL."""
    return params.lstrip("?") if isinstance(params, str) else urlencode(pairs(params))


def encode_body(
    data: Data | None = None, json: Any = None, files: Files | None = None, content_type: str | None = None
) -> EncodedBody:
    """Encode what a test gave; raises UsageError when two bodies were given.

    Fields become a URL-encoded form; with `files`, or with the content type
    multipart/form-data, a multipart form; with application/json, JSON.
    """
    if json is not None:
        if data is not None or files is not None:
            raise UsageError(
                "A request was given json and another body.", fix="Give either json, or data and files."
            )
        return EncodedBody(json_module.dumps(json).encode(), content_type or "application/json")
    is_fields = isinstance(data, Mapping) or (
        isinstance(data, list | tuple) and not isinstance(data, bytes | str)
    )
    wants_multipart = files is not None or (content_type or "").startswith("multipart/form-data")
    if wants_multipart:
        if data is not None and not is_fields:
            if files is None:
                return _whole(data, content_type)
            raise UsageError(
                f"A request with files was given data of type {type(data).__name__}.",
                fix="Give the other fields of the form as a dict.",
            )
        return multipart(pairs(data or {}), files or {})  # type: ignore[arg-type]
    if data is None:
        return EncodedBody(b"", content_type or "")
    if is_fields:
        if (content_type or "").startswith("application/json"):
            return EncodedBody(json_module.dumps(data).encode(), content_type or "")
        encoded = urlencode(pairs(data)).encode()  # type: ignore[arg-type]
        return EncodedBody(encoded, content_type or "application/x-www-form-urlencoded")
    return _whole(data, content_type)


def _whole(data: Any, content_type: str | None) -> EncodedBody:
    if isinstance(data, str):
        return EncodedBody(data.encode(), content_type or "text/plain; charset=utf-8")
    if isinstance(data, bytes | bytearray | memoryview):
        return EncodedBody(bytes(data), content_type or "application/octet-stream")
    return EncodedBody(iter(data), content_type or "application/octet-stream")


def multipart(fields: list[tuple[str, str]], files: Files) -> EncodedBody:
    """Encode a multipart form (RFC 7578) with a boundary of its own."""
    boundary = f"----test{secrets.token_hex(12)}"
    parts: list[bytes] = []
    for name, value in fields:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
        parts.append(head.encode() + value.encode() + b"\r\n")
    for name, given in files.items():
        for file in given if isinstance(given, list) else [given]:
            filename, content, kind = _file(name, file)
            head = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; '
                f'filename="{_quoted(filename)}"\r\nContent-Type: {kind}\r\n\r\n'
            )
            parts.append(head.encode() + content + b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return EncodedBody(b"".join(parts), f"multipart/form-data; boundary={boundary}")


def _file(field: str, file: File) -> tuple[str, bytes, str]:
    filename, kind = "", ""
    content: Content
    if isinstance(file, tuple):
        if len(file) == 3:
            filename, content, kind = file
        else:
            filename, content = file
    else:
        content = file
        filename = (
            Path(str(getattr(file, "name", "") or field)).name if not isinstance(file, Path) else file.name
        )
    if isinstance(content, Path):
        content = content.read_bytes()
    elif isinstance(content, str):
        content = content.encode()
    elif not isinstance(content, bytes):
        content = content.read()
    return filename, content, kind or mimetypes.guess_type(filename)[0] or "application/octet-stream"


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
