"""The limit on PostgreSQL without an event loop: psycopg 3, one connection, prepared statements, tuples."""

from __future__ import annotations

from typing import Any

import psycopg
import tables

ITEM = "SELECT id, name, grp, score, active, note FROM item"
INSERT = "INSERT INTO item (name, grp, score, active, note) VALUES (%s, %s, %s, %s, %s)"


class Models:
    """Statements as text, values as positions."""

    is_async = False

    def open(self) -> None:
        self.link = psycopg.connect(tables.URL, autocommit=True, prepare_threshold=1)

    def name_of(self, row: Any) -> str:
        return row[1]

    def get(self, key: int) -> Any:
        return self.link.execute(f"{ITEM} WHERE id = %s", (key,)).fetchone()

    def of_group(self, group: int) -> list[Any]:
        return self.link.execute(f"{ITEM} WHERE grp = %s", (group,)).fetchall()

    def families(self) -> list[list[Any]]:
        found: dict[int, list[Any]] = {
            row[0]: [] for row in self.link.execute("SELECT id, name FROM parent").fetchall()
        }
        for row in self.link.execute(
            "SELECT id, parent_id, title, qty FROM child WHERE parent_id = ANY(%s)", (list(found),)
        ).fetchall():
            found[row[1]].append(row)
        return list(found.values())

    def insert(self, values: dict[str, Any]) -> None:
        self.link.execute(f"{INSERT} RETURNING id", tuple(values.values())).fetchone()

    def update(self, row: Any, score: float) -> None:
        self.link.execute("UPDATE item SET score = %s WHERE id = %s", (score, row[0]))

    def delete(self, row: Any) -> None:
        self.link.execute("DELETE FROM item WHERE id = %s", (row[0],))

    def insert_many(self, many: list[dict[str, Any]]) -> None:
        with self.link.transaction(), self.link.cursor() as cursor:
            cursor.executemany(INSERT, [tuple(values.values()) for values in many])
