"""`WebSocketServer`: handlers for WebSockets beside the pages, with the same sessions.

It names what the engine's `realtime` room does and finds the application that it
belongs to. The handlers are served on the pages' own port by ASGI and RSGI servers,
and after `start()` on a port of their own beside any server.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from asok import parts
from asok.applications import the_application, waiting_sockets
from asok.auth.nobody import Nobody
from asok.websocket_script import SocketScript, mentions_helper
from asok_engine.backends.broadcast.contract import Broadcast, Gap
from asok_engine.backends.broadcast.memory import MemoryBroadcast
from asok_engine.backends.broadcast.postgres import PostgresBroadcast
from asok_engine.backends.broadcast.redis import RedisBroadcast
from asok_engine.backends.broadcast.sqlite import SqliteBroadcast
from asok_engine.backends.redis_link import RedisLink
from asok_engine.dispatch import purpose
from asok_engine.dispatch.middleware.sessions import Sessions
from asok_engine.dispatch.sockets import SocketLink, TakenOver
from asok_engine.errors import SetupError, UsageError
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.gate import Guard
from asok_engine.realtime.limits import Limits
from asok_engine.realtime.origins import Origins
from asok_engine.realtime.server import SocketPlan, SocketServer
from asok_engine.realtime.session_identity import SessionIdentities
from asok_engine.security.keys import derive_key
from asok_engine.wire.jsons import encode_json
from asok_engine.wire.request import Request

if TYPE_CHECKING:
    from asok.app import Asok
    from asok_engine.realtime.followings import Followings
    from asok_engine.records.record import Record

__all__ = ["WebSocketServer"]

H = TypeVar("H", bound=Callable[..., Any])

ADAPTERS = ("auto", "memory", "sqlite", "redis", "postgres")
_START_SECONDS = 1.0


class WebSocketServer:
    """WebSocket handlers of one application, and who is connected.

    `port` is the port of its own, which WS_PORT gives otherwise; `host` the address to
    listen on there. `allowed_origins` takes the place of WS_ALLOWED_ORIGINS. `adapter`
    is what carries broadcasts between processes, in place of WS_ADAPTER: its name, or
    an object with the methods of `Broadcast`. `limits` are what clients may cost;
    `max_connections` is the one of them that is changed most. Without `app` it belongs
    to the one application of the process.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int | None = None,
        *,
        app: Asok | None = None,
        allowed_origins: Iterable[str] | None = None,
        max_connections: int | None = None,
        adapter: str | Broadcast | None = None,
        limits: Limits | None = None,
    ) -> None:
        if isinstance(adapter, str) and adapter not in ADAPTERS:
            raise UsageError(
                f"WebSocketServer got adapter={adapter!r}; expected one of {', '.join(ADAPTERS)}."
            )
        chosen = limits or Limits()
        if max_connections is not None:
            chosen = Limits(
                **{name: getattr(chosen, name) for name in Limits.__struct_fields__}
                | {"max_connections": max_connections}
            )
        self._host = host
        self._port = port
        self._allowed_origins = None if allowed_origins is None else list(allowed_origins)
        self._adapter = adapter
        self._gap_handlers: list[Callable[[Gap], Any]] = []
        self._engine = SocketServer(chosen, self._gap)
        self._followings: Followings | None = None
        self._app: Asok | None = None
        app = app or the_application("WebSocketServer")
        if app is None:
            waiting_sockets.wait(self)
        else:
            self.belong_to(app)

    def belong_to(self, app: Asok) -> None:
        """Make this the WebSocket server of an application; done by itself where there is one."""
        if self._app is None:
            self._app = app
            app.sockets.append(self)

    # --- handlers -----------------------------------------------------------------------------

    def on(self, path: str, *, subprotocols: Sequence[str] = ()) -> Callable[[H], H]:
        """Call the function for each message to `path`: `handler(conn, message)`.

        `path` may have parameters, as pages do: "/chat/[room]". A handler with one
        parameter takes the whole conversation: `async for message in conn`.
        """
        _must_be_address(path, "on")

        def register(handler: H) -> H:
            self._engine.routes.on_message(path, handler, subprotocols)
            return handler

        return register

    def on_connect(self, path: str) -> Callable[[H], H]:
        """Call the function when a client has connected to `path`: `handler(conn)`."""
        _must_be_address(path, "on_connect")

        def register(handler: H) -> H:
            self._engine.routes.on_connect(path, handler)
            return handler

        return register

    def on_disconnect(self, path: str) -> Callable[[H], H]:
        """Call the function when a client of `path` has left: `handler(conn)`."""
        _must_be_address(path, "on_disconnect")

        def register(handler: H) -> H:
            self._engine.routes.on_disconnect(path, handler)
            return handler

        return register

    def room_authorizer(self, function: H) -> H:
        """Ask `function(conn, room)` before `conn.join(room)`; only True lets the client in.

        It is asked again when something about the person has changed; whoever may not stay leaves the room.
        """
        if inspect.iscoroutinefunction(function):
            raise UsageError(
                "The room authorizer is async; conn.join answers at once.",
                fix="Write a plain function, or look up what it needs in on_connect.",
            )
        self._engine.may_join = lambda connection, room: function(connection, room) is True
        return function

    def on_gap(self, function: H) -> H:
        """Call `function(gap)` when broadcasts of other processes were missed, or may have been."""
        self._gap_handlers.append(function)
        return function

    # --- sending --------------------------------------------------------------------------------

    def broadcast(self, path: str, message: str | bytes, exclude: Connection | None = None) -> None:
        """Send to every client that is connected to `path`, in any process, but `exclude`."""
        self._engine.broadcast(path, message, exclude)

    def broadcast_json(self, path: str, data: Any, exclude: Connection | None = None) -> None:
        """Send data as JSON to every client that is connected to `path`."""
        self._engine.broadcast(path, encode_json(data).decode(), exclude)

    def broadcast_to(self, room: str, message: str | bytes, exclude: Connection | None = None) -> None:
        """Send to every client in a room, in any process, but `exclude`."""
        self._engine.broadcast_to(room, message, exclude)

    def broadcast_to_json(self, room: str, data: Any, exclude: Connection | None = None) -> None:
        """Send data as JSON to every client in a room."""
        self._engine.broadcast_to(room, encode_json(data).decode(), exclude)

    def announce(self, *models: type[Record]) -> None:
        """Tell clients that follow these models of every record that is created, changed or deleted.

        Say it where the handlers are registered, so that every process that imports the
        project tells, also one without clients. `conn.follow(Ticket)` makes a client follow;
        it hears of what the model's policy shows to its person, after the commit.

        Raises:
            SetupError: a model has no policy.
        """
        if self._followings is None:
            queries = parts.FollowedQueries()
            self._followings = parts.Followings(self._engine, parts.follower_of, queries.of)
            if self._app is not None and self._app.site.lifecycle.started:
                self._followings.open()
        self._followings.announce(models)

    # --- who is there -----------------------------------------------------------------------------

    def connections(self, path: str | None = None) -> list[Connection]:
        """Give the open connections of this process, to one path or all."""
        return self._engine.hub.connections(path)

    def get_online_users(self, room: str = "") -> list[int | str]:
        """Give the ids of the people who are connected, or in a room, in any process, each once."""
        return self._engine.hub.presence.online(room)

    def count_online(self, room: str = "") -> int:
        """Give how many visitors are connected, or in a room, in any process; also those not signed in.

        A person counts once, and so does a session of somebody who is not signed in.
        """
        return self._engine.hub.presence.count(room)

    def is_user_online(self, user_id: int | str, room: str = "") -> bool:
        """Tell whether a person is connected, or in a room, in any process."""
        return self._engine.hub.presence.is_online(user_id, room)

    def end_session(self, handle: str) -> None:
        """Close the connections of a session at once, in every process; `handle` is its name in the store."""
        self._engine.hub.end_session(handle)

    # --- the port of its own ------------------------------------------------------------------------

    def start(self, *, only_beside_wsgi: bool = False) -> WebSocketServer:
        """Serve on the port of its own, in a daemon thread; returns at once.

        With `only_beside_wsgi` that happens when a WSGI server such as gunicorn gets its
        first request, and under no other: they have sockets on the pages' own port.
        Of several processes of the application one serves; another takes over when it
        ends. Nothing happens when a command such as `asok routes` imports the project.
        """
        if not purpose.serves() or self._engine.port is not None:
            return self
        app = self._app or the_application("WebSocketServer")
        if app is None:
            raise UsageError(
                "WebSocketServer.start was called before there was an application.",
                fix="Make the application first: app = Asok().",
            )
        self.belong_to(app)
        if only_beside_wsgi:
            app.site.when_wsgi.append(self.start)
            return self
        port = self._port if self._port is not None else int(app.config["WS_PORT"])
        self._engine.start(self._host, port, _folder(app), lambda: _started(app))
        return self

    def stop(self) -> None:
        """Close every connection with 1001 and stop serving."""
        self._engine.stop()

    # --- the application's side -----------------------------------------------------------------------

    @property
    def own_port(self) -> int | None:
        """The port of its own; None unless `start` was called."""
        return self._engine.port

    def has_route(self, path: str) -> bool:
        """Tell whether a handler is registered for a path."""
        return self._engine.routes.match(path) is not None

    async def serve(self, request: Request, link: SocketLink) -> None:
        """Serve one connection of the application's own server."""
        await self._engine.serve(request, link)

    def take_over(self, when_gone: Callable[[], None]) -> TakenOver:
        """Take a connection of the application's own server over at its handshake."""
        return self._engine.take_over(when_gone)

    def compose(
        self,
        app: Asok,
        *,
        request_class: type[Request],
        guards: Sequence[Guard],
        redis: RedisLink | None,
        sessions: Sessions,
    ) -> None:
        """Take the application's settings, when it starts."""
        config, people = app.config, app.services.people
        if self._allowed_origins is not None:
            listed = self._allowed_origins
        else:
            listed = list(config["WS_ALLOWED_ORIGINS"] or ())
            if config.source("WS_ALLOWED_ORIGINS") == "default":
                # CORS_ORIGINS may be "*", which means something for public data and nothing here.
                listed = [origin for origin in listed if origin != "*"]
        self._engine.compose(
            SocketPlan(
                origins=Origins(listed, local=config["DEBUG"], own=config["APP_URL"]),
                authenticator=SessionIdentities(
                    sessions,
                    _person_of(request_class),
                    None if isinstance(people, Nobody) else people.bearers,
                    None if isinstance(people, Nobody) else parts.PeopleNow(people),
                ),
                broadcast=self._broadcast(app, redis),
                request_class=request_class,
                guards=guards,
                owner=app,
                threads=config["ASYNC_THREADS"],
            )
        )
        if self._followings is not None:
            self._followings.open()
        streams = app.site.streams
        if self._engine.end_connections not in streams.when_ending:
            streams.when_ending.append(self._engine.end_connections)
            streams.still_open.append(self._engine.has_connections)

    async def close(self) -> None:
        """Stop with the application."""
        if self._followings is not None:
            self._followings.close()
        await self._engine.stop_async()

    def page_script(
        self, servers: Sequence[WebSocketServer], folders: Iterable[Path], *, debug: bool
    ) -> SocketScript:
        """Give the script with which the pages of an application reach its servers, this one among them."""
        return SocketScript(servers, debug=debug, in_files=mentions_helper(folders))

    def _broadcast(self, app: Asok, redis: RedisLink | None) -> Broadcast:
        adapter = self._adapter if self._adapter is not None else app.config["WS_ADAPTER"]
        if not isinstance(adapter, str):
            return adapter
        if adapter == "auto":
            adapter = "sqlite" if redis is None else "redis"
        if adapter == "memory":
            return MemoryBroadcast()
        if adapter == "redis":
            if redis is None:
                raise SetupError(
                    "WS_ADAPTER is redis and REDIS_URL is not set.",
                    fix="Set it, for example REDIS_URL=redis://localhost:6379/0",
                )
            return RedisBroadcast(redis, f"asok:websocket:{_channel(app)}")
        if adapter == "postgres":
            url = str(app.config["DATABASE_URL"])
            if not url.startswith("postgres"):
                raise SetupError(
                    "WS_ADAPTER is postgres and DATABASE_URL names another kind of database.",
                    fix="Set WS_ADAPTER to redis or sqlite.",
                )
            return PostgresBroadcast(url, f"asok_websocket_{_channel(app)}")
        return SqliteBroadcast(_folder(app) / "websocket.sqlite3")

    def _gap(self, gap: Gap) -> None:
        for handler in self._gap_handlers:
            handler(gap)

    def __repr__(self) -> str:
        return f"<WebSocketServer {', '.join(self._engine.routes.patterns()) or 'without handlers'}>"


def _person_of(request_class: type[Request]) -> Callable[[Request], Any] | None:
    """Give how a request knows its person; None in an application without people."""
    return (lambda request: request.user) if hasattr(request_class, "user") else None  # type: ignore[attr-defined]


def _folder(app: Asok) -> Path:
    return app.root_dir / ".asok"


def _channel(app: Asok) -> str:
    """Give a name that the processes of one application share and no other application guesses."""
    return derive_key(str(app.config["SECRET_KEY"]), "the channel of broadcasts", 8).hex()


async def _started(app: Asok) -> None:
    """Start the application, unless its own server is about to."""
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while not app.site.lifecycle.started:
        if asyncio.get_running_loop().time() >= deadline:
            await asyncio.get_running_loop().run_in_executor(None, app.startup)
            return
        await asyncio.sleep(0.02)


def _must_be_address(path: object, name: str) -> None:
    """Refuse the function itself, which a decorator without brackets is given, and never registers."""
    if not isinstance(path, str):
        said = getattr(path, "__qualname__", repr(path))
        raise UsageError(
            f"{name} was given {said} in the place of an address.",
            fix=f'Name the address of the socket: @ws.{name}("/chat/[room]").',
        )
