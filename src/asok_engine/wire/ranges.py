"""Byte ranges of a body (RFC 9110 14).

A field that asks for more than it is worth (many ranges, or ranges that overlap)
counts as no range, so the reply is never larger than the body by more than the
heads of eight parts. Digits are ASCII and at most 18; all else is no range either.
It reads no body: a reply of several parts comes as bytes and slices to fetch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from asok_engine.errors import InputError

__all__ = [
    "RangeNotSatisfiable",
    "multipart_head",
    "multipart_length",
    "multipart_pieces",
    "multipart_tail",
    "parse_range",
]

MOST_RANGES = 8
_LONGEST = 512
_RANGE = re.compile(r"[ \t]*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))[ \t]*\Z", re.ASCII)


class RangeNotSatisfiable(InputError):
    """None of the ranges that were asked for is in the body."""

    code = "range-not-satisfiable"
    status = 416


def parse_range(field: str, size: int, *, max_ranges: int = MOST_RANGES) -> list[tuple[int, int]] | None:
    """Read a Range field as (first, last) pairs, both inclusive; None when it is to be ignored.

    Raises RangeNotSatisfiable when it is well formed and asks for nothing that is there.
    """
    unit, equals, rest = field.partition("=")
    if not equals or unit.strip().lower() != "bytes" or len(rest) > _LONGEST:
        return None
    parts = rest.split(",")
    if len(parts) > max_ranges:
        return None
    ranges = []
    for part in parts:
        found = _RANGE.match(part)
        if found is None:
            return None
        first, last, suffix = found.groups()
        if suffix is not None:
            length = min(int(suffix), size)
            if length:
                ranges.append((size - length, size - 1))
            continue
        start = int(first)
        end = min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
        if start < size:
            ranges.append((start, end))
    if not ranges:
        raise RangeNotSatisfiable
    in_order = sorted(ranges)
    if any(after[0] <= before[1] for before, after in pairwise(in_order)):
        return None
    return ranges


def multipart_head(boundary: str, content_type: str, first: int, last: int, size: int) -> bytes:
    """Give what stands before one part of a multipart/byteranges body."""
    place = f"Content-Range: bytes {first}-{last}/{size}"
    return f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\n{place}\r\n\r\n".encode("latin-1")


def multipart_tail(boundary: str) -> bytes:
    """Give what ends a multipart/byteranges body."""
    return f"\r\n--{boundary}--\r\n".encode("ascii")


def multipart_length(ranges: Sequence[tuple[int, int]], boundary: str, content_type: str, size: int) -> int:
    """Give the length of a multipart/byteranges body."""
    parts = (
        len(multipart_head(boundary, content_type, first, last, size)) + last - first + 1
        for first, last in ranges
    )
    return sum(parts) + len(multipart_tail(boundary))


def multipart_pieces(
    ranges: Sequence[tuple[int, int]], boundary: str, content_type: str, size: int
) -> Iterator[bytes | tuple[int, int]]:
    """Give the body in order: bytes to send as they are, and (first, last) for a slice to read."""
    for first, last in ranges:
        yield multipart_head(boundary, content_type, first, last, size)
        yield (first, last)
    yield multipart_tail(boundary)
