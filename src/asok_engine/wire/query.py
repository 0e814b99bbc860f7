"""Query strings and urlencoded forms (WHATWG URL, application/x-www-form-urlencoded).

Blank values and repeated names are kept, bad UTF-8 is replaced, the number of
fields is limited before anything is decoded. Text comes as servers give it:
bytes above 127 that a client did not escape stand in it as Latin-1 (PEP 3333).
"""

from __future__ import annotations

from urllib.parse import unquote_plus

from asok_engine.errors import BodyTooLarge
from asok_engine.wire.values import Values, no_values

__all__ = ["parse_form", "parse_query"]


def parse_query(text: str | bytes, *, max_fields: int = 1000) -> Values:
    """Read `a=1&b=2`, a question mark not included.

    Raises BodyTooLarge (413) for more than `max_fields` fields, empty ones counted.
    """
    if not text:
        return Values()
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    elif not text.isascii():
        try:
            text = text.encode("latin-1").decode("utf-8")
        except UnicodeError:
            pass
    if text.count("&") >= max_fields:
        raise BodyTooLarge(f"There are more fields than the {max_fields} that are accepted.")
    parts = text.split("&")
    if "%" in text or "+" in text:
        parts = [part for part in parts if part]
        pairs = [part.partition("=") for part in parts]
        return Values([(_decoded(name), _decoded(value)) for name, _, value in pairs])
    values = no_values()
    for part in parts:
        name, _, value = part.partition("=")
        values[name] = value
    # What is empty, or was there before, has to be looked at again.
    if len(values) != len(parts) or "" in values:
        return Values([part.partition("=")[::2] for part in parts if part])
    return values


def parse_form(body: bytes, *, max_fields: int = 1000) -> Values:
    """Read an urlencoded body as `parse_query` reads a query string."""
    return parse_query(body, max_fields=max_fields)


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="replace") if "%" in text or "+" in text else text
