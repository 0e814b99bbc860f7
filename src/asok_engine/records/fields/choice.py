"""Fields of one value among a few: the members of an enum, or listed texts."""

from __future__ import annotations

import enum
from typing import Any, Literal, TypeVar, Unpack, overload

from asok_engine.errors import SetupError
from asok_engine.records.fields.field import Field, FieldOptions
from asok_engine.records.fields.text import String
from asok_engine.sql import types
from asok_engine.sql.types import ColumnType

__all__ = ["Choice", "Enum"]

Value = TypeVar("Value")
Member = TypeVar("Member", bound=enum.Enum)


class Enum(Field[Value]):
    """A member of an enum; the column holds its value, a text or a whole number."""

    @overload
    def __init__(
        self: Enum[Member],
        enum_class: type[Member],
        *,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Enum[Member | None],
        enum_class: type[Member],
        *,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self, enum_class: type[enum.Enum], *, nullable: bool = False, **options: Unpack[FieldOptions]
    ) -> None:
        super().__init__(nullable=nullable, **options)
        kinds = {type(member.value) for member in enum_class}
        if not kinds or not (kinds <= {str} or kinds <= {int}):
            raise SetupError(
                f"{enum_class.__name__} has values of the types {kinds or 'none'}; "
                "an enum field needs texts or whole numbers."
            )
        self.enum_class = enum_class
        self.is_text = kinds == {str}
        self.to_column = _value_of
        self.from_column = enum_class
        self.labels = {
            member: str(getattr(member, "label", member.name.replace("_", " ").capitalize()))
            for member in enum_class
        }

    @property
    def column_type(self) -> ColumnType:
        """An enum of the texts, or an integer."""
        return (
            types.enum(*[str(member.value) for member in self.enum_class])
            if self.is_text
            else types.integer()
        )

    def type_test(self, value: str) -> str | None:
        """None: the class of the member is not a name that the test may use."""
        return None

    def coerce(self, value: Any) -> Any:
        """Accept a member, its value, or its name."""
        if isinstance(value, self.enum_class):
            return value
        if not self.is_text and isinstance(value, str) and value.strip().lstrip("-").isdecimal():
            value = int(value)
        try:
            return self.enum_class(value)
        except ValueError:
            if isinstance(value, str) and value in self.enum_class.__members__:
                return self.enum_class[value]
        known = ", ".join(str(member.value) for member in self.enum_class)
        raise self.problem("choice", f"must be one of {known}")


def _value_of(member: Any) -> Any:
    return member.value if isinstance(member, enum.Enum) else member


class Choice(String[Value]):
    """One of some texts, given as a list or as pairs of text and label."""

    @overload
    def __init__(
        self: Choice[str],
        choices: Any,
        *,
        max_length: int = 0,
        nullable: Literal[False] = False,
        **options: Any,
    ) -> None: ...

    @overload
    def __init__(
        self: Choice[str | None],
        choices: Any,
        *,
        max_length: int = 0,
        nullable: Literal[True],
        **options: Any,
    ) -> None: ...

    def __init__(self, choices: Any, *, max_length: int = 0, nullable: bool = False, **options: Any) -> None:
        Field.__init__(self, choices=choices, nullable=nullable, **options)
        if not self.choices:
            raise SetupError("A choice field has no choices.", fix='List them: ["draft", "published"].')
        self.max_length = max_length or max(64, *(len(str(value)) for value in self.choices))
        self.min_length = 0
        self.regex = None
        self.strip_whitespace = False
