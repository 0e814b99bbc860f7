"""The table as a class of SQLAlchemy, and a session for each request, for Starlette and FastAPI."""

from __future__ import annotations

from typing import Any

from rows import IS_SQLITE, URL, key
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Table(DeclarativeBase):
    """What the classes share."""


class Item(Table):
    """A row."""

    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    grp: Mapped[int]
    score: Mapped[float]
    active: Mapped[bool]
    note: Mapped[str | None]


driver = URL.replace("sqlite:", "sqlite+aiosqlite:") if IS_SQLITE else URL.replace("ql:", "ql+asyncpg:")
engine = create_async_engine(driver, pool_size=8, max_overflow=8)
Session = async_sessionmaker(engine, expire_on_commit=False)


async def one(session: AsyncSession) -> dict[str, Any]:
    """Give one row, as the answer shows it."""
    item = await session.get_one(Item, key())
    return {"id": item.id, "name": item.name, "grp": item.grp}
