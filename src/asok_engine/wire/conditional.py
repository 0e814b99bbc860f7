"""Conditional requests: entity tags and dates compared (RFC 9110 8.8.3, 13).

Nothing here makes an answer: `evaluate` says which status a client should get.
A tag is compared as the text it is, never computed from a field that a client
sent, and a field is read to its first 8 KB.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha1

from asok_engine.wire.dates import parse_date

__all__ = ["evaluate", "make_etag", "matches", "range_applies", "tag_of_short"]

_LONGEST = 8192
_TAG = re.compile(r'(W/)?("[!\x23-\x7e\x80-\xff]*")')

Getter = Callable[[str], str | None]


def make_etag(body: bytes) -> bytes:
    """Give a strong entity tag for a body, as it is sent: 72 bits of its hash."""
    # Why SHA-1: of what hashlib has it is the fastest on processors of the last ten
    # years, and nobody gains by a body of theirs that has the tag of another of theirs. Why base 64:
    # servers look at each character of a field in turn.
    return b'"%b"' % b2a_base64(sha1(body, usedforsecurity=False).digest()[:9], newline=False)


@lru_cache(maxsize=1024)
def tag_of_short(body: bytes) -> bytes:
    """Give the same tag for a body that is short: it is often the same again."""
    return make_etag(body)


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
    if field == opaque:
        return True
    return any(tag == opaque and (weak or not mark) for mark, tag in _TAG.findall(field))


def evaluate(
    method: str, header: Getter, etag: str | None, last_modified: float | None, *, exists: bool = True
) -> int:
    """Give 200 to go on, 304 for a client that has it already, 412 when its condition fails.

    `header(name)` gives a request field; `last_modified` is seconds since the
    epoch. Dates that cannot be read count as absent. `exists` is False for a
    resource that this request would make: then no tag and no `*` matches.
    """
    modified = None if last_modified is None else int(last_modified)
    if (wanted := header("if-match")) is not None:
        if not (exists and _named(wanted, etag, weak=False)):
            return 412
    elif (field := header("if-unmodified-since")) is not None:
        since = parse_date(field)
        if since is not None and modified is not None and modified > since:
            return 412
    reading = method in ("GET", "HEAD")
    if (known := header("if-none-match")) is not None:
        if exists and _named(known, etag, weak=True):
            return 304 if reading else 412
    elif reading and (field := header("if-modified-since")) is not None:
        since = parse_date(field)
        if since is not None and modified is not None and modified <= since:
            return 304
    return 200


def _named(field: str, etag: str | None, *, weak: bool) -> bool:
    return field.strip() == "*" if etag is None else matches(field, etag, weak=weak)


def range_applies(if_range: str | None, etag: str | None, last_modified: float | None) -> bool:
    """Tell whether a Range field counts, given If-Range: same strong tag, or the very same date."""
    if if_range is None:
        return True
    if_range = if_range.strip()
    if if_range.startswith(('"', "W/")):
        return etag is not None and if_range == etag and not etag.startswith("W/")
    since = parse_date(if_range)
    return since is not None and last_modified is not None and int(last_modified) == since
