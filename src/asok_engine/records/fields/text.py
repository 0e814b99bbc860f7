"""Fields of text: strings, long text, addresses, slugs, colours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from asok_engine.records.fields.field import Field, FieldOptions
from asok_engine.sql import types
from asok_engine.sql.types import ColumnType

__all__ = ["SearchableText", "String", "Text"]

Value = TypeVar("Value")


class String(Field[Value]):
    """Text of at most `max_length` characters.

    White space at both ends goes when `strip_whitespace`. `regex` must match the
    whole text.
    """

    @overload
    def __init__(
        self: String[str],
        max_length: int = 255,
        *,
        min_length: int = 0,
        regex: str = "",
        strip_whitespace: bool = False,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: String[str | None],
        max_length: int = 255,
        *,
        min_length: int = 0,
        regex: str = "",
        strip_whitespace: bool = False,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        max_length: int = 255,
        *,
        min_length: int = 0,
        regex: str = "",
        strip_whitespace: bool = False,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        super().__init__(nullable=nullable, **options)
        self.max_length = max_length
        self.min_length = min_length
        self.regex = re.compile(regex) if regex else None
        self.strip_whitespace = strip_whitespace

    @property
    def column_type(self) -> ColumnType:
        """A string of that length."""
        return types.string(self.max_length)

    def type_test(self, value: str) -> str | None:
        """Text of a fitting length."""
        if self.min_length or self.regex is not None or self.strip_whitespace:
            return None
        fits = f" and len({value}) <= {self.max_length}" if self.max_length else ""
        return f"type({value}) is str{fits} and '\\0' not in {value}"

    def coerce(self, value: Any) -> Any:
        """Accept text, and numbers as text."""
        if type(value) is not str:
            value = self._as_text(value)
        if self.strip_whitespace:
            value = value.strip()
        length = len(value)
        if length > self.max_length > 0:
            raise self.problem(
                "max_length", f"has {length} characters; at most {self.max_length} fit", max=self.max_length
            )
        if length < self.min_length:
            raise self.problem(
                "min_length", f"needs at least {self.min_length} characters", min=self.min_length
            )
        if self.regex is not None and not self.regex.fullmatch(value):
            raise self.problem("format", "does not have the right form")
        if "\0" in value:
            # Why: PostgreSQL refuses it, and C programs would end the text there.
            raise self.problem("format", "contains a NUL character")
        return value if value.isascii() else self._encodable(value)

    def _encodable(self, value: str) -> str:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self.problem("format", "is not valid Unicode") from None
        return value

    def _as_text(self, value: Any) -> str:
        if isinstance(value, str):
            return str(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise self.problem("type", f"must be text, not {type(value).__name__}")

    def comparable(self, value: Any) -> Any:
        """Accept text that is too long or too short as well: it equals nothing."""
        if value is None:
            return None
        if type(value) is not str:
            value = self._as_text(value)
        if "\0" in value:
            # Why: PostgreSQL does not take it in a comparison either.
            raise self.problem("format", "contains a NUL character")
        return value if value.isascii() else self._encodable(value)


class Text(String[Value]):
    """Text of any length."""

    @overload
    def __init__(
        self: Text[str],
        *,
        max_length: int = 0,
        min_length: int = 0,
        strip_whitespace: bool = False,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Text[str | None],
        *,
        max_length: int = 0,
        min_length: int = 0,
        strip_whitespace: bool = False,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        *,
        max_length: int = 0,
        min_length: int = 0,
        strip_whitespace: bool = False,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        Field.__init__(self, nullable=nullable, **options)
        self.max_length = max_length
        self.min_length = min_length
        self.regex = None
        self.strip_whitespace = strip_whitespace

    @property
    def column_type(self) -> ColumnType:
        """Text."""
        return types.text()


class SearchableText(Text[Value]):
    """Text of any length that the model's full-text search looks into."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: SearchableText[str],
            *,
            max_length: int = 0,
            min_length: int = 0,
            strip_whitespace: bool = False,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: SearchableText[str | None],
            *,
            max_length: int = 0,
            min_length: int = 0,
            strip_whitespace: bool = False,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    is_searchable = True
