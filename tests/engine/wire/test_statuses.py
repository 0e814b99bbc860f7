"""Statuses: read from numbers and lines, written with the phrases of RFC 9110."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from asok_engine.errors import UsageError
from asok_engine.wire.statuses import parse_status, phrase, status_line


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (200, "OK"),
        (404, "Not Found"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (422, "Unprocessable Content"),
        (431, "Request Header Fields Too Large"),
        (599, "Unknown"),
    ],
)
def test_phrase_is_that_of_the_rfc(code: int, text: str) -> None:
    """The same phrase on every Python, "Unknown" for a status without one."""
    assert phrase(code) == text
    assert status_line(code) == f"{code} {text}"


@pytest.mark.parametrize(
    ("value", "code"),
    [(404, 404), ("404", 404), ("404 Not Found", 404), ("299 Odd", 299), (HTTPStatus.GONE, 410)],
)
def test_status_is_read(value: int | str, code: int) -> None:
    """A number, a line and a member of HTTPStatus are statuses; the result is a plain number."""
    assert parse_status(value) == code
    assert type(parse_status(value)) is int


@pytest.mark.parametrize(
    "value",
    [
        0,
        99,
        100,
        101,
        199,
        "103 Early Hints",
        600,
        999,
        1000,
        "999 Odd",
        -200,
        True,
        "",
        "abc",
        "20",
        "2000",
        "200OK",
        "٢٠٠",
        "200 OK\r\nSet-Cookie: a=b",
        "200 OK\x00",
        "200 OK\n",
        None,
        200.0,
    ],
)
def test_what_is_no_status_is_refused(value: object) -> None:
    """Case 98: a reason with a line break or NUL is refused like any other rubbish."""
    with pytest.raises(UsageError, match="no HTTP status"):
        parse_status(value)  # type: ignore[arg-type]
