"""A value that stands beside no column is encoded by its own type."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from uuid import UUID

from asok_engine.sql import types
from asok_engine.sql.values import encoded, type_of
from tests.engine.sql.tables import POSTGRESQL, SQLITE


class Level(IntEnum):
    """A number with a name."""

    HIGH = 3


def test_type_of_a_value_is_that_of_its_class() -> None:
    """A subclass is kept as its base; a boolean is no number and a datetime no date."""
    assert type_of(True) == types.boolean()
    assert type_of(Level.HIGH) == types.bigint()
    assert type_of(datetime(2026, 1, 1)) == types.datetime()
    assert type_of(date(2026, 1, 1)) == types.date()
    assert type_of(object()) is None


def test_values_are_encoded() -> None:
    """As in a column of that type."""
    given = [UUID(int=1), Decimal("1.50"), date(2026, 1, 2), object]
    assert encoded(given, SQLITE) == ["00000000-0000-0000-0000-000000000001", "1.50", "2026-01-02", object]
    assert encoded(given, POSTGRESQL) == given
