"""The kinds of values that settings have, and how a value of each is read.

Pure. A kind reads text (of a variable or a `.env` line) and values (given in code)
by the same rule, and raises ValueError for anything else: there is no fallback.
Text: 1/true/yes/on and 0/false/no/off in any case; lists by comma or as a JSON
array, blank items dropped; dictionaries as JSON; empty or `none` where optional.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = [
    "BOOL",
    "BOOL_OR_DICT",
    "CALLABLE",
    "DICT",
    "DSN",
    "FILE",
    "LIST",
    "REFERENCE",
    "REFERENCES",
    "TEXT",
    "Kind",
    "choice",
    "choices",
    "integer",
    "number",
    "optional",
]

_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")


class Kind:
    """One kind of value: its annotation, what it expects in words, and its reader.

    `read` takes text or a value and gives the value, or raises ValueError.
    """

    __slots__ = ("annotation", "expected", "is_dsn", "read")

    def __init__(
        self, annotation: str, expected: str, read: Callable[[Any], Any], *, is_dsn: bool = False
    ) -> None:
        self.annotation = annotation
        self.expected = expected
        self.read = read
        # A connection string is shown, but never the password in it.
        self.is_dsn = is_dsn

    def __repr__(self) -> str:
        return f"<Kind {self.annotation}: {self.expected}>"


def _read_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError


def _read_integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and _INTEGER.fullmatch(value.strip()):
        return int(value)
    raise ValueError


def _read_number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError  # noqa: TRY004
    result = float(value)
    if not math.isfinite(result):
        raise ValueError
    return result


def _read_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError


def _read_file(value: Any) -> str:
    if isinstance(value, (str, os.PathLike)):
        path = os.fspath(value)
        if isinstance(path, str) and path.strip() and "\0" not in path:
            return path
    raise ValueError


def _json(text: str) -> Any:
    import json

    return json.loads(text)


def _items(value: Any) -> list[Any]:
    if isinstance(value, str):
        value = _json(value) if value.lstrip().startswith("[") else value.split(",")
    if isinstance(value, (set, frozenset)):
        value = sorted(value)
    if not isinstance(value, (list, tuple)):
        raise ValueError  # noqa: TRY004
    return [item for item in value if not (isinstance(item, str) and not item.strip())]


def _read_list(value: Any) -> list[str]:
    items = _items(value)
    if not all(isinstance(item, str) for item in items):
        raise ValueError
    return [item.strip() for item in items]


def _is_reference(item: Any) -> bool:
    if isinstance(item, (tuple, list)):
        return len(item) == 2 and _is_reference(item[0]) and isinstance(item[1], Mapping)
    return isinstance(item, str) or callable(item)


def _read_references(value: Any) -> list[Any]:
    items = _items(value)
    if not all(_is_reference(item) for item in items):
        raise ValueError
    return [item.strip() if isinstance(item, str) else item for item in items]


def _read_reference(value: Any) -> Any:
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, type):
        return value
    raise ValueError


def _read_dict(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = _json(value) if value.strip() else {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError
    return dict(value)


def _read_bool_or_dict(value: Any) -> bool | dict[str, Any]:
    if isinstance(value, Mapping) or (isinstance(value, str) and value.lstrip().startswith("{")):
        return _read_dict(value)
    return _read_bool(value)


def _read_callable(value: Any) -> Any:
    if callable(value):
        return value
    raise ValueError


BOOL = Kind("bool", "true or false (also 1/0, yes/no, on/off)", _read_bool)
TEXT = Kind("str", "text", _read_text)
FILE = Kind("str", "a path", _read_file)
DSN = Kind("str", "a connection URL", _read_text, is_dsn=True)
LIST = Kind("list[str]", "a list: names separated by commas, or a JSON array of strings", _read_list)
REFERENCE = Kind("str | type[Any]", "a dotted name such as package.module.Name", _read_reference)
REFERENCES = Kind(
    "list[Any]",
    "a list of dotted names (by comma or as a JSON array), classes, or (name, options) pairs",
    _read_references,
)
DICT = Kind("dict[str, Any]", "a dictionary (in a variable: a JSON object)", _read_dict)
BOOL_OR_DICT = Kind(
    "bool | dict[str, Any]", "true, false or a dictionary (in a variable: a JSON object)", _read_bool_or_dict
)
CALLABLE = Kind("Callable[..., Any]", "a function, which only code can give", _read_callable)


def optional(kind: Kind) -> Kind:
    """Make a kind that also takes None; in text: an empty value, `none` or `null`."""

    def read(value: Any) -> Any:
        if value is None or (isinstance(value, str) and value.strip().lower() in ("", "none", "null")):
            return None
        return kind.read(value)

    return Kind(f"{kind.annotation} | None", f"{kind.expected}, or none", read, is_dsn=kind.is_dsn)


def integer(minimum: int = 0, maximum: int | None = None) -> Kind:
    """Make a kind of whole numbers within bounds, both included."""
    expected = (
        f"a whole number from {minimum} to {maximum}"
        if maximum is not None
        else (f"a whole number of at least {minimum}")
    )

    def read(value: Any) -> int:
        result = _read_integer(value)
        if result < minimum or (maximum is not None and result > maximum):
            raise ValueError
        return result

    return Kind("int", expected, read)


def number(minimum: float = 0.0, *, exclusive: bool = False) -> Kind:
    """Make a kind of finite numbers of at least `minimum`; `exclusive` leaves the minimum itself out."""
    expected = f"a number {'above' if exclusive else 'of at least'} {minimum:g}"

    def read(value: Any) -> float:
        result = _read_number(value)
        if result < minimum or (exclusive and result == minimum):
            raise ValueError
        return result

    return Kind("float", expected, read)


def choice(*words: str, or_dotted: bool = False) -> Kind:
    """Make a kind of a few words, in any case; `or_dotted` also takes the dotted name of a class."""
    known = {word.lower(): word for word in words}
    expected = "one of " + ", ".join(words) + (", or the dotted name of a class" if or_dotted else "")

    def read(value: Any) -> str:
        if isinstance(value, str):
            word = known.get(value.strip().lower())
            if word is not None:
                return word
            if or_dotted and _is_dotted(value.strip()):
                return value.strip()
        raise ValueError

    return Kind("str", expected, read)


def choices(*words: str) -> Kind:
    """Make a kind of lists whose items are among a few words, in any case."""
    one = choice(*words)

    def read(value: Any) -> list[str]:
        return [one.read(item) for item in _read_list(value)]

    return Kind("list[str]", "a list of " + ", ".join(words), read)


def _is_dotted(text: str) -> bool:
    return "." in text and all(part.isidentifier() for part in text.replace(":", ".").split("."))
