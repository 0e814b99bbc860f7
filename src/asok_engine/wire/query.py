"""Query strings and urlencoded forms (WHATWG URL, application/x-www-form-urlencoded).

Blank values and repeated names are kept, bad UTF-8 is replaced, the number of
fields is limited before anything is decoded. Text comes as servers give it:
bytes above 127 that a client did not escape stand in it as Latin-1 (PEP 3333).
"""

from __future__ import annotations

from urllib.parse import unquote_plus

from asok_engine.errors import BodyTooLarge
from asok_engine.wire.values import Values

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
    is_plain = "%" not in text and "+" not in text
    pairs = []
    for part in text.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        pairs.append((name, value) if is_plain else (_decoded(name), _decoded(value)))
    return Values(pairs)


def parse_form(body: bytes, *, max_fields: int = 1000) -> Values:
    """Read an urlencoded body as `parse_query` reads a query string."""
    return parse_query(body, max_fields=max_fields)


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="replace") if "%" in text or "+" in text else text
