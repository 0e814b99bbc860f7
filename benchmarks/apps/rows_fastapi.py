"""FastAPI with SQLAlchemy's asynchronous ORM, the session as a dependency, answers as models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from rows import QUERIES
from rows_sqlalchemy import Session, one
from sqlalchemy.ext.asyncio import AsyncSession

app = FastAPI()


class Row(BaseModel):
    """One row."""

    id: int
    name: str
    grp: int


async def opened() -> AsyncIterator[AsyncSession]:
    async with Session() as session:
        yield session


@app.get("/row", response_model=Row)
async def row(session: Annotated[AsyncSession, Depends(opened)]) -> Any:
    return await one(session)


@app.get("/rows", response_model=list[Row])
async def rows(session: Annotated[AsyncSession, Depends(opened)]) -> Any:
    return [await one(session) for _ in range(QUERIES)]
