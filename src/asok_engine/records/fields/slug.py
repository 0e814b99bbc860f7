"""A field for the part of an address that is made of a title: `hello-world`."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal, TypeVar, Unpack, overload

from asok_engine.records.fields.field import Field, FieldOptions
from asok_engine.records.fields.text import String

__all__ = ["Slug", "slugify"]

Value = TypeVar("Value")
_LETTERS = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "đ": "d", "ł": "l", "þ": "th", "ð": "d", "ı": "i"}
_ASCII = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def slugify(text: str, allow_unicode: bool = False, max_length: int = 0) -> str:
    """Make a slug of a text: lower case, words with dashes between them, at most `max_length` characters."""
    text = text.lower()
    if allow_unicode:
        text = unicodedata.normalize("NFKC", text)
    else:
        text = "".join(_LETTERS.get(char, char) for char in text)
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = "".join(char if char.isalnum() else "-" for char in text)
    slug = "-".join(word for word in words.split("-") if word)
    return slug[:max_length].rstrip("-") if max_length else slug


class Slug(String[Value]):
    """A slug; with `populate_from` it is made of another field when it is empty.

    With `always_update` it follows that field. Where it is unique, a number is added to
    one that is taken.
    """

    @overload
    def __init__(
        self: Slug[str],
        max_length: int = 100,
        *,
        populate_from: str = "",
        always_update: bool = False,
        allow_unicode: bool = False,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Slug[str | None],
        max_length: int = 100,
        *,
        populate_from: str = "",
        always_update: bool = False,
        allow_unicode: bool = False,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        max_length: int = 100,
        *,
        populate_from: str = "",
        always_update: bool = False,
        allow_unicode: bool = False,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        Field.__init__(self, nullable=nullable, **options)
        self.max_length = max_length
        self.min_length = 0
        self.regex = None
        self.strip_whitespace = True
        self.populate_from = populate_from
        self.always_update = always_update
        self.allow_unicode = allow_unicode

    def coerce(self, value: Any) -> Any:
        """Accept slugs: letters and digits, with - or _ between them."""
        value = super().coerce(value)
        fits = (
            all(char.isalnum() or char in "-_" for char in value)
            if self.allow_unicode
            else _ASCII.fullmatch(value)
        )
        if not value or not fits:
            raise self.problem("slug", "may have small letters, digits and dashes between them")
        return value

    def made_of(self, text: Any) -> str:
        """Make the slug of a text."""
        return slugify(str(text), self.allow_unicode, self.max_length)
