"""A compiled statement as people read it: the parameters written where they belong.

For logs in DEBUG, toolbars and a developer's console. What it gives is not meant to
be run: a driver sends text and parameters apart.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

__all__ = ["display_sql"]

_SHOWN_CHARACTERS = 200

#: What may hold a sign that is no place for a parameter comes first.
_PLACE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|%%|(?P<numbered>\$\d+)|(?P<next>\?|%s)")


def display_sql(text: str, parameters: Sequence[Any]) -> str:
    """Write the parameters into the text of a statement, long ones shortened."""
    places = iter(parameters)

    def value(found: re.Match[str]) -> str:
        if found["numbered"]:
            return _literal(parameters[int(found["numbered"][1:]) - 1])
        if found["next"]:
            return _literal(next(places))
        return "%" if found[0] == "%%" else found[0]

    return _PLACE.sub(value, text)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"X'{_short(bytes(value).hex())}'"
    if isinstance(value, datetime.datetime):
        value = value.isoformat(" ")
    return "'" + _short(str(value)).replace("'", "''") + "'"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
