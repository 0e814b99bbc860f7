"""Text that is HTML already, and the escaping of text that is not.

`Markup` is a string that every printing place trusts: printing it escapes nothing.
Whatever is put into it by `format`, `%`, `+` or `join` is escaped on the way in, so
that a piece of HTML can be built without a hole. Objects that know their own HTML
say so with `__html__`, the protocol that other libraries use too.
This module knows no template.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any, Self, SupportsIndex

__all__ = ["Markup", "escape"]


def escape(value: object) -> Markup:
    """Give the HTML of `value`: of its own when it has `__html__`, else its text with `&<>"'` escaped."""
    own = getattr(type(value), "__html__", None)
    if own is not None:
        return Markup(own(value))
    return Markup(html.escape(str(value)))


class Markup(str):
    """A string of HTML that is printed as it is. Give it only HTML that you trust."""

    __slots__ = ()

    def __html__(self) -> Self:
        return self

    def __add__(self, other: str) -> Markup:
        return Markup(str.__add__(self, escape(other)))

    def __radd__(self, other: str) -> Markup:
        return Markup(str.__add__(escape(other), self))

    def __mul__(self, times: SupportsIndex) -> Markup:
        return Markup(str.__mul__(self, times))

    def __mod__(self, values: Any) -> Markup:
        if isinstance(values, tuple):
            return Markup(str.__mod__(self, tuple(_Escaping(value) for value in values)))
        if isinstance(values, Mapping):
            return Markup(str.__mod__(self, {key: _Escaping(value) for key, value in values.items()}))
        return Markup(str.__mod__(self, _Escaping(values)))

    def join(self, parts: Iterable[str]) -> Markup:
        """Join `parts` with this between them; each part is escaped unless it is HTML."""
        return Markup(str.join(self, [escape(part) for part in parts]))

    def format(self, *values: Any, **named: Any) -> Markup:
        """Fill the fields in braces; each value is escaped unless it is HTML."""
        return Markup(_EscapingFormatter().vformat(self, values, named))


class _EscapingFormatter(Formatter):
    """Escapes every field after its own format specification was applied."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        if format_spec:
            return escape(format(value, format_spec))
        return escape(value)


class _Escaping:
    """A value for `%`: escaped as text, untouched as a number."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __str__(self) -> str:
        return str(escape(self.value))

    def __repr__(self) -> str:
        return str(escape(repr(self.value)))

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __index__(self) -> int:
        return int(self.value)
