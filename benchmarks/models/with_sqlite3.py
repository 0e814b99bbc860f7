"""The limit on SQLite: the driver alone, one connection, rows as tuples."""

from __future__ import annotations

import sqlite3
from typing import Any

import tables

ITEM = "SELECT id, name, grp, score, active, note FROM item"
INSERT = "INSERT INTO item (name, grp, score, active, note) VALUES (?, ?, ?, ?, ?)"


class Models:
    """Statements as text, values as positions."""

    is_async = False

    def open(self) -> None:
        self.link = sqlite3.connect(tables.path(), isolation_level=None, cached_statements=256)
        self.link.execute("PRAGMA synchronous = NORMAL")

    def name_of(self, row: Any) -> str:
        return row[1]

    def get(self, key: int) -> Any:
        return self.link.execute(f"{ITEM} WHERE id = ?", (key,)).fetchone()

    def of_group(self, group: int) -> list[Any]:
        return self.link.execute(f"{ITEM} WHERE grp = ?", (group,)).fetchall()

    def families(self) -> list[list[Any]]:
        found: dict[int, list[Any]] = {
            row[0]: [] for row in self.link.execute("SELECT id, name FROM parent").fetchall()
        }
        marks = ",".join("?" * len(found))
        for row in self.link.execute(
            f"SELECT id, parent_id, title, qty FROM child WHERE parent_id IN ({marks})", list(found)
        ).fetchall():
            found[row[1]].append(row)
        return list(found.values())

    def insert(self, values: dict[str, Any]) -> None:
        self.link.execute(INSERT, tuple(values.values()))

    def update(self, row: Any, score: float) -> None:
        self.link.execute("UPDATE item SET score = ? WHERE id = ?", (score, row[0]))

    def delete(self, row: Any) -> None:
        self.link.execute("DELETE FROM item WHERE id = ?", (row[0],))

    def insert_many(self, many: list[dict[str, Any]]) -> None:
        self.link.execute("BEGIN IMMEDIATE")
        self.link.executemany(INSERT, [tuple(values.values()) for values in many])
        self.link.execute("COMMIT")
