"""What a database remembers of migrations: those that were applied, and how far one has come.

Two tables of our own. The second matters where the database cannot roll back a
change of tables: each step is noted before it begins and when it is done, so that
a run which was cut off goes on where it stopped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import Struct

from asok_engine.errors import SetupError
from asok_engine.migrations.graph import Migration
from asok_engine.migrations.link import Link
from asok_engine.migrations.steps import Probe, Step
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.tables import Column, Table
from asok_engine.sql.types import datetime as datetime_type
from asok_engine.sql.types import integer, string

__all__ = ["JOURNAL_TABLES", "Applied", "Direction", "Journal"]

Direction = Literal["forward", "back"]

_MIGRATIONS = Table(
    "_asok_migrations",
    (
        Column("name", string(190)),
        Column("batch", integer()),
        Column("checksum", string(64)),
        Column("applied_at", datetime_type()),
    ),
    primary_key=("name",),
)
_STEPS = Table(
    "_asok_migration_steps",
    (
        Column("name", string(190)),
        Column("direction", string(10)),
        Column("step", integer()),
        Column("digest", string(64)),
        Column("is_done", integer()),
    ),
    primary_key=("name", "direction", "step"),
)

#: Tables that belong to this room; no model describes them.
JOURNAL_TABLES = (_MIGRATIONS.name, _STEPS.name)


class Applied(Struct, frozen=True):
    """One migration that was applied."""

    name: str
    #: The number of the run that has applied it.
    batch: int
    checksum: str
    applied_at: str


class Journal:
    """The two tables in one database."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def prepare(self) -> None:
        """Make the tables where they are missing."""
        for table in (_MIGRATIONS, _STEPS):
            if self._link.holds(Probe("table", table.name)):
                continue
            for text in create_statements([table], self._link.dialect):
                # Why: on SQLite another process may make it at the same moment.
                self._link.run(text.replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", 1))

    def applied(self) -> dict[str, Applied]:
        """Give what was applied, by name; nothing where no migration ever ran."""
        if not self._link.holds(Probe("table", _MIGRATIONS.name)):
            return {}
        rows = self._link.query(
            f"SELECT name, batch, checksum, applied_at FROM {_MIGRATIONS.name} ORDER BY applied_at, name"
        )
        return {row[0]: Applied(row[0], int(row[1]), row[2], str(row[3])[:19]) for row in rows}

    def add(self, migration: Migration, batch: int) -> None:
        """Note that a migration was applied."""
        self._link.execute(
            f"INSERT INTO {_MIGRATIONS.name} (name, batch, checksum, applied_at) VALUES (:name, "
            ":batch, :sum, :at)",
            {"name": migration.name, "batch": batch, "sum": migration.checksum, "at": datetime.now(UTC)},
        )

    def remove(self, name: str) -> None:
        """Note that a migration was rolled back."""
        self._link.execute(f"DELETE FROM {_MIGRATIONS.name} WHERE name = :name", {"name": name})

    def progress(self, name: str, direction: Direction) -> dict[int, tuple[str, bool]]:
        """Give the steps of an unfinished run: number to (digest, whether it is done)."""
        rows = self._link.execute(
            f"SELECT step, digest, is_done FROM {_STEPS.name} WHERE name = :name AND direction = :direction",
            {"name": name, "direction": direction},
        )
        return {int(number): (known, bool(is_done)) for number, known, is_done in map(tuple[Any, ...], rows)}

    def unfinished(self) -> dict[str, Direction]:
        """Give the migrations that were begun and not finished, with their direction."""
        if not self._link.holds(Probe("table", _STEPS.name)):
            return {}
        rows = self._link.query(f"SELECT DISTINCT name, direction FROM {_STEPS.name}")
        return {row[0]: row[1] for row in rows}

    def begin_step(self, name: str, direction: Direction, number: int, step: Step) -> None:
        """Note that a step begins."""
        self._link.execute(
            f"INSERT INTO {_STEPS.name} (name, direction, step, digest, is_done) "
            "VALUES (:name, :direction, :step, :digest, 0)",
            {"name": name, "direction": direction, "step": number, "digest": digest(step)},
        )

    def end_step(self, name: str, direction: Direction, number: int) -> None:
        """Note that a step is done."""
        self._link.execute(
            f"UPDATE {_STEPS.name} SET is_done = 1 WHERE name = :name AND direction = :direction "
            "AND step = :step",
            {"name": name, "direction": direction, "step": number},
        )

    def forget_steps(self, name: str) -> None:
        """Forget the steps of a migration that is finished."""
        self._link.execute(f"DELETE FROM {_STEPS.name} WHERE name = :name", {"name": name})


def digest(step: Step) -> str:
    """Give what tells one step from another."""
    return hashlib.sha256(step.text.encode()).hexdigest()


def check_progress(name: str, steps: Sequence[Step], progress: dict[int, tuple[str, bool]]) -> None:
    """Raise SetupError when the steps that were begun are not those that are to go on."""
    for number, (known, _) in progress.items():
        if number >= len(steps) or digest(steps[number]) != known:
            raise SetupError(
                f"The migration {name} stopped half-way, and was changed since: its step {number + 1} "
                "is another now.",
                fix="Put the file back as it was, let it finish, and make a new migration for the change.",
            )
