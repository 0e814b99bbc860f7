"""Fields of values with an inner structure: JSON documents, lists, bytes, vectors."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal, TypeVar, Unpack, overload

import msgspec

from asok_engine.errors import SetupError
from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.field import Field, FieldOptions
from asok_engine.sql import types
from asok_engine.sql.types import ColumnType

__all__ = ["JSON", "Array", "Binary", "Vector"]

Value = TypeVar("Value")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_PLAIN_KINDS = ("string", "text", "enum", "integer", "smallint", "bigint", "float", "boolean", "inet")


_encode_sorted = msgspec.json.Encoder(order="sorted").encode


def _json_text(value: Any) -> str:
    return _encode(value).decode()


def _exact_json(value: Any) -> bytes | None:
    try:
        return _encode_sorted(value)
    except (TypeError, ValueError, RecursionError):
        return None


class JSON(Field[Value]):
    """A JSON document; None is NULL.

    `shape` is a type that msgspec knows (a Struct, a TypedDict, `list[int]`): values are
    converted to it and come back as it.
    """

    @overload
    def __init__(
        self: JSON[Any],
        shape: Any = None,
        *,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: JSON[Any], shape: Any = None, *, nullable: Literal[True], **options: Unpack[FieldOptions]
    ) -> None: ...

    def __init__(self, shape: Any = None, *, nullable: bool = False, **options: Unpack[FieldOptions]) -> None:
        super().__init__(nullable=nullable, **options)
        self.shape = shape
        self.exact_form = _exact_json
        self.to_column = _json_text
        self.from_column = _decode if shape is None else msgspec.json.Decoder(shape).decode

    @property
    def column_type(self) -> ColumnType:
        """A JSON document."""
        return types.json()

    def coerce(self, value: Any) -> Any:
        """Accept whatever JSON can hold."""
        try:
            text = _encode(value)
            if self.shape is not None:
                value = msgspec.convert(value, self.shape, from_attributes=True)
        except (TypeError, ValueError, msgspec.MsgspecError, RecursionError) as error:
            raise self.problem("json", f"cannot be kept as JSON: {error}") from error
        if b"\\u0000" in text:
            raise self.problem("json", "contains a NUL character")
        if b"null" in text and _has_no_number(value):
            raise self.problem("json", "contains nan or infinity, which JSON does not have")
        return value


def _has_no_number(value: Any) -> bool:
    """Tell whether a document has floats that would be written as null."""
    rest = [msgspec.to_builtins(value)]
    while rest:
        each = rest.pop()
        if isinstance(each, float):
            if not math.isfinite(each):
                return True
        elif isinstance(each, dict):
            rest += each.values()
        elif isinstance(each, list | tuple):
            rest += each
    return False


class Array(Field[Value]):
    """A list of values of another field's kind: `Array(String(20))`."""

    @overload
    def __init__(
        self: Array[list[Any]],
        item: Field[Any] | None = None,
        *,
        max_items: int = 0,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Array[list[Any] | None],
        item: Field[Any] | None = None,
        *,
        max_items: int = 0,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        item: Field[Any] | None = None,
        *,
        max_items: int = 0,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        super().__init__(nullable=nullable, **options)
        if item is None:
            raise SetupError("An array field does not say what it holds.", fix="Name it: Array(String(20)).")
        self.item = item
        self.max_items = max_items
        self.to_column = self._to_column
        # Lists are text on some databases; what is no plain JSON is read again by its own field.
        self.from_column = (
            list if item.column_type.kind in _PLAIN_KINDS and item.from_column is None else self._read
        )

    @property
    def column_type(self) -> ColumnType:
        """A list of that type."""
        return types.array(self.item.column_type)

    def coerce(self, value: Any) -> Any:
        """Accept lists and the like, whose members the item's field accepts; text is no list."""
        if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
            raise self.problem("list", "must be a list")
        made = []
        for place, each in enumerate(value):
            try:
                made.append(self.item.clean(each))
            except FieldProblem as problem:
                raise self.problem(problem.code, f"[{place}] {problem.message}", place=place) from problem
        if self.max_items and len(made) > self.max_items:
            raise self.problem("max_items", f"has {len(made)} members; at most {self.max_items} fit")
        return made

    def _to_column(self, value: list[Any]) -> list[Any]:
        convert = self.item.to_column
        return list(value) if convert is None else [None if each is None else convert(each) for each in value]

    def _read(self, value: list[Any]) -> list[Any]:
        convert = self.item.from_column or self.item.coerce
        return [None if each is None else convert(each) for each in value]


class Binary(Field[Value]):
    """Bytes, at most `max_length` of them; 0 is no limit."""

    @overload
    def __init__(
        self: Binary[bytes],
        max_length: int = 0,
        *,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Binary[bytes | None],
        max_length: int = 0,
        *,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self, max_length: int = 0, *, nullable: bool = False, **options: Unpack[FieldOptions]
    ) -> None:
        super().__init__(nullable=nullable, **options)
        self.max_length = max_length

    @property
    def column_type(self) -> ColumnType:
        """Bytes."""
        return types.binary(self.max_length)

    def coerce(self, value: Any) -> Any:
        """Accept bytes and the like; text is none."""
        if not isinstance(value, bytes | bytearray | memoryview):
            raise self.problem("bytes", f"must be bytes, not {type(value).__name__}")
        if self.max_length and len(value) > self.max_length:
            raise self.problem("max_length", f"has {len(value)} bytes; at most {self.max_length} fit")
        return bytes(value)


class Vector(Field[Value]):
    """A vector of `dimensions` numbers, for similarity search."""

    @overload
    def __init__(
        self: Vector[list[float]],
        dimensions: int,
        *,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Vector[list[float] | None],
        dimensions: int,
        *,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(self, dimensions: int, *, nullable: bool = False, **options: Unpack[FieldOptions]) -> None:
        super().__init__(nullable=nullable, **options)
        self.dimensions = dimensions
        self.to_column = list

    @property
    def column_type(self) -> ColumnType:
        """A vector of this size."""
        return types.vector(self.dimensions)

    def coerce(self, value: Any) -> Any:
        """Accept as many finite numbers as there are dimensions."""
        if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
            raise self.problem("vector", "must be a list of numbers")
        try:
            made = [float(each) for each in value]
        except (TypeError, ValueError):
            raise self.problem("vector", "must be a list of numbers") from None
        if len(made) != self.dimensions:
            raise self.problem("dimensions", f"has {len(made)} numbers; {self.dimensions} are needed")
        if not all(map(math.isfinite, made)):
            raise self.problem("vector", "has a number that is not finite")
        return made
