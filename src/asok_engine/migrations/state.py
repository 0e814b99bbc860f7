"""What the tables of a project are after some migrations, without asking a database.

A state is immutable; each operation gives the next one. Edits keep a state whole:
what refers to something that is renamed follows it, and nothing that is still
referred to can be removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from asok_engine.errors import SetupError
from asok_engine.sql.fulltext import quoted
from asok_engine.sql.tables import Check, Column, ForeignKey, FullText, Index, Table, Unique

__all__ = ["Constraint", "Part", "State", "parts", "renamed_in_sql"]

Constraint = Unique | Check | ForeignKey
Part = Index | Unique | Check | ForeignKey | FullText

_LISTS: dict[type, str] = {
    Index: "indexes",
    Unique: "uniques",
    Check: "checks",
    ForeignKey: "foreign_keys",
    FullText: "full_texts",
}


class State:
    """Tables by their full names.

    `kept_defaults` names columns whose default in the database comes from the
    migration that added them and not from the model, as (table, column).
    """

    __slots__ = ("_tables", "kept_defaults")

    def __init__(
        self, tables: Iterable[Table] = (), kept_defaults: frozenset[tuple[str, str]] = frozenset()
    ) -> None:
        self._tables: dict[str, Table] = {table.full_name: table for table in tables}
        self.kept_defaults = kept_defaults

    def __iter__(self) -> Iterator[Table]:
        return iter(self._tables.values())

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self._tables == other._tables

    __hash__ = None  # type: ignore[assignment]

    @property
    def tables(self) -> Mapping[str, Table]:
        """The tables by full name."""
        return self._tables

    def table(self, name: str) -> Table:
        """Give a table; raises SetupError when there is none of this name."""
        try:
            return self._tables[name]
        except KeyError:
            known = ", ".join(sorted(self._tables)) or "none"
            raise SetupError(
                f"A migration speaks of the table {name!r}, which no earlier one has created; there "
                f"are: {known}."
            ) from None

    def part(self, table: str, name: str) -> Part:
        """Give an index, a constraint or a full-text search of a table by name."""
        found = self.table(table)
        for each in parts(found):
            if each.name == name:
                return each
        known = ", ".join(each.name for each in parts(found)) or "none"
        raise SetupError(
            f"A migration speaks of {name!r} on table {table!r}, which it does not have; there are: {known}."
        )

    def with_table(self, table: Table) -> State:
        """Put a table, in place of the one of its name."""
        return self._changed({**self._tables, table.full_name: table})

    def created(self, table: Table) -> State:
        """Add a table; raises SetupError when there is one of its name."""
        if table.full_name in self._tables:
            raise SetupError(f"A migration creates the table {table.full_name!r} a second time.")
        return self.with_table(table)

    def dropped(self, name: str) -> State:
        """Take a table away; raises SetupError while another refers to it."""
        self.table(name)
        for other in self:
            for key in other.foreign_keys:
                if key.target_full_name == name and other.full_name != name:
                    raise SetupError(
                        f"The table {name!r} cannot be dropped: {key.name!r} of {other.full_name!r} "
                        "refers to it.",
                        fix=f"Drop that first: DropConstraint({other.full_name!r}, {key.name!r}).",
                    )
        kept = frozenset(each for each in self.kept_defaults if each[0] != name)
        return State((table for key, table in self._tables.items() if key != name), kept)

    def renamed(self, old: str, new: str) -> State:
        """Rename a table; foreign keys of all tables follow."""
        table = self.table(old)
        moved = replace(table, name=new)
        if moved.full_name in self._tables:
            raise SetupError(f"The table {old!r} cannot be renamed: there is a table {moved.full_name!r}.")

        def follow(each: Table) -> Table:
            keys = tuple(
                replace(key, target=new) if key.target_full_name == old else key for key in each.foreign_keys
            )
            return replace(each, foreign_keys=keys)

        kept = frozenset(
            (moved.full_name if name == old else name, column) for name, column in self.kept_defaults
        )
        return State((follow(moved if key == old else each) for key, each in self._tables.items()), kept)

    def column_renamed(self, table: str, old: str, new: str) -> State:
        """Rename a column; keys, indexes and constraints of all tables follow, and SQL that speaks of it."""
        found = self.table(table)
        column = found.column(old)

        def names(given: Iterable[str]) -> tuple[str, ...]:
            return tuple(new if name == old else f"-{new}" if name == f"-{old}" else name for name in given)

        def follow(key: ForeignKey) -> ForeignKey:
            return (
                replace(key, target_columns=names(key.target_columns))
                if key.target_full_name == table
                else key
            )

        changed = replace(
            found,
            columns=tuple(
                replace(
                    each,
                    name=new if each is column else each.name,
                    computed=renamed_in_sql(each.computed, old, new),
                )
                for each in found.columns
            ),
            primary_key=names(found.primary_key),
            indexes=tuple(
                replace(each, columns=names(each.columns), where=renamed_in_sql(each.where, old, new))
                for each in found.indexes
            ),
            checks=tuple(
                replace(each, condition=renamed_in_sql(each.condition, old, new)) for each in found.checks
            ),
            uniques=tuple(replace(each, columns=names(each.columns)) for each in found.uniques),
            foreign_keys=tuple(replace(each, columns=names(each.columns)) for each in found.foreign_keys),
            full_texts=tuple(replace(each, columns=names(each.columns)) for each in found.full_texts),
        )
        kept = frozenset(
            (name, new if (name, each) == (table, old) else each) for name, each in self.kept_defaults
        )
        state = State({**self._tables, table: changed}.values(), kept)
        for each in list(state):
            if any(key.target_full_name == table for key in each.foreign_keys):
                keys = tuple(follow(key) for key in each.foreign_keys)
                state = state.with_table(replace(each, foreign_keys=keys))
        return state

    def column_added(self, table: str, column: Column, *, keeps_default: bool = False) -> State:
        """Add a column at the end."""
        found = self.table(table)
        state = self.with_table(replace(found, columns=(*found.columns, column)))
        if keeps_default:
            state.kept_defaults |= {(table, column.name)}
        return state

    def column_altered(self, table: str, column: Column) -> State:
        """Put a column in place of the one of its name."""
        found = self.table(table)
        found.column(column.name)
        columns = tuple(column if each.name == column.name else each for each in found.columns)
        state = self.with_table(replace(found, columns=columns))
        state.kept_defaults = self.kept_defaults - {(table, column.name)}
        return state

    def column_dropped(self, table: str, name: str) -> State:
        """Take a column away; raises SetupError while something uses it."""
        found = self.table(table)
        found.column(name)
        users = [
            each.name
            for each in parts(found)
            if name in (each.column_names if isinstance(each, Index) else getattr(each, "columns", ()))
        ]
        if name in found.primary_key:
            raise SetupError(f"The column {name!r} of {table!r} cannot be dropped: it is in the primary key.")
        if users:
            raise SetupError(
                f"The column {name!r} of {table!r} cannot be dropped: {users[0]!r} uses it.",
                fix="Drop that first.",
            )
        state = self.with_table(
            replace(found, columns=tuple(each for each in found.columns if each.name != name))
        )
        state.kept_defaults = self.kept_defaults - {(table, name)}
        return state

    def part_added(self, table: str, part: Part) -> State:
        """Add an index, a constraint or a full-text search."""
        found = self.table(table)
        attribute = _LISTS[type(part)]
        changed: dict[str, Any] = {attribute: (*getattr(found, attribute), part)}
        return self.with_table(replace(found, **changed))

    def part_dropped(self, table: str, name: str) -> State:
        """Take an index, a constraint or a full-text search away."""
        part = self.part(table, name)
        found = self.table(table)
        attribute = _LISTS[type(part)]
        left = tuple(each for each in getattr(found, attribute) if each.name != name)
        changed: dict[str, Any] = {attribute: left}
        return self.with_table(replace(found, **changed))

    def part_renamed(self, table: str, old: str, new: str) -> State:
        """Give an index or a constraint another name."""
        part = self.part(table, old)
        found = self.table(table)
        attribute = _LISTS[type(part)]
        renamed = tuple(
            replace(each, name=new) if each.name == old else each for each in getattr(found, attribute)
        )
        changed: dict[str, Any] = {attribute: renamed}
        return self.with_table(replace(found, **changed))

    def _changed(self, tables: Mapping[str, Table]) -> State:
        return State(tables.values(), self.kept_defaults)


_TOKENS = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \w+(?:\s*\()? | .""", re.VERBOSE | re.DOTALL
)


def renamed_in_sql(text: str, old: str, new: str) -> str:
    """Write another column's name in an expression of SQL; texts in quotes and functions stay."""
    if old not in text:
        return text
    names = {old: new, f'"{old}"': quoted(new), f"`{old}`": quoted(new, "`")}
    return "".join(names.get(token, token) for token in _TOKENS.findall(text))


def parts(table: Table) -> tuple[Part, ...]:
    """Give everything of a table that has a name of its own and is no column."""
    return (*table.indexes, *table.uniques, *table.checks, *table.foreign_keys, *table.full_texts)
