"""The column type of a Python value, for values that stand beside no column.

Used for parameters of hand-written SQL and for values in expressions: a datetime is
encoded for the driver there as it is in a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

from asok_engine.sql import types
from asok_engine.sql.dialects.contract import Dialect
from asok_engine.sql.types import ColumnType

__all__ = ["encoded", "type_of"]

_TYPES: dict[type, ColumnType] = {
    bool: types.boolean(),
    int: types.bigint(),
    float: types.float_(),
    str: types.text(),
    bytes: types.binary(),
    Decimal: types.decimal(38, 10),
    datetime: types.datetime(),
    date: types.date(),
    time: types.time(),
    timedelta: types.duration(),
    UUID: types.uuid(),
    IPv4Address: types.inet(),
    IPv6Address: types.inet(),
}


def type_of(value: object) -> ColumnType | None:
    """Give the type of a column that could hold this value, None where that is not clear."""
    for class_ in type(value).__mro__:
        if class_ in _TYPES:
            return _TYPES[class_]
    return None


def encoded(values: Sequence[Any], dialect: Dialect) -> list[Any]:
    """Encode values for the driver by their own types."""
    made = []
    for value in values:
        type_ = type_of(value)
        encode = dialect.encoder(type_) if type_ is not None else None
        made.append(value if encode is None else encode(value))
    return made
