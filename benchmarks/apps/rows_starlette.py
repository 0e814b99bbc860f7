"""Starlette with SQLAlchemy's asynchronous ORM."""

from __future__ import annotations

from typing import Any

import orjson
from rows import QUERIES
from rows_sqlalchemy import Session, one
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class FastJSON(JSONResponse):
    """A JSON answer made by orjson."""

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


async def row(request: Request) -> Response:
    async with Session() as session:
        return FastJSON(await one(session))


async def rows(request: Request) -> Response:
    async with Session() as session:
        return FastJSON([await one(session) for _ in range(QUERIES)])


app = Starlette(routes=[Route("/row", row), Route("/rows", rows)])
