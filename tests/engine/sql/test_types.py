"""Column types are plain data that says what it means."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.sql import types
from asok_engine.sql.types import KINDS, ColumnType


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (types.string(190), "string(190)"),
        (types.decimal(12, 0), "decimal(12, 0)"),
        (types.text(), "text()"),
        (types.vector(3), "vector(3)"),
        (types.array(types.string(20)), "array(string(20))"),
        (types.enum("draft", "public"), "enum('draft', 'public')"),
        (types.binary(16), "binary(16)"),
        (types.float_(), "float()"),
    ],
)
def test_type_is_written_as_models_write_it(made: ColumnType, written: str) -> None:
    """A message names a type in the words of the one who declared it."""
    assert written == str(made)


def test_types_compare_by_what_they_say() -> None:
    """Two columns of one kind and size have equal types, whoever made them."""
    assert types.string(10) == types.string(10)
    assert types.string(10) != types.string(11)
    assert hash(types.decimal(4, 2)) == hash(types.decimal(4, 2))


def test_every_kind_has_a_word() -> None:
    """There is no kind that a model cannot ask for."""
    assert {kind if kind != "float" else "float_" for kind in KINDS} <= set(types.__all__)


def test_enum_has_room_for_a_choice_that_comes_later() -> None:
    """Adding a choice of ordinary length leaves the column as it is."""
    assert types.enum("a").length == types.enum("a", "much longer than that").length == 32
    assert types.enum("x" * 40).length == 40


@pytest.mark.parametrize(
    "make",
    [
        lambda: types.string(0),
        lambda: types.string("10"),  # type: ignore[arg-type]
        lambda: types.decimal(3, 4),
        lambda: types.decimal(0, 0),
        lambda: types.vector(-1),
        lambda: types.enum(),
        lambda: types.array(types.array(types.integer())),
        lambda: types.array(types.json()),
    ],
)
def test_impossible_type_is_refused(make) -> None:  # type: ignore[no-untyped-def]
    """What no database can hold is found when it is declared."""
    with pytest.raises(SetupError):
        make()
