"""Lookups: the words behind a field's name, `views__gt`, and the operators of `where("views", ">", 10)`.

Both are fixed lists; a word that is not in them is an `UnknownName`. What stands to
the right of a lookup is coerced by the field.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from asok_engine.errors import InputError
from asok_engine.records.errors import unknown_name
from asok_engine.records.fields.field import Field, FieldRef
from asok_engine.records.paths import key_of
from asok_engine.records.zones import current_zone, zone_name
from asok_engine.sql.expressions import Condition, Expression, IsNull, Like, Not, Regexp
from asok_engine.sql.functions import DATE_PARTS, Cast, DatePart, JsonPath
from asok_engine.sql.select import InSelect, Select, Subquery
from asok_engine.sql.types import text as text_type
from asok_engine.sql.types import time as time_type

__all__ = ["LOOKUPS", "OPERATORS", "apply_lookups", "by_operator", "is_true"]

Lookup = Callable[[Expression, Any], Condition]

_TEXT = text_type()


def _exact(left: Expression, value: Any) -> Condition:
    if isinstance(value, Select):
        value = Subquery(value)
    condition: Condition = left == key_of(value)
    return condition


def _in(left: Expression, value: Any, is_negated: bool = False) -> Condition:
    if isinstance(value, Select):
        return InSelect(left, value, is_negated)
    select = getattr(value, "as_subquery", None)
    if select is not None:
        return InSelect(left, select(), is_negated)
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise InputError(f"{value!r} is no list of values.", status=422)
    options = [key_of(each) for each in value]
    present = [each for each in options if each is not None]
    found = left.not_in(present) if is_negated else left.in_(present)
    if len(present) < len(options):
        return found & IsNull(left, True) if is_negated else found | IsNull(left)
    return found


def is_true(value: Any) -> bool:
    """Read what stands behind `isnull`, also as text from a query string.

    Raises:
        InputError: it is neither true nor false.
    """
    word = str(value).lower()
    if word not in ("true", "false", "1", "0"):
        raise InputError(f"isnull takes true or false, not {value!r}.", status=422)
    return word in ("true", "1")


def _is_null(left: Expression, value: Any) -> Condition:
    return IsNull(left, not is_true(value))


def _range(left: Expression, value: Any) -> Condition:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise InputError(f"A range has a low and a high end; {value!r} has not.", status=422)
    return left.between(value[0], value[1])


def _text(kind: Any, ignore_case: bool) -> Lookup:
    def lookup(left: Expression, value: Any) -> Condition:
        if isinstance(value, Expression):
            raise InputError("A text to look for is a value, not an expression.")
        return Like(_as_text(left), str(value), kind, ignore_case)

    return lookup


def _as_text(left: Expression) -> Expression:
    """Give the expression as text, where it is of another type."""
    type_ = left.type
    if type_ is None or type_.kind in ("string", "text", "enum"):
        return left
    return Cast(left, _TEXT)


def _regexp(ignore_case: bool) -> Lookup:
    return lambda left, value: Regexp(_as_text(left), str(value), ignore_case)


LOOKUPS: dict[str, Lookup] = {
    "exact": _exact,
    "ne": lambda left, value: left != key_of(value),
    "gt": lambda left, value: left > value,
    "gte": lambda left, value: left >= value,
    "lt": lambda left, value: left < value,
    "lte": lambda left, value: left <= value,
    "in": _in,
    "isnull": _is_null,
    "range": _range,
    "iexact": _text("equals", True),
    "contains": _text("contains", False),
    "icontains": _text("contains", True),
    "startswith": _text("startswith", False),
    "istartswith": _text("startswith", True),
    "endswith": _text("endswith", False),
    "iendswith": _text("endswith", True),
    "like": _text("like", False),
    "regex": _regexp(False),
    "iregex": _regexp(True),
}

#: The operators of `where(field, operator, value)`, in upper case.
OPERATORS: dict[str, Lookup] = {
    "=": _exact,
    "==": _exact,
    "IS": _exact,
    "!=": LOOKUPS["ne"],
    "<>": LOOKUPS["ne"],
    "IS NOT": LOOKUPS["ne"],
    "<": LOOKUPS["lt"],
    "<=": LOOKUPS["lte"],
    ">": LOOKUPS["gt"],
    ">=": LOOKUPS["gte"],
    "LIKE": LOOKUPS["like"],
    "NOT LIKE": lambda left, value: Not(LOOKUPS["like"](left, value)),
    "ILIKE": _text("like", True),
    "IN": _in,
    "NOT IN": lambda left, value: _in(left, value, True),
    "BETWEEN": _range,
    "NOT BETWEEN": lambda left, value: Not(_range(left, value)),
}


def by_operator(left: Expression, operator: str, value: Any) -> Condition:
    """Make a condition of an operator as it is written.

    Raises:
        UnknownName: it is no operator.
    """
    lookup = OPERATORS.get(" ".join(str(operator).upper().split()))
    if lookup is None:
        raise unknown_name(str(operator), "A condition", OPERATORS, "operator")
    if isinstance(left, FieldRef) and left.field is not None and value is not None:
        _refuse_sealed(left.field, value)
    return lookup(left, value)


def _refuse_sealed(field: Field[Any], value: Any) -> None:
    """Refuse every look into a column whose form says nothing of its value."""
    if not field.is_comparable:
        field.comparable(value)


def apply_lookups(ref: FieldRef, words: Sequence[str], value: Any) -> Condition:
    """Make a condition of a field, the words behind its name, and a value.

    The last word is a lookup, `exact` where there is none; those before it are parts of
    a moment, or keys of a JSON document.

    Raises:
        UnknownName: a word means nothing for this field.
    """
    assert ref.field is not None
    if [*words] != ["isnull"] and value is not None:
        _refuse_sealed(ref.field, value)
    kind = ref.column_type.kind
    if kind == "json":
        return _json_lookup(ref, words, value)
    if not words:
        return _exact(ref, value)
    word, rest = words[0], words[1:]
    if kind in ("datetime", "date", "time") and word in (*DATE_PARTS, "date", "time"):
        return _part_lookup(ref, word, rest, value)
    if rest or word not in LOOKUPS:
        known = [*LOOKUPS, *(DATE_PARTS if kind in ("datetime", "date") else ())]
        raise unknown_name(rest[0] if rest else word, f"The field {ref.field.name!r}", known, "lookup")
    return LOOKUPS[word](ref, value)


def _last(name: str, words: Sequence[str]) -> Lookup:
    if len(words) > 1 or (words and words[0] not in LOOKUPS):
        raise unknown_name(words[-1], f"The field {name!r}", LOOKUPS, "lookup")
    return LOOKUPS[words[0]] if words else _exact


def _part_lookup(ref: FieldRef, word: str, rest: Sequence[str], value: Any) -> Condition:
    """Compare a part of a moment; a year or a day alone becomes a range, which an index can answer."""
    assert ref.field is not None
    lookup = _last(ref.field.name, rest)
    is_moment = ref.column_type.kind == "datetime"
    if word == "date":
        if not is_moment:
            return lookup(ref, value)
        return _day_lookup(ref, lookup, value)
    if word == "time":
        return lookup(Cast(ref, time_type()), value)
    if word == "year" and lookup is _exact and ref.column_type.kind != "time":
        return _year(ref, value, is_moment)
    try:
        number = value if isinstance(value, Iterable | bool) and not isinstance(value, str) else int(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{value!r} is no {word}.", status=422) from None
    return lookup(DatePart(word, ref, zone_name() if is_moment else "UTC"), number)  # type: ignore[arg-type]


def _year(ref: FieldRef, value: Any, is_moment: bool) -> Condition:
    try:
        start, end = datetime.date(int(value), 1, 1), datetime.date(int(value) + 1, 1, 1)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{value!r} is no year.", status=422) from None
    if is_moment:
        return (ref >= _midnight(start)) & (ref < _midnight(end))
    return (ref >= start) & (ref < end)


def _midnight(day: datetime.date, later_days: int = 0) -> datetime.datetime:
    """Give the beginning of a day here, or of one some days later.

    Raises:
        InputError: it lies behind the end of the calendar.
    """
    try:
        day += datetime.timedelta(days=later_days)
    except OverflowError:
        raise InputError(f"{day} is at the end of the calendar.", status=422) from None
    return datetime.datetime(day.year, day.month, day.day, tzinfo=current_zone())


def _day_lookup(ref: FieldRef, lookup: Lookup, value: Any) -> Condition:
    def day_of(each: Any) -> datetime.date:
        if isinstance(each, datetime.datetime):
            return each.astimezone(current_zone()).date() if each.tzinfo else each.date()
        if isinstance(each, datetime.date):
            return each
        try:
            return datetime.date.fromisoformat(str(each))
        except ValueError:
            raise InputError(f"{each!r} is no day.", status=422) from None

    if lookup is LOOKUPS["range"] and isinstance(value, Sequence) and len(value) == 2:
        low, high = _midnight(day_of(value[0])), _midnight(day_of(value[1]), 1)
        return (ref >= low) & (ref < high)
    day = day_of(value)
    start, end = _midnight(day), _midnight(day, 1)
    made: dict[Lookup, Callable[[], Condition]] = {
        _exact: lambda: (ref >= start) & (ref < end),
        LOOKUPS["gt"]: lambda: ref >= end,
        LOOKUPS["gte"]: lambda: ref >= start,
        LOOKUPS["lt"]: lambda: ref < start,
        LOOKUPS["lte"]: lambda: ref < end,
    }
    if lookup not in made:
        raise InputError("A day of a moment can be compared with =, <, <=, >, >= and range.", status=422)
    return made[lookup]()


def _json_lookup(ref: FieldRef, words: Sequence[str], value: Any) -> Condition:
    """Compare a value inside a JSON document; a last word that is a lookup is taken for one."""
    path = list(words)
    lookup: Lookup = _exact
    if path and path[-1] in LOOKUPS:
        lookup = LOOKUPS[path.pop()]
    if not path:
        if lookup is _is_null or lookup is _exact:
            return lookup(ref, value)
        return lookup(Cast(ref, _TEXT), value)
    for each in value if lookup in (_in, _range) and isinstance(value, list | tuple | set) else (value,):
        if not isinstance(each, str | int | float | Expression | Select) and each is not None:
            raise InputError(
                f"A value inside JSON is compared with text, numbers, true, false or none, not with a "
                f"{type(each).__name__}.",
                status=422,
            )
    # Why not longer ones: no list has so many members, and Python refuses to read a number of 5000 digits.
    steps = tuple(int(step) if step.isdecimal() and len(step) < 10 else step for step in path)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and lookup in (LOOKUPS["gt"], LOOKUPS["gte"], LOOKUPS["lt"], LOOKUPS["lte"], _exact):
        try:
            number = float(value)
        except OverflowError:
            raise InputError("The number is too large to be looked for in JSON.", status=422) from None
        return lookup(JsonPath(ref, steps, True), number)
    text = JsonPath(ref, steps)
    if isinstance(value, bool) and lookup is not _is_null:
        return lookup(text, "true" if value else "false")
    return lookup(text, value)
