"""Tables, states and databases that several tests of migrations use."""

from __future__ import annotations

from collections.abc import Sequence

from asok_engine.migrations.graph import Graph, Migration
from asok_engine.migrations.link import Link
from asok_engine.migrations.operations import CreateTable, Operation
from asok_engine.migrations.runner import Runner
from asok_engine.migrations.state import State
from asok_engine.sql import types
from asok_engine.sql.tables import Check, Column, ForeignKey, FullText, Index, Table, Unique

ID = Column("id", types.bigint(), autoincrement=True)

TEAMS = Table("teams", (ID, Column("name", types.string(50))))
USERS = Table(
    "users",
    (
        ID,
        Column("email", types.string(100)),
        Column("bio", types.text(), nullable=True),
        Column("age", types.integer(), nullable=True),
        Column("team_id", types.bigint(), nullable=True),
    ),
    indexes=(Index(("age",)), Index(("team_id",))),
    uniques=(Unique(("email",)),),
    checks=(Check("length(email) > 2"),),
    foreign_keys=(ForeignKey(("team_id",), "teams", on_delete="cascade"),),
    full_texts=(FullText(("email", "bio")),),
)
STATE = State([TEAMS, USERS])


def graph_of(*groups: Sequence[Operation]) -> Graph:
    """Make one migration of each group of operations, 0001 and so on, each after the one before."""
    migrations: list[Migration] = []
    for number, operations in enumerate(groups, 1):
        before = (migrations[-1].name,) if migrations else ()
        migrations.append(Migration(f"{number:04}_step", tuple(operations), before, checksum=str(number)))
    return Graph(migrations)


def migrated(link: Link, *groups: Sequence[Operation]) -> Runner:
    """Create the sample tables, then apply each group."""
    runner = Runner(link, graph_of((CreateTable(TEAMS), CreateTable(USERS)), *groups))
    runner.migrate()
    return runner
