"""A field of a UUID."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, Unpack, overload
from uuid import UUID as Identity
from uuid import uuid4

from asok_engine.records.fields.field import UNSET, Field, FieldOptions
from asok_engine.sql import types
from asok_engine.sql.types import ColumnType

__all__ = ["UUID"]

Value = TypeVar("Value")


class UUID(Field[Value]):
    """A UUID; `auto` gives each record a random one, which a primary key gets by itself."""

    @overload
    def __init__(
        self: UUID[Identity],
        *,
        auto: bool | None = None,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: UUID[Identity | None],
        *,
        auto: bool | None = None,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self, *, auto: bool | None = None, nullable: bool = False, **options: Unpack[FieldOptions]
    ) -> None:
        super().__init__(nullable=nullable, **options)
        if self.default is UNSET and (self.primary_key if auto is None else auto):
            self.default = uuid4

    @property
    def column_type(self) -> ColumnType:
        """A UUID."""
        return types.uuid()

    def type_test(self, value: str) -> str | None:
        """A UUID itself."""
        return f"type({value}) is UUID"

    def coerce(self, value: Any) -> Any:
        """Accept UUIDs, also as text in any of their forms."""
        if type(value) is Identity:
            return value
        if isinstance(value, Identity):
            return Identity(int=value.int)
        if isinstance(value, str):
            try:
                return Identity(value.strip())
            except ValueError:
                pass
        raise self.problem("uuid", "is not a UUID")
