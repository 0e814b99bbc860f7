"""Applies migrations and rolls them back: each wholly, or on from where it was cut off.

Where the database can undo changes of tables, a migration is one transaction with
its entry in the journal. Elsewhere every step is noted: what was done stays done,
what had only begun is looked for, and the rest follows at the next run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from asok_engine.errors import SetupError
from asok_engine.migrations.graph import Graph, Migration
from asok_engine.migrations.journal import Direction, Journal, check_progress
from asok_engine.migrations.link import Data, Link, MigrationError
from asok_engine.migrations.spelling import Spelled, spell
from asok_engine.migrations.steps import Step
from asok_engine.migrations.turn import turn
from asok_engine.sql.metadata import literal_sql
from asok_engine.sql.types import text

__all__ = ["Move", "Runner"]

#: How long a statement may wait for a lock on PostgreSQL and MySQL before it lets others through.
_LOCK_SECONDS = 5
_ATTEMPTS = 12


class Move(Struct):
    """One migration to apply or to roll back, with what is done for it."""

    migration: Migration
    direction: Direction
    spelled: list[Spelled]
    #: Tables that this run itself has made, at the time of this move: nobody uses them yet.
    made_tables: frozenset[str] = frozenset()

    @property
    def steps(self) -> list[Step]:
        """Every step in order."""
        return [step for each in self.spelled for step in each.steps]


class Runner:
    """Migrations of a project and one database.

    `tell` gets a line for each thing that happens.
    """

    def __init__(
        self,
        link: Link,
        graph: Graph,
        *,
        database: str = "default",
        wait_seconds: float = 60.0,
        tell: Callable[[str], None] = lambda line: None,
        lock_seconds: float = _LOCK_SECONDS,
    ) -> None:
        self.link = link
        self.graph = graph
        self.journal = Journal(link)
        self._database = database
        self._wait_seconds = wait_seconds
        self._tell = tell
        self._lock_seconds = lock_seconds

    def migrate(
        self, to: str = "", *, fake: bool = False, approve: Callable[[list[Move]], None] | None = None
    ) -> int:
        """Apply what is missing, or go forward or back to a migration; give how many were moved.

        `to` is a name or its beginning; `zero` rolls back everything. With `fake`
        migrations are only noted. `approve` sees the moves before they are made and
        raises to stop them.
        """
        return self._make(lambda: self.moves(to), fake=fake, approve=approve)

    def roll_back(
        self, steps: int = 0, *, fake: bool = False, approve: Callable[[list[Move]], None] | None = None
    ) -> int:
        """Roll back the last run, or the last `steps` migrations; give how many were rolled back."""
        return self._make(lambda: self.moves_back(steps), fake=fake, approve=approve)

    def _make(
        self, plan: Callable[[], list[Move]], *, fake: bool, approve: Callable[[list[Move]], None] | None
    ) -> int:
        with turn(self.link, wait_seconds=self._wait_seconds, tell=self._tell):
            # Inside, because PostgreSQL fails when two sessions make one table, if it is not there or not.
            self.journal.prepare()
            moves = plan()
            if approve is not None and moves and not fake:
                approve(moves)
            batch = 1 + max((each.batch for each in self.journal.applied().values()), default=0)
            return sum(self._move(move, batch, fake=fake) for move in moves)

    def moves(self, to: str = "") -> list[Move]:
        """Give what `migrate` would do."""
        applied = self._known_applied()
        names = self.graph.names()
        if to == "zero":
            return self._backward([name for name in names if name in applied], applied)
        if not to:
            return self._forward([name for name in names if name not in applied], applied)
        target = self.graph.find(to).name
        if target in applied:
            later = self.graph.after(target)
            return self._backward([name for name in names if name in later and name in applied], applied)
        wanted = self.graph.before(target) | {target}
        return self._forward([name for name in names if name in wanted and name not in applied], applied)

    def moves_back(self, steps: int = 0) -> list[Move]:
        """Give what `roll_back` would do."""
        applied = self._known_applied()
        order = {name: position for position, name in enumerate(self.graph.names())}
        entries = self.journal.applied()
        latest = sorted(applied, key=lambda name: (entries[name].batch, order[name]))
        if steps:
            chosen = latest[-steps:]
        else:
            last = max((entries[name].batch for name in applied), default=0)
            chosen = [name for name in latest if entries[name].batch == last]
        for name in chosen:
            left = (self.graph.after(name) & applied) - set(chosen)
            if left:
                raise SetupError(f"{name} cannot be rolled back: {', '.join(sorted(left))} depends on it.")
        return self._backward(sorted(chosen, key=order.__getitem__), applied)

    def _known_applied(self) -> set[str]:
        applied = self.journal.applied()
        # A package that is no longer used leaves its entries behind; they say nothing of this project.
        applied = {
            name: each for name, each in applied.items() if name in self.graph.by_name or ":" not in name
        }
        unknown = [name for name in applied if name not in self.graph.by_name]
        if unknown:
            raise SetupError(
                f"The database {self.link.address} has migrations that have no file here: "
                f"{', '.join(unknown)}.",
                fix="Take the version of the project that has them, or bring the files back.",
            )
        return set(applied)

    def _forward(self, names: Sequence[str], applied: set[str]) -> list[Move]:
        state = self.graph.state(applied)
        moves: list[Move] = []
        # In a database that had no migrations, nobody uses any table yet.
        made = set() if applied else set(state.tables)
        for name in names:
            migration = self.graph.by_name[name]
            after = self.graph.applied(migration, state)
            spelled = list(spell(migration.operations, state, self.link.dialect, self._database))
            made |= set(after.tables) - set(state.tables)
            moves.append(Move(migration, "forward", spelled, frozenset(made)))
            state = after
        return moves

    def _backward(self, names: Sequence[str], applied: set[str]) -> list[Move]:
        moves: list[Move] = []
        left = set(applied)
        for name in reversed(names):
            migration = self.graph.by_name[name]
            state = self.graph.state(left)
            left.remove(name)
            before = self.graph.state(left)
            operations = migration.undone(before)
            # Why the state of what is there: columns that are added again stand at the end.
            moves.append(
                Move(migration, "back", list(spell(operations, state, self.link.dialect, self._database)))
            )
        return moves

    def _move(self, move: Move, batch: int, *, fake: bool) -> int:
        name = move.migration.name
        begun = time.monotonic()
        if fake:
            with self.link.transaction():
                self._note(move, batch)
            self._tell(
                f"{'noted' if move.direction == 'forward' else 'struck out'} {name} without running it"
            )
            return 1
        is_whole = self.link.has_transactional_ddl and (
            self.link.dialect == "sqlite"
            or (move.migration.atomic and all(step.in_transaction for step in move.steps))
        )
        done = self._move_whole(move, batch) if is_whole else self._move_by_steps(move, batch)
        if done:
            verb = "applied" if move.direction == "forward" else "rolled back"
            self._tell(f"{verb} {name} ({time.monotonic() - begun:.2f} s)")
        return int(done)

    def _note(self, move: Move, batch: int) -> None:
        self.journal.forget_steps(move.migration.name)
        if move.direction == "forward":
            self.journal.add(move.migration, batch)
        else:
            self.journal.remove(move.migration.name)

    def _move_whole(self, move: Move, batch: int) -> bool:
        return self._patiently(lambda: self._in_one_transaction(move, batch))

    def _in_one_transaction(self, move: Move, batch: int) -> bool:
        link = self.link
        rebuilds = link.dialect == "sqlite" and any(step.kind == "remember" for step in move.steps)
        if rebuilds:
            # Has no effect inside a transaction, and without it a rebuild would empty other tables.
            link.run("PRAGMA foreign_keys = OFF")
        try:
            with link.transaction():
                if link.dialect == "postgresql":
                    link.run(f"SET LOCAL lock_timeout = '{round(self._lock_seconds * 1000)}ms'")
                if (move.migration.name in self.journal.applied()) is (move.direction == "forward"):
                    self._tell(f"{move.migration.name} was done by another process")
                    return False
                kept: dict[str, str] = {}
                for step in move.steps:
                    self._do(step, kept)
                if rebuilds:
                    self._check_references()
                self._note(move, batch)
        finally:
            if rebuilds:
                link.run("PRAGMA foreign_keys = ON")
        return True

    def _check_references(self) -> None:
        broken = self.link.query("PRAGMA foreign_key_check")
        if broken:
            table, row, target = broken[0][:3]
            raise MigrationError(
                f"The table {table!r} has {len(broken)} rows that refer to rows of {target!r} which "
                "are not there, "
                f"the first with row id {row}; nothing was changed.",
                fix="Correct these rows in a data migration before.",
            )

    def _patiently(self, work: Callable[[], bool]) -> bool:
        """Try again when another session holds a lock, so that queries of the application "
        "get through between."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return work()
            except MigrationError as error:
                if not error.is_busy or attempt == _ATTEMPTS or self.link.dialect == "sqlite":
                    raise
                pause = min(0.1 * 2**attempt, 5) * random.uniform(0.5, 1)  # noqa: S311 - no secret
                self._tell(
                    f"Another session holds a lock; trying again in {pause:.1f} s ({attempt}/{_ATTEMPTS})"
                )
                time.sleep(pause)
        return False

    def _move_by_steps(self, move: Move, batch: int) -> bool:
        name, direction, steps = move.migration.name, move.direction, move.steps
        progress = self.journal.progress(name, direction)
        other: Direction = "back" if direction == "forward" else "forward"
        if self.journal.progress(name, other):
            raise SetupError(
                f"The migration {name} was stopped half-way in the other direction.",
                fix=f"Let that finish first: {'migrate' if other == 'forward' else 'migrate --rollback'}.",
            )
        check_progress(name, steps, progress)
        if self.link.dialect in ("mysql", "mariadb"):
            self.link.run(f"SET lock_wait_timeout = {max(1, round(self._lock_seconds))}")
        if progress:
            self._tell(f"{name} was stopped half-way; going on at step {len(progress)} of {len(steps)}")
        for number, step in enumerate(steps):
            known = progress.get(number)
            if known and known[1]:
                continue
            try:
                self._one_step(name, direction, number, step, is_begun=known is not None)
            except MigrationError as error:
                raise MigrationError(
                    f"{error} It was step {number + 1} of {len(steps)} of {name}; the steps before it are "
                    "done.",
                    fix="Correct what it says and run this again: it goes on from there.",
                ) from error
        with self.link.transaction():
            self._note(move, batch)
        return True

    def _one_step(self, name: str, direction: Direction, number: int, step: Step, *, is_begun: bool) -> None:
        if step.kind in ("rows", "call", "guard"):
            # Rows can be rolled back everywhere: the note is in the same transaction.
            def whole() -> bool:
                with self.link.transaction():
                    if not is_begun:
                        self.journal.begin_step(name, direction, number, step)
                    self._do(step, {})
                    self.journal.end_step(name, direction, number)
                return True

            self._patiently(whole)
            return
        if not is_begun:
            self.journal.begin_step(name, direction, number, step)
        has_happened = is_begun and step.done is not None and self.link.holds(step.done)
        if not has_happened:

            def alone() -> bool:
                self._do(step, {})
                return True

            self._patiently(alone)
        self.journal.end_step(name, direction, number)

    def _do(self, step: Step, kept: dict[str, str]) -> None:
        link = self.link
        if step.when is not None and not link.holds(step.when):
            return
        if step.kind == "call":
            assert step.function is not None
            step.function(Data(link))
        elif step.kind == "guard":
            found = link.query(step.text)
            if found:
                raise MigrationError(
                    f"{step.subject}: {found[0][0]!r}; nothing was changed.",
                    fix="Correct these rows in a data migration before, or give the operation using=.",
                )
        elif step.kind == "remember":
            kept.update(self._made_by_hand(step))
        elif step.kind == "restore":
            for text in kept.values():
                link.run(text)
            kept.clear()
        else:
            link.run(step.text)

    def _made_by_hand(self, step: Step) -> dict[str, str]:
        """Give the SQL of triggers and indexes of a SQLite table that no migration knows, by name."""
        rows = self.link.query(
            "SELECT name, sql FROM sqlite_master "
            f"WHERE tbl_name = {literal_sql(step.subject, text(), 'sqlite')} "
            "AND type IN ('trigger', 'index') AND sql IS NOT NULL ORDER BY rowid"
        )
        return {name: sql for name, sql in rows if name not in step.known}
