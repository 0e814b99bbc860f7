"""Requests with a posted form, for tests of forms that need no application."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from asok.request import Request
from asok_engine.wire.uploads import UploadedFile
from asok_engine.wire.values import Values
from tests.engine.dispatch.exchanges import MemoryExchange

__all__ = ["get", "post", "upload"]


def get() -> Request:
    """A request that asks for a page."""
    return Request.from_exchange(MemoryExchange([("host", "testserver")]), "GET", "/", "")


def post(
    data: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    files: Mapping[str, list[UploadedFile]] | None = None,
    *,
    query: str = "",
) -> Request:
    """A request that sends a form."""
    request = Request.from_exchange(MemoryExchange([("host", "testserver")]), "POST", "/", query)
    request._fields = Values(list(data.items()) if isinstance(data, Mapping) else list(data))
    request._files = files or {}
    return request


def upload(filename: str, content: bytes, **options: Any) -> UploadedFile:
    """An uploaded file."""
    return UploadedFile(filename, "image/png", len(content), io.BytesIO(content), **options)
