"""Conditional requests: entity tags and dates compared (RFC 9110 8.8.3, 13).

Nothing here makes an answer: `evaluate` says which status a client should get.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from asok_engine.wire.dates import parse_date

__all__ = ["evaluate", "make_etag", "matches", "range_applies"]

_LONGEST = 8192

Getter = Callable[[str], str | None]


def make_etag(body: bytes) -> str:
    """Give a strong entity tag for a body."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def matches(field: str, etag: str, *, weak: bool) -> bool:
    """Tell whether a field of entity tags, or `*`, names a tag.

    `weak` compares as If-None-Match does (RFC 9110 8.8.3.2), otherwise both must be strong.
    """
    field = field[:_LONGEST].strip()
    if field == "*":
        return True
    if not weak and etag.startswith("W/"):
        return False
    opaque = etag.removeprefix("W/")
    for part in field.split(","):
        tag = part.strip()
        if tag == opaque or (weak and tag.removeprefix("W/") == opaque):
            return True
    return False


def evaluate(method: str, header: Getter, etag: str | None, last_modified: float | None) -> int:
    """Give 200 to go on, 304 for a client that has it already, 412 when its condition fails.

    `header(name)` gives a request field; `last_modified` is seconds since the
    epoch. Dates that cannot be read count as absent.
    """
    modified = None if last_modified is None else int(last_modified)
    if (wanted := header("if-match")) is not None:
        if etag is None or not matches(wanted, etag, weak=False):
            return 412
    elif (field := header("if-unmodified-since")) is not None:
        since = parse_date(field)
        if since is not None and modified is not None and modified > since:
            return 412
    reading = method in ("GET", "HEAD")
    if (known := header("if-none-match")) is not None:
        if etag is not None and matches(known, etag, weak=True):
            return 304 if reading else 412
    elif reading and (field := header("if-modified-since")) is not None:
        since = parse_date(field)
        if since is not None and modified is not None and modified <= since:
            return 304
    return 200


def range_applies(if_range: str | None, etag: str | None, last_modified: float | None) -> bool:
    """Tell whether a Range field counts, given If-Range: same strong tag, or the very same date."""
    if if_range is None:
        return True
    if_range = if_range.strip()
    if if_range.startswith(('"', "W/")):
        return etag is not None and matches(if_range, etag, weak=False) and if_range != "*"
    since = parse_date(if_range)
    return since is not None and last_modified is not None and int(last_modified) == since
