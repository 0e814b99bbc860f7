"""Query strings and urlencoded forms (WHATWG URL, application/x-www-form-urlencoded).

Blank values and repeated names are kept, bad UTF-8 is replaced, the number of
fields is limited before anything is decoded.
"""

from __future__ import annotations

from urllib.parse import unquote_plus

from asok_engine.errors import BodyTooLarge
from asok_engine.wire.values import Values

__all__ = ["parse_form", "parse_query"]


def parse_query(text: str | bytes, *, max_fields: int = 1000) -> Values:
    """Read `a=1&b=2`; raises BodyTooLarge (413) for more than `max_fields` fields."""
    if not text:
        return Values()
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text.count("&") >= max_fields:
        raise BodyTooLarge(f"There are more than the {max_fields} fields that are accepted.")
    pairs = []
    for part in text.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        pairs.append((_decoded(name), _decoded(value)))
    return Values(pairs)


def parse_form(body: bytes, *, max_fields: int = 1000) -> Values:
    """Read an urlencoded body as `parse_query` reads a query string."""
    return parse_query(body, max_fields=max_fields)


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="replace") if "%" in text or "+" in text else text
