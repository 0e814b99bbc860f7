"""Tables are immutable data in which every part has a name and refers to what is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from asok_engine.errors import SetupError
from asok_engine.sql import types
from asok_engine.sql.tables import (
    MAX_NAME_BYTES,
    Check,
    Column,
    ForeignKey,
    FullText,
    Index,
    Table,
    Unique,
    constraint_name,
    in_order_of_reference,
)

ID = Column("id", types.bigint(), autoincrement=True)


def table(name: str, *references: str) -> Table:
    """Make a table with one foreign key to each of `references`."""
    columns = tuple(Column(f"{target}_id", types.bigint(), nullable=True) for target in references)
    keys = tuple(ForeignKey((f"{target}_id",), target) for target in references)
    return Table(name, (ID, *columns), foreign_keys=keys)


def test_every_part_has_a_name_of_its_own() -> None:
    """An index or a constraint that nobody named can be dropped by name on every database."""
    made = Table(
        "users",
        (ID, Column("email", types.string()), Column("team_id", types.bigint())),
        indexes=(Index(("-email",)), Index(("team_id",), "by_team")),
        uniques=(Unique(("email", "team_id")),),
        checks=(Check("id > 0"), Check("id < 9")),
        foreign_keys=(ForeignKey(("team_id",), "teams"),),
        full_texts=(FullText(("email",)),),
    )
    assert [index.name for index in made.indexes] == ["ix_users_email", "by_team"]
    assert made.uniques[0].name == "uq_users_email_team_id"
    assert len({check.name for check in made.checks}) == 2
    assert made.foreign_keys[0].name == "fk_users_team_id"
    assert made.full_texts[0].name == "fts_users_email"
    assert made.primary_key_name == "pk_users"


def test_long_names_fit_and_stay_different() -> None:
    """A name that no database would keep is cut so that two of them do not become one."""
    first = constraint_name("ix", "ü" * 40, "a")
    second = constraint_name("ix", "ü" * 40, "b")
    assert first != second
    assert len(first.encode()) <= MAX_NAME_BYTES


def test_equal_tables_are_equal() -> None:
    """Tables compare by what they say, which is how changes are found."""
    assert table("a", "b") == table("a", "b")
    assert table("a", "b") != table("a")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"primary_key": ("key",)}, "primary key"),
        ({"indexes": (Index(("-nothing",)),)}, "nothing"),
        ({"uniques": (Unique(("nothing",)),)}, "nothing"),
        ({"foreign_keys": (ForeignKey(("nothing",), "other"),)}, "nothing"),
        ({"full_texts": (FullText(("nothing",)),)}, "nothing"),
        ({"columns": (ID, ID)}, "twice"),
        ({"columns": ()}, "no columns"),
        ({"indexes": (Index(("id",)), Index(("-id",)))}, "twice"),
        ({"name": ""}, "1 to 63"),
        ({"name": "x\0y"}, "NUL"),
        ({"name": "x" * 64}, "1 to 63"),
    ],
)
def test_table_that_cannot_be_is_refused(parts: dict[str, object], said: str) -> None:
    """A wrong name is found when the model is declared, with the name in the message."""
    with pytest.raises(SetupError, match=said):
        Table(**{"name": "users", "columns": (ID,), **parts})  # type: ignore[arg-type]


def test_unknown_column_is_named_with_those_that_are_there() -> None:
    """Who asks for a column that is not there reads which ones are."""
    made = table("users")
    assert made.column("id") is ID
    assert not made.has_column("name")
    with pytest.raises(SetupError, match=r"'name'; it has id\."):
        made.column("name")


def test_tables_come_after_those_that_they_refer_to() -> None:
    """The order in which tables are created satisfies every foreign key, itself included."""
    ordered, late = in_order_of_reference([table("a", "b", "a"), table("b", "c"), table("c", "elsewhere")])
    assert [each.name for each in ordered] == ["c", "b", "a"]
    assert not late


def test_circle_is_broken_at_one_key() -> None:
    """Tables that refer to each other are created, and the key that closes the circle is added late."""
    ordered, late = in_order_of_reference([table("a", "b"), table("b", "a", "c"), table("c")])
    assert [each.name for each in ordered] == ["c", "a", "b"]
    assert [(owner.name, key.target) for owner, key in late] == [("a", "b")]


def test_declaring_tables_loads_no_sql_library() -> None:
    """Models can be declared, and commands list their help, without SQLAlchemy."""
    code = (
        "import sys, asok_engine.sql.tables, asok_engine.sql.metadata; sys.exit('sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
