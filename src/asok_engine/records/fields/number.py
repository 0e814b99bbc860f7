"""Fields of numbers and truth: integers of three sizes, floats, decimals, booleans."""

from __future__ import annotations

import math
from decimal import Decimal as Number
from decimal import InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, Unpack, overload

from asok_engine.records.fields.field import Field, FieldOptions
from asok_engine.sql import types
from asok_engine.sql.types import ColumnType

__all__ = [
    "BigInteger",
    "Boolean",
    "Decimal",
    "Float",
    "Integer",
    "PositiveBigInteger",
    "PositiveInteger",
    "PositiveSmallInteger",
    "SmallInteger",
]

Value = TypeVar("Value")
_TRUE = frozenset(("1", "true", "yes", "on", "y", "t"))
_FALSE = frozenset(("0", "false", "no", "off", "n", "f", ""))


class Integer(Field[Value]):
    """A whole number of 32 bits, between `min_value` and `max_value` where they are given."""

    bits: ClassVar[int] = 32
    #: The lowest number of the kind, None for that of its size.
    floor: ClassVar[int | None] = None

    @overload
    def __init__(
        self: Integer[int],
        *,
        min_value: int | None = None,
        max_value: int | None = None,
        counted: bool = False,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Integer[int | None],
        *,
        min_value: int | None = None,
        max_value: int | None = None,
        counted: bool = False,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        *,
        min_value: int | None = None,
        max_value: int | None = None,
        counted: bool = False,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        super().__init__(nullable=nullable, **options)
        limit = 1 << (self.bits - 1)
        lowest = -limit if self.floor is None else self.floor
        self.lowest = lowest if min_value is None else max(min_value, lowest)
        self.highest = limit - 1 if max_value is None else min(max_value, limit - 1)
        #: The database counts this key.
        self.is_counted = counted

    @property
    def column_type(self) -> ColumnType:
        """An integer of this size."""
        return {16: types.smallint, 32: types.integer, 64: types.bigint}[self.bits]()

    def type_test(self, value: str) -> str | None:
        """A whole number in the range."""
        return f"type({value}) is int and {self.lowest} <= {value} <= {self.highest}"

    def coerce(self, value: Any) -> Any:
        """Accept whole numbers, also as text or as a float without a rest."""
        if type(value) is not int:
            value = self._whole(value)
        if not self.lowest <= value <= self.highest:
            raise self.problem(
                "range",
                f"must be between {self.lowest} and {self.highest}",
                min=self.lowest,
                max=self.highest,
            )
        return value

    def _whole(self, value: Any) -> int:
        if isinstance(value, bool | int):
            return int(value)
        if isinstance(value, float) and value % 1 == 0:
            return int(value)
        # Why the length: a decimal of a few characters can stand for a number of a million digits.
        if isinstance(value, Number) and value.is_finite() and value.adjusted() < 40:
            whole = int(value)
            if whole == value:
                return whole
        if isinstance(value, str) and len(value) <= 40:
            text = value.strip()
            if text.removeprefix("-").removeprefix("+").isdecimal():
                return int(text)
        raise self.problem("integer", "must be a whole number")

    def comparable(self, value: Any) -> Any:
        """Accept any whole number that the database can hold: one that is out of range equals nothing."""
        if value is None:
            return None
        value = value if type(value) is int else self._whole(value)
        limit = 1 << (self.bits - 1)
        if not -limit <= value < limit:
            raise self.problem("range", f"must be between {-limit} and {limit - 1}")
        return value


class SmallInteger(Integer[Value]):
    """A whole number of 16 bits."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: SmallInteger[int],
            *,
            min_value: int | None = None,
            max_value: int | None = None,
            counted: bool = False,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: SmallInteger[int | None],
            *,
            min_value: int | None = None,
            max_value: int | None = None,
            counted: bool = False,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    bits = 16


class BigInteger(Integer[Value]):
    """A whole number of 64 bits."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: BigInteger[int],
            *,
            min_value: int | None = None,
            max_value: int | None = None,
            counted: bool = False,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: BigInteger[int | None],
            *,
            min_value: int | None = None,
            max_value: int | None = None,
            counted: bool = False,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    bits = 64


class PositiveInteger(Integer[Value]):
    """A whole number of 32 bits that is not negative."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: PositiveInteger[int],
            *,
            min_value: int | None = None,
            max_value: int | None = None,
            counted: bool = False,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: PositiveInteger[int | None],
            *,
            min_value: int | None = None,
            max_value: int | None = None,
            counted: bool = False,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    floor = 0


class PositiveSmallInteger(SmallInteger[Value]):
    """A whole number of 16 bits that is not negative."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: PositiveSmallInteger[int],
            *,
            min_value: int | None = None,
            max_value: int | None = None,
            counted: bool = False,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: PositiveSmallInteger[int | None],
            *,
            min_value: int | None = None,
            max_value: int | None = None,
            counted: bool = False,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    floor = 0


class PositiveBigInteger(BigInteger[Value]):
    """A whole number of 64 bits that is not negative."""

    if TYPE_CHECKING:

        @overload
        def __init__(
            self: PositiveBigInteger[int],
            *,
            min_value: int | None = None,
            max_value: int | None = None,
            counted: bool = False,
            nullable: Literal[False] = False,
            **options: Unpack[FieldOptions],
        ) -> None: ...

        @overload
        def __init__(
            self: PositiveBigInteger[int | None],
            *,
            min_value: int | None = None,
            max_value: int | None = None,
            counted: bool = False,
            nullable: Literal[True],
            **options: Unpack[FieldOptions],
        ) -> None: ...

        def __init__(self, *arguments: Any, **options: Any) -> None: ...

    floor = 0


class Float(Field[Value]):
    """A floating-point number; with `precision` it is rounded to so many places."""

    @overload
    def __init__(
        self: Float[float],
        precision: int | None = None,
        *,
        min_value: float | None = None,
        max_value: float | None = None,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Float[float | None],
        precision: int | None = None,
        *,
        min_value: float | None = None,
        max_value: float | None = None,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        precision: int | None = None,
        *,
        min_value: float | None = None,
        max_value: float | None = None,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        super().__init__(nullable=nullable, **options)
        self.precision = precision
        self.min_value = min_value
        self.max_value = max_value

    @property
    def column_type(self) -> ColumnType:
        """A float."""
        return types.float_()

    def type_test(self, value: str) -> str | None:
        """A finite number; the difference of an infinite one from itself is no number."""
        if self.precision is not None or self.min_value is not None or self.max_value is not None:
            return None
        return f"type({value}) is float and {value} - {value} == 0.0"

    def coerce(self, value: Any) -> Any:
        """Accept numbers, also as text; not infinite ones, which not every database knows."""
        if type(value) is not float:
            value = self._number(value)
        if not math.isfinite(value):
            raise self.problem("number", "must be a finite number")
        if self.precision is not None:
            value = round(value, self.precision)
        _check_range(self, value, self.min_value, self.max_value)
        return value

    def _number(self, value: Any) -> float:
        if isinstance(value, int | float | str | Number):
            try:
                return float(value)
            except (ValueError, OverflowError):
                pass
        raise self.problem("number", "must be a number")


class Decimal(Field[Value]):
    """A decimal number of `max_digits` digits, `decimal_places` of them behind the point."""

    @overload
    def __init__(
        self: Decimal[Number],
        max_digits: int = 10,
        decimal_places: int = 2,
        *,
        min_value: Number | int | None = None,
        max_value: Number | int | None = None,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Decimal[Number | None],
        max_digits: int = 10,
        decimal_places: int = 2,
        *,
        min_value: Number | int | None = None,
        max_value: Number | int | None = None,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        max_digits: int = 10,
        decimal_places: int = 2,
        *,
        min_value: Number | int | None = None,
        max_value: Number | int | None = None,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        super().__init__(nullable=nullable, **options)
        self.max_digits = max_digits
        self.decimal_places = decimal_places
        self.min_value = min_value
        self.max_value = max_value
        self._quantum = Number((0, (1,), -decimal_places))

    @property
    def column_type(self) -> ColumnType:
        """A decimal of these digits."""
        return types.decimal(self.max_digits, self.decimal_places)

    def coerce(self, value: Any) -> Any:
        """Accept numbers, also as text; digits behind the last place are an error, not rounded away."""
        number = self._number(value)
        try:
            made = number.quantize(self._quantum)
        except InvalidOperation:
            raise self.problem("range", f"has more than {self.max_digits} digits") from None
        if made != number and not isinstance(value, float):
            raise self.problem("places", f"has more than {self.decimal_places} digits behind the point")
        if len(made.as_tuple().digits) > self.max_digits:
            raise self.problem("range", f"has more than {self.max_digits} digits")
        _check_range(self, made, self.min_value, self.max_value)
        return made

    def _number(self, value: Any) -> Number:
        if isinstance(value, int | float | str | Number) and not isinstance(value, bool):
            try:
                number = Number(str(value).strip()) if not isinstance(value, Number) else value
            except InvalidOperation:
                number = Number("NaN")
            if number.is_finite():
                return number
        raise self.problem("number", "must be a number")


class Boolean(Field[Value]):
    """True or false."""

    @overload
    def __init__(
        self: Boolean[bool], *, nullable: Literal[False] = False, **options: Unpack[FieldOptions]
    ) -> None: ...

    @overload
    def __init__(
        self: Boolean[bool | None], *, nullable: Literal[True], **options: Unpack[FieldOptions]
    ) -> None: ...

    def __init__(self, *, nullable: bool = False, **options: Unpack[FieldOptions]) -> None:
        super().__init__(nullable=nullable, **options)

    @property
    def column_type(self) -> ColumnType:
        """A boolean."""
        return types.boolean()

    def type_test(self, value: str) -> str | None:
        """True or False itself."""
        return f"type({value}) is bool"

    def coerce(self, value: Any) -> Any:
        """Accept truth, 0 and 1, and the words of forms: on, off, yes, no, true, false."""
        if type(value) is bool:
            return value
        if isinstance(value, int | float) and value in (0, 1):
            return bool(value)
        if isinstance(value, str):
            word = value.strip().lower()
            if word in _TRUE:
                return True
            if word in _FALSE:
                return False
        raise self.problem("boolean", "must be true or false")


def _check_range(field: Field[Any], value: Any, lowest: Any, highest: Any) -> None:
    if lowest is not None and value < lowest:
        raise field.problem("min", f"must be at least {lowest}", min=lowest)
    if highest is not None and value > highest:
        raise field.problem("max", f"must be at most {highest}", max=highest)
