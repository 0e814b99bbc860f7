"""Migrations and how they follow each other.

Each names those that come before it. The order is the same on every machine: what
depends on nothing undone comes first, by name among equals. A graph with two ends
is refused where a new migration is to be added, and merged on request. Migrations
that a package brings along are named `label:name`; the others are the project's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from asok_engine.errors import SetupError
from asok_engine.migrations.operations import Operation
from asok_engine.migrations.state import State

__all__ = ["Graph", "Migration"]


class Migration(Struct, frozen=True):
    """One file: what it does and what must be done before."""

    name: str
    operations: tuple[Operation, ...] = ()
    dependencies: tuple[str, ...] = ()
    #: False: each step stands for itself, also where the database could undo all.
    atomic: bool = True
    #: Changes when the code of the file does, and not with its layout.
    checksum: str = ""
    #: The first line of the file's docstring.
    title: str = ""

    def undone(self, before: State) -> list[Operation]:
        """Give the operations that lead back to `before`; raises SetupError when there is no way back."""
        backwards: list[Operation] = []
        state = before
        for operation in self.operations:
            try:
                backwards.insert(0, operation.undo(state))
            except SetupError as error:
                raise SetupError(f"The migration {self.name} cannot be rolled back. {error}") from None
            state = operation.apply(state)
        return backwards


class Graph:
    """All migrations of a project.

    Raises SetupError when one depends on another that is not there, or on itself.
    """

    def __init__(self, migrations: Iterable[Migration] = ()) -> None:
        self.by_name = {migration.name: migration for migration in migrations}
        self.order = tuple(self._ordered())

    def _ordered(self) -> Iterator[Migration]:
        for migration in self.by_name.values():
            for name in migration.dependencies:
                if name not in self.by_name:
                    raise SetupError(
                        f"The migration {migration.name} depends on {name!r}, which is not there.",
                        fix="Bring its file back, or correct `dependencies`.",
                    )
        done: set[str] = set()
        waiting = sorted(self.by_name)
        while waiting:
            ready = next((name for name in waiting if done.issuperset(self.by_name[name].dependencies)), None)
            if ready is None:
                raise SetupError(f"These migrations depend on each other in a circle: {', '.join(waiting)}.")
            waiting.remove(ready)
            done.add(ready)
            yield self.by_name[ready]

    @property
    def leaves(self) -> tuple[str, ...]:
        """The migrations that no other depends on."""
        needed = {name for migration in self.order for name in migration.dependencies}
        return tuple(migration.name for migration in self.order if migration.name not in needed)

    @property
    def own_leaves(self) -> tuple[str, ...]:
        """The project's own migrations that no other of its own depends on."""
        own = [migration for migration in self.order if _is_own(migration.name)]
        needed = {name for migration in own for name in migration.dependencies}
        return tuple(migration.name for migration in own if migration.name not in needed)

    def own_state(self) -> State:
        """Give the tables that the project's own migrations have made."""
        bundled = self.bundled_tables()
        state = self.state()
        return State(
            (table for name, table in state.tables.items() if name not in bundled), state.kept_defaults
        )

    def bundled_tables(self) -> frozenset[str]:
        """Give the names of tables that packages bring along."""
        return frozenset(self.state(name for name in self.by_name if not _is_own(name)).tables)

    def state(self, names: Iterable[str] | None = None) -> State:
        """Give the tables after these migrations, after all by default."""
        wanted = None if names is None else set(names)
        state = State()
        for migration in self.order:
            if wanted is None or migration.name in wanted:
                state = self.applied(migration, state)
        return state

    def applied(self, migration: Migration, state: State) -> State:
        """Give the state after one more; raises SetupError, with its name, when it cannot follow."""
        for operation in migration.operations:
            try:
                state = operation.apply(state)
            except SetupError as error:
                raise SetupError(
                    f"In the migration {migration.name}, to {operation.describe()}: {error}"
                ) from None
        return state

    def find(self, text: str) -> Migration:
        """Give the migration of this name, or the one that begins with it: `0003`."""
        if text in self.by_name:
            return self.by_name[text]
        found = [migration for migration in self.order if migration.name.startswith(text)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(migration.name for migration in (found or self.order)) or "none"
        raise SetupError(
            f"{'Several migrations begin' if found else 'No migration begins'} with {text!r}: {known}."
        )

    def before(self, name: str) -> set[str]:
        """Give the names of all that one depends on, directly or not."""
        found: set[str] = set()
        waiting = list(self.by_name[name].dependencies)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.by_name[each].dependencies
        return found

    def after(self, name: str) -> set[str]:
        """Give the names of all that depend on one, directly or not."""
        return {each.name for each in self.order if name in self.before(each.name)}

    def check_single_end(self) -> None:
        """Raise SetupError when two migrations were added beside each other."""
        if len(self.own_leaves) > 1:
            raise SetupError(
                f"The migrations have several ends: {', '.join(self.own_leaves)}.",
                fix="Join them: asok make migration --merge (aksara makemigrations --merge).",
            )

    def next_number(self) -> str:
        """Give the number of the next file: 0001 and so on."""
        return f"{max((_number(name) for name in self.by_name), default=0) + 1:04}"

    def names(self) -> Sequence[str]:
        """Give the names in order."""
        return [migration.name for migration in self.order]


def _is_own(name: str) -> bool:
    return ":" not in name


def _number(name: str) -> int:
    digits = name.partition("_")[0]
    return int(digits) if digits.isdecimal() else 0
