"""SQLAlchemy's ORM over asyncpg: an asynchronous session for each operation, from its own pool."""

from __future__ import annotations

from typing import Any

import tables
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import selectinload
from sqlalchemy_tables import Item, Parent


class Models:
    """Objects that outlive their session."""

    is_async = True

    async def open(self) -> None:
        engine = create_async_engine(tables.URL.replace("postgresql:", "postgresql+asyncpg:"), pool_size=8)
        self.session = async_sessionmaker(engine, expire_on_commit=False)

    async def get(self, key: int) -> Any:
        async with self.session() as session:
            return await session.get(Item, key)

    async def of_group(self, group: int) -> Any:
        async with self.session() as session:
            return (await session.scalars(select(Item).where(Item.grp == group))).all()

    async def families(self) -> list[Any]:
        async with self.session() as session:
            found = await session.scalars(select(Parent).options(selectinload(Parent.children)))
            return [parent.children for parent in found.all()]

    async def insert(self, values: dict[str, Any]) -> None:
        async with self.session() as session:
            session.add(Item(**values))
            await session.commit()

    async def update(self, item: Any, score: float) -> None:
        async with self.session() as session:
            session.add(item)
            item.score = score
            await session.commit()

    async def delete(self, item: Any) -> None:
        async with self.session() as session:
            await session.delete(item)
            await session.commit()

    async def insert_many(self, many: list[dict[str, Any]]) -> None:
        async with self.session() as session:
            session.add_all([Item(**values) for values in many])
            await session.commit()
