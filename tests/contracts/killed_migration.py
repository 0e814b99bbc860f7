"""Runs a migration that is killed at every statement in turn, each time in a process of its own.

`python -m tests.contracts.killed_migration kill URL` ends when a run was not killed
any more, and prints how many were. `... once URL` migrates once and prints what it
tells; several of these may run at the same time.
"""

from __future__ import annotations

import os
import signal
import sys

from asok_engine.migrations.graph import Graph, Migration
from asok_engine.migrations.link import Data, Link, open_link
from asok_engine.migrations.operations import (
    AddColumn,
    AddConstraint,
    AddFullText,
    AddIndex,
    AlterColumn,
    CreateTable,
    DropConstraint,
    DropIndex,
    RenameColumn,
    RenameTable,
    RunPython,
)
from asok_engine.migrations.runner import Runner
from asok_engine.sql import types
from asok_engine.sql.tables import Check, Column, ForeignKey, FullText, Index, Sql, Table, Unique

TEAMS = Table("teams", (Column("id", types.bigint(), autoincrement=True), Column("name", types.string(50))))
PEOPLE = Table(
    "people",
    (
        Column("id", types.bigint(), autoincrement=True),
        Column("email", types.string(100)),
        Column("visits", types.integer(), server_default=0),
        Column("age", types.integer(), nullable=True),
        Column("team_id", types.bigint(), nullable=True),
    ),
    indexes=(Index(("team_id",)), Index(("age",))),
    uniques=(Unique(("email",)),),
    checks=(Check("visits < 100"),),
    foreign_keys=(ForeignKey(("team_id",), "teams"),),
)


def fill(data: Data) -> None:
    """Put rows in."""
    data.execute("INSERT INTO teams (name) VALUES (:name)", name="red")
    for number in range(3):
        data.execute(
            "INSERT INTO people (email, team_id, age) VALUES (:email, 1, 7)", email=f"{number}@x.org"
        )


def count(data: Data) -> None:
    """Change rows in a way that shows when it happens twice."""
    data.execute("UPDATE people SET visits = visits + 1")


def count_again(data: Data) -> None:
    """The same, of the renamed table."""
    data.execute("UPDATE members SET visits = visits + 1")


MIGRATIONS = [
    Migration("0001_start", (CreateTable(TEAMS), CreateTable(PEOPLE), RunPython(fill))),
    Migration(
        "0002_change",
        (
            RunPython(count),
            AddColumn("people", Column("level", types.integer()), fill=3),
            AddColumn("people", Column("handle", types.string(100)), fill=Sql("email")),
            RenameColumn("people", "email", "address"),
            AlterColumn("people", Column("age", types.bigint(), nullable=True)),
            DropConstraint("people", "fk_people_team_id"),
            AddConstraint("people", ForeignKey(("team_id",), "teams", on_delete="cascade")),
            DropIndex("people", "ix_people_team_id"),
            DropIndex("people", "ix_people_age"),
            AddIndex("people", Index(("level", "age"))),
            RunPython(count),
            AddConstraint("people", Check("level < 9")),
            AddFullText("people", FullText(("address",))),
            RenameTable("people", "members"),
            RunPython(count_again),
        ),
        ("0001_start",),
    ),
]


def kill_at(number: int) -> None:
    """Make this process kill itself around its statement of that number: before it, or right after it."""
    seen = 0
    real = Link.run

    def run(self: Link, text: str) -> int:
        nonlocal seen
        seen += 1
        if seen == number // 2 and number % 2 == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(self, text)
        if seen == number // 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    Link.run = run  # type: ignore[method-assign]


def migrate(url: str) -> None:
    """Migrate once."""
    with open_link(url) as link:
        Runner(link, Graph(MIGRATIONS), tell=lambda line: print(line, flush=True)).migrate()


def main(what: str, url: str) -> int:
    """Do what the module's docstring says."""
    if what == "once":
        migrate(url)
        return 0
    with open_link(url) as link:
        # Loads the libraries once, for all children.
        Runner(link, Graph(MIGRATIONS)).moves()
    killed = 0
    for number in range(2, 1000):
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            kill_at(number)
            try:
                migrate(url)
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            print(killed)
            return os.WEXITSTATUS(status)
        killed += 1
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
