"""Sources: a table as it stands in one statement, under its own name or an alias.

Two joins of one table are two sources. A source is made once and kept, because its
identity is part of every shape that names its columns.
"""

from __future__ import annotations

from collections.abc import Hashable

from asok_engine.sql.expressions import Ref
from asok_engine.sql.tables import Table

__all__ = ["Source"]


class Source:
    """A table under one name.

    `alias` is a name that the framework has made, never one from outside.
    """

    __slots__ = ("_refs", "alias", "key", "root", "table")

    def __init__(self, table: Table, alias: str = "", root: Source | None = None) -> None:
        self.table = table
        self.alias = alias
        #: The source of the same table without an alias.
        self.root = root or self
        #: What stands for this source in shapes. Equal for two aliases of one name on one table.
        self.key: Hashable = (self.root, alias) if alias else self
        self._refs: dict[str, Ref] = {}

    def aliased(self, alias: str) -> Source:
        """Give the same table under another name."""
        return Source(self.table, alias, self.root)

    def ref(self, column: str) -> Ref:
        """Give the column of this name.

        Raises:
            SetupError: the table has no such column.
        """
        ref = self._refs.get(column)
        if ref is None:
            ref = self._refs[column] = Ref(self, column, self.table.column(column).type)
        return ref

    def __repr__(self) -> str:
        return f"<Source {self.table.full_name}{f' as {self.alias}' if self.alias else ''}>"
