"""The filters and tests that the engine does not have, or has differently.

A filter gets the value before the `|` first. An undefined variable arrives as None
where the template did not ask for it by name. Results are text that is escaped when it
is printed, unless they are `Markup`. Every filter is linear in the length of what it
is given. This module knows no template and no request.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from asok_engine.errors import UsageError
from asok_engine.templates.humanize import (
    duration,
    filesize,
    format_date,
    format_epoch,
    intcomma,
    pluralize,
    time_ago,
)
from asok_engine.templates.markdown import markdown
from asok_engine.templates.markup import Markup, escape

__all__ = ["FILTERS", "NATIVE_FILTERS", "NATIVE_TESTS", "TESTS", "TEXT_FILTERS", "forceescape"]

_NATIVE = """
abs attr batch bool capitalize chain count dictsort e escape filesizeformat first float format groupby indent
int items join last length lines list lower map max min pprint reject rejectattr replace reverse round safe
select selectattr slice sort split string sum title trim unique upper urlencode wordwrap zip
"""
_TEXTS = """
capitalize count e escape filesizeformat format indent join length lower pprint replace safe string title trim
upper urlencode wordwrap center date decode_base64 display dump duration epoch filesize forceescape intcomma
markdown pluralize striptags time_ago tojson truncate wordcount xmlattr
"""
_TESTS = """
boolean defined divisibleby endingwith eq equalto escaped even false filter float ge greaterthan gt in int
integer iterable le lessthan lower lt mapping ne none number odd safe sameas sequence startingwith string test
true undefined upper
"""

#: What the engine brings along and is kept; these filters complain about undefined values themselves.
NATIVE_FILTERS = frozenset(_NATIVE.split())
#: Filters whose result is text or a number, which can be printed without a question.
TEXT_FILTERS = frozenset(_TEXTS.split())
NATIVE_TESTS = frozenset(_TESTS.split())

JSON_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&'\u2028\u2029"}
ATTRIBUTE_NAME = re.compile(r"[^\s\"'<>/=\x00-\x1f\x7f]+")
IMAGE_URL = re.compile(
    r"data:image/(?:png|jpe?g|gif|webp|avif|bmp);base64,([A-Za-z0-9+/=\s]*)", re.IGNORECASE
)
IMAGE_KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}
DISPLAYED = ("name", "title", "label", "email", "username", "slug")


def default(value: object, fallback: object = "", falsy: bool = False) -> object:
    """Give `fallback` for undefined, none and empty text; with `falsy` also for 0, false and empty lists."""
    if value is None or value == "" or (falsy and not value):
        return fallback
    return value


def truncate(
    value: object, length: int = 255, killwords: bool = False, end: str = "...", leeway: int = 0
) -> str:
    """Cut text to `length` signs, `end` included; at the end of a word unless `killwords`."""
    text = "" if value is None else str(value)
    if len(text) <= length + leeway:
        return text
    cut = text[: max(0, length - len(end))]
    if not killwords and " " in cut and not text[len(cut)].isspace():
        cut = cut.rsplit(" ", 1)[0]
    return cut.rstrip() + end


def striptags(value: object) -> str:
    """Take tags and comments out, turn entities into signs, and leave one space between words."""
    text = "" if value is None else str(value)
    out: list[str] = []
    at = 0
    for found in re.finditer(r"<(?=[A-Za-z/!?])", text):
        start = found.start()
        if start < at:
            continue
        closer = "-->" if text.startswith("<!--", start) else ">"
        end = text.find(closer, start)
        if end < 0:
            break
        out.append(text[at:start])
        at = end + len(closer)
    out.append(text[at:])
    return " ".join(html.unescape("".join(out)).split())


def tojson(value: object, indent: int | None = None) -> Markup:
    """Write JSON that is also safe inside `<script>` and between single quotes of an attribute.

    Dates become ISO 8601, decimals and UUIDs text, sets lists; dataclasses and objects
    with `to_dict()` become objects.

    Raises:
        UsageError: a value has no JSON form.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, default=_plain)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The filter tojson cannot write a {type(value).__name__}: {error}.") from error
    return Markup(text.translate(JSON_ESCAPES))


def _plain(value: object) -> object:
    """Give the JSON form of what JSON does not know."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, Set):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    for name in ("to_dict", "_asdict"):
        method = getattr(value, name, None)
        if callable(method):
            return method()
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")


def attributes(values: Mapping[str, object], space: bool = True) -> Markup:
    """Write HTML attributes: none and false are left out, true is written as the name alone.

    `class_` becomes `class`, and `data_id` stays as it is.

    Raises:
        UsageError: a name could end the attribute or the tag.
    """
    parts: list[str] = []
    for name, value in values.items():
        if value is None or value is False:
            continue
        plain = name.rstrip("_") or name
        if ATTRIBUTE_NAME.fullmatch(plain) is None:
            raise UsageError(f"{name!r} cannot be the name of an HTML attribute.")
        parts.append(plain if value is True else f'{plain}="{escape(value)}"')
    text = " ".join(parts)
    return Markup(f" {text}" if space and text else text)


def decode_base64(value: object, **more: object) -> Markup:
    """Show an image that is kept as base64 text or as a `data:image/` URL.

    Arguments are attributes of `<img>`. What is not such an image is not shown.
    """
    text = "" if value is None else str(value).strip()
    given = IMAGE_URL.fullmatch(text)
    data = given.group(1) if given else text
    try:
        start = base64.b64decode("".join(data[:64].split())[:16], validate=True)
    except (binascii.Error, ValueError):
        return Markup("")
    kind = next((kind for sign, kind in IMAGE_KINDS.items() if start.startswith(sign)), None)
    if not data or (given is None and (kind is None or re.fullmatch(r"[A-Za-z0-9+/=\s]+", data) is None)):
        return Markup("")
    url = text if given else f"data:image/{kind};base64,{data}"
    return Markup(f'<img src="{escape(url)}"{attributes({"alt": "Image", **more})}>')


def display(value: object) -> str:
    """Say what a value is called: its text, or for an object without one its name, title, label or number."""
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    kind = type(value)
    if kind.__str__ is not object.__str__ or kind.__repr__ is not object.__repr__:
        return str(value)
    for name in DISPLAYED:
        found = getattr(value, name, None)
        if found is not None and not callable(found):
            return str(found)
    return f"#{getattr(value, 'id', '?')}"


def forceescape(value: object) -> Markup:
    """Escape text even when it is HTML."""
    return Markup(html.escape("" if value is None else str(value)))


def wordcount(value: object) -> int:
    """Count the words of a text."""
    return 0 if value is None else len(str(value).split())


def center(value: object, width: int = 80) -> str:
    """Put text in the middle of `width` signs."""
    return ("" if value is None else str(value)).center(width)


def xmlattr(value: Mapping[str, object], space: bool = True) -> Markup:
    """Write a mapping as HTML attributes."""
    return attributes(value, space)


FILTERS: dict[str, Callable[..., Any]] = {
    "center": center,
    "d": default,
    "date": format_date,
    "decode_base64": decode_base64,
    "default": default,
    "display": display,
    "dump": tojson,
    "duration": duration,
    "epoch": format_epoch,
    "filesize": filesize,
    "forceescape": forceescape,
    "intcomma": intcomma,
    "markdown": markdown,
    "pluralize": pluralize,
    "striptags": striptags,
    "time_ago": time_ago,
    "tojson": tojson,
    "truncate": truncate,
    "wordcount": wordcount,
    "xmlattr": xmlattr,
}

TESTS: dict[str, Callable[..., bool]] = {"callable": callable}
