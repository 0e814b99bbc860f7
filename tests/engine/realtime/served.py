"""What the tests of this room share: a server with handlers on a real port, and links without one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from asok_engine.backends.broadcast.contract import Broadcast
from asok_engine.backends.broadcast.memory import MemoryBroadcast
from asok_engine.dispatch.sockets import SocketEnd
from asok_engine.realtime.connection import Identity
from asok_engine.realtime.gate import PersonNow
from asok_engine.realtime.limits import Limits
from asok_engine.realtime.origins import Origins
from asok_engine.realtime.server import SocketPlan, SocketServer
from asok_engine.wire.headers import Headers
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response
from tests import servers

__all__ = ["Exchange", "FakeLink", "People", "Served", "User", "made_request", "plan", "serving"]


class User:
    """A person."""

    def __init__(self, id: int, name: str = "somebody") -> None:
        self.id = id
        self.name = name


class People:
    """An authenticator: the cookie `who` is the number of a person and the key of the session.

    The people in `changed` are another one from now on, or None.
    """

    def __init__(self) -> None:
        self.dead: set[str] = set()
        self.changed: dict[int, User | None] = {}

    async def identify(self, request: Request) -> Identity:
        who = request.cookies.get("who")
        return Identity() if who is None else Identity({"who": who}, User(int(who)), f"session-{who}")

    async def ended(self, identities: Collection[Identity]) -> Collection[Identity]:
        return [identity for identity in identities if identity.key in self.dead]

    async def people_now(self, identities: Sequence[Identity]) -> Sequence[PersonNow]:
        users = [identity.user for identity in identities]
        return [PersonNow(self.changed.get(user.id, user), user.id in self.changed) for user in users]


def plan(**changed: Any) -> SocketPlan:
    """Give a plan in which everything is as plain as can be."""
    values: dict[str, Any] = {
        "origins": Origins(local=True),
        "authenticator": People(),
        "broadcast": MemoryBroadcast(),
        "request_class": Request,
    }
    return SocketPlan(**(values | changed))


class Served:
    """One running stand-alone server."""

    def __init__(self, server: SocketServer, port: int) -> None:
        self.server = server
        self.port = port

    def connect(self, path: str = "/", *, who: int | None = None, **options: Any) -> Any:
        """Connect a client, as a page of this machine would; `who` is signed in."""
        if who is not None:
            options.setdefault("origin", "http://localhost:8000")
            options["additional_headers"] = {"Cookie": f"who={who}"}
        return connect(f"ws://127.0.0.1:{self.port}{path}", **options)


@contextlib.asynccontextmanager
async def serving(
    register: Callable[[SocketServer], None],
    folder: Path,
    *,
    limits: Limits | None = None,
    broadcast: Broadcast | None = None,
    authenticator: Any = None,
    guards: Sequence[Callable[[Request], Response | None]] = (),
    on_gap: Any = None,
    may_join: Any = None,
    owner: object = None,
) -> AsyncIterator[Served]:
    """Serve handlers on a free port until the block ends."""
    server = SocketServer(limits, on_gap)
    server.may_join = may_join
    register(server)
    server.compose(
        plan(
            broadcast=broadcast or MemoryBroadcast(),
            authenticator=authenticator or People(),
            guards=guards,
            owner=owner,
        )
    )
    port = servers.free_port()
    server.start("127.0.0.1", port, folder, _started)
    try:
        assert await asyncio.to_thread(server.is_serving.wait, 5)
        yield Served(server, port)
    finally:
        await server.stop_async()


async def _started() -> None:
    return None


async def closed(client: ClientConnection, seconds: float = 5) -> tuple[int | None, str | None]:
    """Wait for the end of a connection; give the code and reason that the client saw."""
    await asyncio.wait_for(client.wait_closed(), seconds)
    return client.close_code, client.close_reason


class Exchange:
    """The exchange of a handshake that came over no network."""

    protocol = "test"

    def __init__(self, headers: dict[str, str], peer: tuple[str, int] = ("10.0.0.1", 5000)) -> None:
        self._headers = Headers([(n.lower().encode(), v.encode()) for n, v in headers.items()])
        self._peer = peer

    def headers(self) -> Headers:
        return self._headers

    def raw_path(self) -> bytes:
        return b"/"

    def peer(self) -> tuple[str, int]:
        return self._peer

    def scheme(self) -> str:
        return "http"

    def server(self) -> tuple[str, int | None]:
        return ("localhost", 8000)

    def root_path(self) -> str:
        return ""

    def http_version(self) -> str:
        return "1.1"

    def environ(self) -> dict[str, Any]:
        return {}

    async def read_async(self) -> bytes:
        return b""

    def read(self) -> bytes:
        return b""


def made_request(path: str = "/", *, peer: tuple[str, int] = ("10.0.0.1", 5000), **headers: str) -> Request:
    """Make a handshake's request; header names are given with underscores."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request.from_exchange(Exchange({"host": "localhost:8000", **fields}, peer), "GET", path, "")


class FakeLink:
    """A link whose client is the test: it puts messages in, and lets sends through or not."""

    def __init__(self, subprotocols: Sequence[str] = (), *, sends_at_once: bool = False) -> None:
        self.subprotocols = subprotocols
        self.sends_at_once = sends_at_once
        self.accepted: tuple[str | None] | None = None
        self.refused: tuple[int, str] | None = None
        self.sent: list[str | bytes] = []
        self.closed: tuple[int, str] | None = None
        self.reads = asyncio.Event()
        self.reads.set()
        self._incoming: asyncio.Queue[str | bytes | SocketEnd] = asyncio.Queue()

    def says(self, *messages: str | bytes) -> None:
        for message in messages:
            self._incoming.put_nowait(message)

    def leaves(self, code: int = 1001, reason: str = "") -> None:
        self._incoming.put_nowait(SocketEnd(code, reason))

    async def accept(self, subprotocol: str | None) -> None:
        self.accepted = (subprotocol,)

    async def refuse(self, status: int, text: str) -> None:
        self.refused = (status, text)

    async def receive(self) -> str | bytes:
        message = await self._incoming.get()
        if isinstance(message, SocketEnd):
            raise message
        return message

    async def send(self, message: str | bytes) -> None:
        await self.reads.wait()
        self.sent.append(message)

    async def close(self, code: int, reason: str) -> None:
        await self.reads.wait()
        self.closed = (code, reason)
