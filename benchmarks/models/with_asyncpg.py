"""The limit on PostgreSQL under an event loop: asyncpg, a connection from its pool for each operation."""

from __future__ import annotations

from typing import Any

import asyncpg
import tables

ITEM = "SELECT id, name, grp, score, active, note FROM item"
INSERT = "INSERT INTO item (name, grp, score, active, note) VALUES ($1, $2, $3, $4, $5)"


class Models:
    """Statements as text, values as positions, the pool as it comes."""

    is_async = True

    async def open(self) -> None:
        self.pool = await asyncpg.create_pool(tables.URL, min_size=8, max_size=8)

    def name_of(self, row: Any) -> str:
        return row[1]

    async def get(self, key: int) -> Any:
        async with self.pool.acquire() as link:
            return await link.fetchrow(f"{ITEM} WHERE id = $1", key)

    async def of_group(self, group: int) -> list[Any]:
        async with self.pool.acquire() as link:
            return await link.fetch(f"{ITEM} WHERE grp = $1", group)

    async def families(self) -> list[list[Any]]:
        async with self.pool.acquire() as link:
            found: dict[int, list[Any]] = {
                row[0]: [] for row in await link.fetch("SELECT id, name FROM parent")
            }
            for row in await link.fetch(
                "SELECT id, parent_id, title, qty FROM child WHERE parent_id = ANY($1::int[])", list(found)
            ):
                found[row[1]].append(row)
        return list(found.values())

    async def insert(self, values: dict[str, Any]) -> None:
        async with self.pool.acquire() as link:
            await link.fetchrow(f"{INSERT} RETURNING id", *values.values())

    async def update(self, row: Any, score: float) -> None:
        async with self.pool.acquire() as link:
            await link.execute("UPDATE item SET score = $1 WHERE id = $2", score, row[0])

    async def delete(self, row: Any) -> None:
        async with self.pool.acquire() as link:
            await link.execute("DELETE FROM item WHERE id = $1", row[0])

    async def insert_many(self, many: list[dict[str, Any]]) -> None:
        async with self.pool.acquire() as link:
            await link.executemany(INSERT, [tuple(values.values()) for values in many])
