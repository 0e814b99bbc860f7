"""A database that is as it should be has no difference; one that is not has each named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from asok_engine.migrations.link import Link, open_link
from asok_engine.migrations.live import differences
from asok_engine.sql import types
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.tables import NOW, Column, ForeignKey, Index, Table, Unique
from asok_engine.sql.types import KINDS, ColumnType
from tests.engine.migrations.samples import ID, TEAMS, USERS

KINDS_TABLE = Table(
    "kinds",
    (
        ID,
        *(
            Column(f"c_{kind}", ColumnType(kind), nullable=True)
            for kind in KINDS
            if kind not in ("array", "vector", "string", "decimal", "enum")
        ),
        Column("c_string", types.string(7), server_default="x"),
        Column("c_decimal", types.decimal(9, 3)),
        Column("c_enum", types.enum("a")),
        Column("c_array", types.array(types.integer()), nullable=True),
        Column("c_now", types.datetime(), server_default=NOW),
        Column("order", types.binary(5)),
    ),
    indexes=(Index(("-c_now", "c_integer")), Index(("c_string",), unique=True)),
)


@pytest.fixture
def link(database_url: str) -> Iterator[Link]:
    """A database of each kind with tables, and one that is none of ours."""
    with open_link(database_url) as link:
        for text in create_statements([TEAMS, USERS, KINDS_TABLE], link.dialect):
            link.run(text)
        link.run("CREATE TABLE foreigner (id INTEGER)")
        yield link


def test_every_type_and_part_is_seen_as_it_was_made(link: Link) -> None:
    """No database gives back something that looks like a difference."""
    assert differences(link, [TEAMS, USERS, KINDS_TABLE]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": (*USERS.columns, Column("nick", types.text()))}, "The column users.nick is missing."),
        (
            {"columns": USERS.columns[:2] + USERS.columns[3:], "full_texts": ()},
            "The column users.bio is in no migration.",
        ),
        (
            {"columns": tuple(replace(each, nullable=True) for each in USERS.columns)},
            "The column users.email is required; it should not be.",
        ),
        (
            {
                "columns": tuple(
                    replace(each, type=types.string(9)) if each.name == "email" else each
                    for each in USERS.columns
                )
            },
            "The column users.email is VARCHAR(100); it should be VARCHAR(9).",
        ),
        ({"indexes": (*USERS.indexes, Index(("email",)))}, "The index ix_users_email of users is missing."),
        ({"indexes": (Index(("-age",)), USERS.indexes[1])}, ""),
        ({"indexes": USERS.indexes[1:]}, "The index ix_users_age of users is in no migration."),
        ({"uniques": (*USERS.uniques, Unique(("age",)))}, "uq_users_age of users is missing."),
        ({"checks": ()}, ""),
        ({"foreign_keys": (ForeignKey(("team_id",), "teams"),)}, "The foreign key fk_users_team_id of users"),
        ({"name": "gone"}, "The table gone is missing."),
    ],
)
def test_each_difference_is_named(link: Link, changes: dict[str, Any], said: str) -> None:
    """A sentence for each, with table and name."""
    found = differences(link, [TEAMS, replace(USERS, **changes)])
    if said:
        assert any(said in line for line in found), found


def test_missing_check_and_search_are_named(link: Link) -> None:
    """They are looked for by name."""
    check = replace(USERS.checks[0], name="other")
    assert "The constraint other of users is missing." in differences(
        link, [TEAMS, replace(USERS, checks=(check,))]
    )
    search = replace(USERS.full_texts[0], name="other")
    found = differences(link, [TEAMS, replace(USERS, full_texts=(search,))])
    assert any("other" in line and "missing" in line for line in found), found
