"""Fields of time: days, times of day, moments, spans, and moments that set themselves.

Moments are aware and in UTC on records and in the database. A naive one that comes
in is read in the active zone (`records/zones.py`). The clock of a field that sets
itself is an argument; every such field of one save gets the same moment.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from datetime import date as Day
from datetime import datetime as Moment
from datetime import time as TimeOfDay
from typing import Any, Literal, TypeVar, Unpack, overload

import msgspec

from asok_engine.records.fields.field import Field, FieldOptions
from asok_engine.records.zones import to_utc
from asok_engine.sql import types
from asok_engine.sql.types import ColumnType

__all__ = ["CreatedAt", "Date", "DateTime", "Duration", "SoftDelete", "Time", "UpdatedAt", "utc_now"]

Value = TypeVar("Value")
#: The longest span: its microseconds are a number of 64 bits where a database has no spans of time.
MOST_DAYS = 106_751_991


def utc_now() -> Moment:
    """Give this moment in UTC."""
    return Moment.now(UTC)


class DateTime(Field[Value]):
    """A moment; `auto_now` sets it at each save, `auto_now_add` at the first one."""

    @overload
    def __init__(
        self: DateTime[Moment],
        *,
        auto_now: bool = False,
        auto_now_add: bool = False,
        clock: Callable[[], Moment] = utc_now,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: DateTime[Moment | None],
        *,
        auto_now: bool = False,
        auto_now_add: bool = False,
        clock: Callable[[], Moment] = utc_now,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        *,
        auto_now: bool = False,
        auto_now_add: bool = False,
        clock: Callable[[], Moment] = utc_now,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        super().__init__(nullable=nullable, **options)
        self.sets_at_save = auto_now
        self.sets_at_create = auto_now_add or auto_now
        self.clock = clock

    @property
    def column_type(self) -> ColumnType:
        """A moment."""
        return types.datetime()

    def type_test(self, value: str) -> str | None:
        """A moment in UTC."""
        return f"type({value}) is datetime and {value}.tzinfo is UTC"

    def coerce(self, value: Any) -> Any:
        """Accept datetimes, days as their midnight, and ISO 8601 text."""
        if type(value) is not Moment:
            value = self._moment(value)
        if value.tzinfo is UTC:
            return value
        try:
            return to_utc(value)
        except OverflowError:
            raise self.problem("datetime", "lies outside the years 1 to 9999 in UTC") from None

    def _moment(self, value: Any) -> Moment:
        if isinstance(value, Moment):
            return value
        if isinstance(value, Day):
            return Moment(value.year, value.month, value.day)
        if isinstance(value, str):
            try:
                return Moment.fromisoformat(value.strip())
            except ValueError:
                pass
        raise self.problem("datetime", "must be a date and time, such as 2026-01-31 14:30")


class CreatedAt(DateTime[Moment]):
    """The moment at which the record was first saved; never taken from forms."""

    def __init__(self, *, clock: Callable[[], Moment] = utc_now, **options: Unpack[FieldOptions]) -> None:
        options.setdefault("protected", True)
        super().__init__(auto_now_add=True, clock=clock, **options)


class UpdatedAt(DateTime[Moment]):
    """The moment at which the record was last saved; never taken from forms."""

    def __init__(self, *, clock: Callable[[], Moment] = utc_now, **options: Unpack[FieldOptions]) -> None:
        options.setdefault("protected", True)
        super().__init__(auto_now=True, clock=clock, **options)


class SoftDelete(DateTime["Moment | None"]):
    """The moment at which the record was softly deleted, None while it lives.

    A model with such a field marks its records instead of deleting them, and its
    queries leave marked ones out.
    """

    marks_deletion = True

    def __init__(self, *, clock: Callable[[], Moment] = utc_now, **options: Unpack[FieldOptions]) -> None:
        options.setdefault("protected", True)
        options.setdefault("index", True)
        super().__init__(clock=clock, nullable=True, **options)


class Date(Field[Value]):
    """A day."""

    @overload
    def __init__(
        self: Date[Day],
        *,
        auto_now: bool = False,
        auto_now_add: bool = False,
        clock: Callable[[], Moment] = utc_now,
        nullable: Literal[False] = False,
        **options: Unpack[FieldOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Date[Day | None],
        *,
        auto_now: bool = False,
        auto_now_add: bool = False,
        clock: Callable[[], Moment] = utc_now,
        nullable: Literal[True],
        **options: Unpack[FieldOptions],
    ) -> None: ...

    def __init__(
        self,
        *,
        auto_now: bool = False,
        auto_now_add: bool = False,
        clock: Callable[[], Moment] = utc_now,
        nullable: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        super().__init__(nullable=nullable, **options)
        self.sets_at_save = auto_now
        self.sets_at_create = auto_now_add or auto_now
        self.clock = clock

    @property
    def column_type(self) -> ColumnType:
        """A day."""
        return types.date()

    def type_test(self, value: str) -> str | None:
        """A day."""
        return f"type({value}) is date"

    def coerce(self, value: Any) -> Any:
        """Accept days, the day of a datetime as it stands, and ISO 8601 text."""
        if type(value) is Day:
            return value
        if isinstance(value, Moment):
            return value.date()
        if isinstance(value, Day):
            return Day(value.year, value.month, value.day)
        if isinstance(value, str):
            try:
                return Moment.fromisoformat(value.strip()).date()
            except ValueError:
                pass
        raise self.problem("date", "must be a date, such as 2026-01-31")


class Time(Field[Value]):
    """A time of day, without a zone."""

    @overload
    def __init__(
        self: Time[TimeOfDay], *, nullable: Literal[False] = False, **options: Unpack[FieldOptions]
    ) -> None: ...

    @overload
    def __init__(
        self: Time[TimeOfDay | None], *, nullable: Literal[True], **options: Unpack[FieldOptions]
    ) -> None: ...

    def __init__(self, *, nullable: bool = False, **options: Unpack[FieldOptions]) -> None:
        super().__init__(nullable=nullable, **options)

    @property
    def column_type(self) -> ColumnType:
        """A time of day."""
        return types.time()

    def coerce(self, value: Any) -> Any:
        """Accept times without a zone, and ISO 8601 text."""
        if isinstance(value, str):
            try:
                value = TimeOfDay.fromisoformat(value.strip())
            except ValueError:
                value = None
        if isinstance(value, Moment):
            value = value.time()
        if isinstance(value, TimeOfDay) and value.tzinfo is None:
            return value
        raise self.problem("time", "must be a time of day without a zone, such as 14:30")


class Duration(Field[Value]):
    """A span of time."""

    @overload
    def __init__(
        self: Duration[timedelta], *, nullable: Literal[False] = False, **options: Unpack[FieldOptions]
    ) -> None: ...

    @overload
    def __init__(
        self: Duration[timedelta | None], *, nullable: Literal[True], **options: Unpack[FieldOptions]
    ) -> None: ...

    def __init__(self, *, nullable: bool = False, **options: Unpack[FieldOptions]) -> None:
        super().__init__(nullable=nullable, **options)

    @property
    def column_type(self) -> ColumnType:
        """A span of time."""
        return types.duration()

    def coerce(self, value: Any) -> Any:
        """Accept timedeltas, seconds as a number, and text such as `1 02:30:00`, `90.5` or `PT90.5S`."""
        if not isinstance(value, timedelta):
            value = self._span(value)
        if not -MOST_DAYS <= value.days < MOST_DAYS:
            raise self.problem("range", f"must be shorter than {MOST_DAYS} days", max=MOST_DAYS)
        return value

    def _span(self, value: Any) -> timedelta:
        try:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return timedelta(seconds=value)
            if isinstance(value, str):
                return _span_of_text(value)
        except (ValueError, OverflowError, msgspec.ValidationError):
            pass
        raise self.problem("duration", "must be a span of time, such as 02:30:00 or a number of seconds")


def _span_of_text(text: str) -> timedelta:
    if text.lstrip(" +-").startswith("P"):
        # ISO 8601, as JSON has it: lists of spans are kept so where the database has no lists.
        return msgspec.convert(text.strip(), timedelta)
    days, _, clock = text.strip().rpartition(" ")
    parts = [float(part) for part in clock.split(":")]
    if len(parts) > 3:
        raise ValueError(text)
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + part
    return timedelta(days=int(days.split()[0]) if days else 0, seconds=seconds)
