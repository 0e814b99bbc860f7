"""Numbers are of their size and range, and nothing is rounded or overflows in silence."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asok_engine.records.errors import FieldProblem
from asok_engine.records.fields.field import Field
from asok_engine.records.fields.number import BigInteger, Boolean, Decimal, Float, Integer, SmallInteger
from asok_engine.sql import types


@pytest.mark.parametrize(
    ("field", "value", "result"),
    [
        (Integer(), "12", 12),
        (Integer(), " -3 ", -3),
        (Integer(), 4.0, 4),
        (Integer(), D("5"), 5),
        (Integer(), True, 1),
        (Float(), "1.5", 1.5),
        (Float(), 3, 3.0),
        (Float(2), 1.239, 1.24),
        (Decimal(), "1.5", D("1.50")),
        (Decimal(), 2, D("2.00")),
        (Decimal(), 0.1, D("0.10")),
        (Boolean(), "on", True),
        (Boolean(), "No", False),
        (Boolean(), "", False),
        (Boolean(), 1, True),
        (Boolean(), 0.0, False),
        (Boolean(), False, False),
    ],
)
def test_value_is_coerced(field: Field[Any], value: object, result: object) -> None:
    """To the one type that the record has."""
    made = field.clean(value)
    assert made == result
    assert type(made) is type(result)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Integer(), "1.5"),
        (Integer(), 1.5),
        (Integer(), float("nan")),
        (Integer(), "x"),
        (Integer(), D("1E+999999")),
        (Integer(), D("1.5")),
        (Integer(), D("sNaN")),
        (Integer(), D("Infinity")),
        (Integer(), None.__class__),
        (Integer(), "9" * 50),
        (Integer(), 2**31),
        (Integer(), -(2**31) - 1),
        (SmallInteger(), 40000),
        (BigInteger(), 2**63),
        (Integer(min_value=0), -1),
        (Integer(max_value=9), 10),
        (Float(), "x"),
        (Float(), float("inf")),
        (Float(), float("nan")),
        (Float(), []),
        (Float(), 10**400),
        (Float(min_value=0.5), 0.4),
        (Float(max_value=0.5), 0.6),
        (Decimal(), "1.234"),
        (Decimal(), "x"),
        (Decimal(), True),
        (Decimal(), "NaN"),
        (Decimal(), "1e400"),
        (Decimal(4, 2), "123.45"),
        (Decimal(min_value=1), "0.99"),
        (Decimal(max_value=1), "1.01"),
        (Boolean(), "perhaps"),
        (Boolean(), 2),
        (Boolean(), []),
    ],
)
def test_value_that_does_not_fit_is_refused(field: Field[Any], value: object) -> None:
    """Never rounded, cut or wrapped around (asok 3.4 C11)."""
    with pytest.raises(FieldProblem):
        field.clean(value)


@given(st.integers(-(2**31), 2**31 - 1))
def test_every_number_of_the_size_fits(value: int) -> None:
    """As a number and as text."""
    assert Integer().clean(value) == Integer().clean(str(value)) == value


def test_number_outside_the_range_can_be_looked_for() -> None:
    """It finds nothing; one that no column holds is refused before the database would."""
    assert Integer(max_value=5).comparable(9) == 9
    assert Integer().comparable("7") == 7
    assert Integer().comparable(None) is None
    with pytest.raises(FieldProblem):
        Integer().comparable(2**40)


def test_types_of_columns() -> None:
    """By size and digits."""
    assert SmallInteger().column_type == types.smallint()
    assert Integer().column_type == types.integer()
    assert BigInteger(counted=True).column_type == types.bigint()
    assert BigInteger(counted=True).is_counted
    assert Float().column_type == types.float_()
    assert Decimal(8, 3).column_type == types.decimal(8, 3)
    assert Boolean().column_type == types.boolean()
