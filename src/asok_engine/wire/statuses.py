"""HTTP statuses: their phrases, and reading one that was given as a number or a line (RFC 9110 15).

The phrases are those of RFC 9110 on every Python. A reason that a handler wrote
is read and dropped: what is sent is always the phrase from here, so no text of
a stranger can reach a status line.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from asok_engine.errors import UsageError

__all__ = ["parse_status", "phrase", "status_line"]

_PHRASES = {status.value: status.phrase for status in HTTPStatus} | {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
_LINES = {code: f"{code} {text}" for code, text in _PHRASES.items()}
_LINE = re.compile(r"([2-5][0-9]{2})(?: [\x20-\x7e]*)?\Z")


def phrase(code: int) -> str:
    """Give the phrase of a status, "Unknown" for one without."""
    return _PHRASES.get(code, "Unknown")


def status_line(code: int) -> str:
    """Give number and phrase, as "404 Not Found"."""
    return _LINES.get(code) or f"{code} Unknown"


def parse_status(value: int | str) -> int:
    """Read 404 or "404 Not Found"; raises UsageError for anything else, and for what no server sends."""
    # Why from 200 to 599: a 1xx ends no exchange, so what follows it would be read as another answer
    # (RFC 9110 15.2), and above the five classes servers break off the connection.
    if type(value) is int and 200 <= value <= 599:
        return value
    if isinstance(value, int):
        code = int(value)
        if 200 <= code <= 599:
            return code
    elif isinstance(value, str) and (found := _LINE.match(value)):
        return int(found[1])
    raise UsageError(
        f"{value!r} is no HTTP status of an answer, which are 200 to 599.",
        fix='Give a number such as 404 or a line such as "404 Not Found".',
    )
