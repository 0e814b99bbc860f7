"""Tickets with a policy, and followers of them, for the tests of what connections follow."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

from asok.orm import fields as Field
from asok.orm.model import Model
from asok_engine.backends.broadcast.contract import Broadcast
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.followings import Followings
from asok_engine.realtime.server import SocketServer
from asok_engine.records.policy import ANONYMOUS, Allow, Policy, Principal
from asok_engine.records.query import Query
from tests.engine.realtime.served import Served, serving

__all__ = ["MANAGER", "Desk", "News", "Slip", "desk", "heard", "next_news", "quiet"]

#: The person who sees everything.
MANAGER = 9
News = dict[str, Any]


class SlipPolicy(Policy):
    """Owners see their own, without what it costs; the manager sees all of it."""

    def rules(self, principal: Principal, action: str) -> Iterable[Allow]:
        if principal.id == 13:
            raise RuntimeError("a policy with a mistake")
        yield Allow("the manager", principal.id == MANAGER)
        if principal.id is not None:
            yield Allow("one's own", Slip.owner_id == principal.id)

    def readable(self, principal: Principal) -> frozenset[str]:
        fields = super().readable(principal)
        return fields if principal.id == MANAGER else fields - {"cost"}


class Slip(Model):
    """What somebody wants."""

    __policy__ = SlipPolicy
    title = Field.String(max_length=100)
    owner_id = Field.Integer()
    cost = Field.Integer(default=0)
    note = Field.String(max_length=100, default="", hidden=True)


class Desk:
    """One process that announces slips, whose clients follow what they ask for."""

    def __init__(self) -> None:
        self.served: Served
        self.followings: Followings
        self.connections: list[Connection] = []
        self.follow: Callable[[Connection, str], Any] = lambda conn, message: conn.follow(Slip)
        self.all = Query(Slip.__description__)

    def register(self, server: SocketServer) -> None:
        def principal_of(connection: Connection) -> Principal:
            return ANONYMOUS if connection.user is None else Principal("person", connection.user.id)

        def query_of(what: Any) -> Query:
            return what._query if hasattr(what, "_query") else self.all

        self.followings = Followings(server, principal_of, query_of)
        self.followings.announce([Slip])
        self.followings.open()

        async def on_message(conn: Connection, message: str) -> None:
            self.connections.append(conn)
            await self.follow(conn, message)
            conn.send("following")

        server.routes.on_message("/", on_message)


@contextlib.asynccontextmanager
async def desk(folder: Path, broadcast: Broadcast | None = None) -> AsyncIterator[Desk]:
    """Serve a desk until the block ends."""
    made = Desk()
    async with serving(made.register, folder, broadcast=broadcast) as served:
        made.served = served
        yield made
    made.followings.close()


async def begin(client: Any, message: str = "") -> None:
    """Ask to follow, and wait until that holds."""
    await client.send(message)
    assert await client.recv() == "following"


async def next_news(client: Any, seconds: float = 5) -> News:
    """Give the next news of a client."""
    async with asyncio.timeout(seconds):
        news: News = json.loads(await client.recv())
    return news


async def heard(client: Any, count: int) -> list[tuple[str, Any]]:
    """Give the kinds and keys of the next news."""
    return [(news["kind"], news["key"]) for news in [await next_news(client) for _ in range(count)]]


async def quiet(client: Any, seconds: float = 0.2) -> bool:
    """Tell whether a client hears nothing for a moment."""
    try:
        async with asyncio.timeout(seconds):
            await client.recv()
    except TimeoutError:
        return True
    return False
