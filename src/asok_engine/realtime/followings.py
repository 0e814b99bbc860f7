"""What connections follow: records that come into sight, change and go out of sight, by the policy of each.

An event of a model brings keys and no values. Every follower's own view is asked
again: the rows of its query that the policy shows to its principal, with the fields
that may be read. A row in it is told with its values; one that has left it is told by
its key alone, and only to whoever had it in sight before. So a row that was deleted,
or that somebody may no longer see, tells nothing to those who never saw it.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from asok_engine.database.running import run_async
from asok_engine.errors import ForbiddenError, OutsideError, UsageError
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.routes import SocketHandler
from asok_engine.realtime.server import SocketServer
from asok_engine.realtime.station import Station
from asok_engine.records.events import ModelEvent, model_events
from asok_engine.records.export import to_dict
from asok_engine.records.loading import load_by
from asok_engine.records.policy import Policy, Principal, policy_of, visible
from asok_engine.records.query import Query
from asok_engine.records.record import Record

__all__ = ["Followings", "News"]

#: Keys of one look; more changes of a model at once are told as "missed".
MOST_KEYS = 500
_log = logging.getLogger("asok.websocket")
#: By key: the fields that have changed, None where everything may have.
Changes = dict[Any, "frozenset[str] | None"]
#: By view: a principal who has it, and the followings that have it.
Groups = dict[Any, "tuple[Principal, list[Following]]"]


class News(Struct, frozen=True):
    """What is told of one record. `missed`: look again, what has happened is not known in full."""

    kind: Literal["created", "updated", "deleted", "missed"]
    #: The name of the model.
    model: str
    key: Any = None
    #: The values that may be seen; None for what is out of sight.
    row: dict[str, Any] | None = None
    #: The fields that have changed and may be seen; empty where that is not known.
    names: tuple[str, ...] = ()


class Following:
    """One view of one connection."""

    __slots__ = (
        "clean_key",
        "connection",
        "early",
        "followed",
        "known",
        "most",
        "policy",
        "query",
        "table",
        "tell",
    )

    def __init__(self, connection: Connection, query: Query, tell: SocketHandler, most: int) -> None:
        self.connection = connection
        #: What was followed, for those who follow the very same.
        self.followed = query
        self.query = _plain(query)
        self.policy: Policy = policy_of(query.description.model)
        self.tell = tell
        self.most = most
        self.table = query.description.table_name
        self.clean_key = query.description.fields[query.description.key_name].clean
        #: The keys that are in sight, the oldest knowledge first; None until they have been read.
        self.known: dict[Any, None] | None = None
        #: What happened while they were read.
        self.early: Changes = {}


class Followings:
    """The followings of one WebSocket server in this process, and what is announced to them.

    `principal_of` gives who a connection is now, `query_of` the engine's query of what
    a handler gave.
    """

    def __init__(
        self,
        server: SocketServer,
        principal_of: Callable[[Connection], Principal],
        query_of: Callable[[Any], Query],
    ) -> None:
        self._server = server
        self._principal_of = principal_of
        self._query_of = query_of
        self._announced: dict[type, None] = {}
        self._is_open = False
        self._circles: dict[Station, Circle] = {}
        server.follow = self.follow
        server.hub.follower = self

    def announce(self, models: Iterable[type[Record]]) -> None:
        """Tell the followers of all processes what this one does to the records of these models.

        Raises:
            SetupError: a model has no policy, or a key of several fields.
        """
        for model in models:
            policy_of(model)
            _ = model.__description__.key_name
            self._announced[model] = None
        if self._is_open:
            self.open()

    def open(self) -> None:
        """Begin to tell, when the application has started."""
        self._is_open = True
        if self._announced:
            model_events.listen(self._happened, *self._announced)

    def close(self) -> None:
        """Tell nothing until `open` is called again."""
        self._is_open = False
        model_events.unlisten(self._happened)

    def _happened(self, event: ModelEvent) -> None:
        names = event.names if event.kind == "updated" else ()
        self._server.tell_of_rows(event.model.__description__.table_name, list(event.keys), list(names))

    # --- the hub's side -----------------------------------------------------------------------

    def heard(self, table: str, keys: list[Any], names: list[str]) -> None:
        """Take what has happened to rows of a table, in this process or another one."""
        changed = frozenset(names) or None
        for station, circle in list(self._circles.items()):
            station.post(circle.take, table, keys, changed)

    def missed(self) -> None:
        """Have everybody look again."""
        for station, circle in list(self._circles.items()):
            station.post(circle.missed)

    # --- the connections' side ------------------------------------------------------------------

    def follow(
        self, connection: Connection, what: Any, tell: Callable[..., Any] | None, most: int
    ) -> Callable[[], Awaitable[None]]:
        """Make a connection follow a model or a query; give what waits until its rows are known.

        Raises:
            ForbiddenError: it follows as much as it may already.
        """
        if len(connection.followings) >= self._server.limits.max_followed:
            raise ForbiddenError("This connection follows too much.")
        following = Following(connection, self._query_of(what), SocketHandler(tell or send_news), most)
        station = connection._station
        circle = self._circles.setdefault(station, Circle(self._server, self._principal_of))
        begun = asyncio.Event()
        connection.followings.append(lambda: circle.drop(following))
        station.post(circle.add, following, begun)

        async def wait() -> None:
            await begun.wait()

        return wait


class Circle:
    """The followings of one event loop; everything here runs on it."""

    def __init__(self, server: SocketServer, principal_of: Callable[[Connection], Principal]) -> None:
        self._server = server
        self._principal_of = principal_of
        #: By table: a class may be loaded anew, and other processes have classes of their own.
        self._of_table: dict[str, dict[Following, None]] = {}
        self._pending: dict[str, Changes | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_telling = False

    def add(self, following: Following, begun: asyncio.Event) -> None:
        """Take a following in, and read what is in its sight."""
        if following.connection.closed:
            begun.set()
            return
        self._of_table.setdefault(following.table, {})[following] = None
        self._start(self._begin(following, begun))

    def drop(self, following: Following) -> None:
        """Forget a following."""
        members = self._of_table.get(following.table, {})
        members.pop(following, None)
        if not members:
            self._of_table.pop(following.table, None)

    def take(self, table: str, keys: list[Any], names: frozenset[str] | None) -> None:
        """Take what has happened to rows; it is told soon, together with what comes meanwhile.

        Without keys any row may be meant; without names any field.
        """
        followings = self._of_table.get(table)
        if not followings:
            return
        clean = next(iter(followings)).clean_key
        waiting = self._pending.setdefault(table, {})
        if waiting is not None:
            for key in map(clean, keys):
                before = waiting.get(key, frozenset())
                waiting[key] = None if names is None or before is None else before | names
            if not keys or len(waiting) > MOST_KEYS:
                self._pending[table] = None
        if not self._is_telling:
            self._is_telling = True
            self._start(self._tell_all())

    def missed(self) -> None:
        """Have every follower look again."""
        for table in list(self._of_table):
            self.take(table, [], None)

    def _start(self, work: Any) -> None:
        # Why a context of its own: the one who told may be inside of a transaction or a request.
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- looking ------------------------------------------------------------------------------

    async def _begin(self, following: Following, begun: asyncio.Event) -> None:
        # Why first: what others tell between the reading and the hearing would be lost.
        await self._server.hearing()
        await self._server.call(_READ_SIGHT, following.connection, following, self)
        begun.set()
        early, following.early = following.early, {}
        if early and following.known is not None:
            await self._tell([following], early)

    async def _tell_all(self) -> None:
        try:
            while self._pending:
                pending, self._pending = self._pending, {}
                for table, changes in pending.items():
                    followings = list(self._of_table.get(table, ()))
                    if changes is None:
                        for following in followings:
                            await self._look_again(following)
                    else:
                        await self._tell(followings, changes)
        finally:
            self._is_telling = False

    async def _tell(self, followings: Sequence[Following], changes: Changes) -> None:
        """Tell followings of changes, with one statement for those whose views are the same."""
        groups: Groups = {}
        for following in followings:
            if following.known is None:
                following.early |= changes
            elif not following.connection.closed:
                await self._server.call(_PLACE, following.connection, following, self, groups)
        for principal, alike in groups.values():
            found: list[dict[Any, dict[str, Any]]] = []
            await self._server.call(
                _READ_ROWS, alike[0].connection, alike[0], principal, list(changes), found
            )
            for following in alike:
                if found:
                    readable = following.policy.readable(principal)
                    await self._tell_one(following, found[0], changes, readable)
                else:
                    await self.say(following, News("missed", _name(following)))

    async def _tell_one(
        self,
        following: Following,
        rows: dict[Any, dict[str, Any]],
        changes: Changes,
        readable: frozenset[str],
    ) -> None:
        known, model = following.known, _name(following)
        if known is None:
            return
        for key, names in changes.items():
            row = rows.get(key)
            if row is None:
                if key in known:
                    del known[key]
                    await self.say(following, News("deleted", model, key))
                continue
            if key not in known:
                _remember(known, key, following.most)
                await self.say(following, News("created", model, key, row))
                continue
            seen = () if names is None else tuple(sorted(names & readable))
            # Who may not see what has changed is not told that it has.
            if names is None or seen:
                await self.say(following, News("updated", model, key, row, seen))

    async def _look_again(self, following: Following) -> None:
        if following.known is not None:
            await self._server.call(_READ_SIGHT, following.connection, following, self)
            await self.say(following, News("missed", _name(following)))

    def principal(self, following: Following) -> Principal:
        """Give who a following tells."""
        return self._principal_of(following.connection)

    async def say(self, following: Following, news: News) -> None:
        """Tell one connection."""
        if not following.connection.closed:
            await self._server.call(following.tell, following.connection, news)


def send_news(connection: Connection, news: News) -> None:
    """Send news as JSON."""
    connection.send_json(
        {
            "kind": news.kind,
            "model": news.model,
            "key": news.key,
            "row": news.row,
            "names": list(news.names),
        }
    )


# --- what asks policies, which are the user's: a failure concerns the connection that it is asked for ---


async def _read_sight(connection: Connection, following: Following, circle: Circle) -> None:
    """Read which rows are in sight; what was known stays where that cannot be read again."""
    try:
        query, principal = following.query, circle.principal(following)
        key = query.description.key_name
        newest = visible(query, principal).reorder(f"-{key}").limit(following.most).only(key)
        found = await run_async(newest.fetch())
    except OutsideError as error:
        if following.known is None:
            raise
        _log.error("What is in sight could not be read: %s", error)
        return
    following.known = dict.fromkeys(reversed([record.pk for record in found]))


async def _place(connection: Connection, following: Following, circle: Circle, groups: Groups) -> None:
    """Put a following to those who see the same rows and fields."""
    principal, policy = circle.principal(following), following.policy
    condition = policy.condition(principal, "view")
    sight = (condition, policy.readable(principal)) if isinstance(condition, bool) else principal
    groups.setdefault((id(following.followed), sight), (principal, []))[1].append(following)


async def _read_rows(
    connection: Connection,
    following: Following,
    principal: Principal,
    keys: list[Any],
    found: list[dict[Any, dict[str, Any]]],
) -> None:
    """Add the rows of these keys that are in sight, by key, with what may be read."""
    query = following.query
    description, readable = query.description, following.policy.readable(principal)
    names = [name for name in description.fields if name in readable]
    try:
        rows = await run_async(load_by(visible(query, principal).only(*names), description.key_name, keys))
    except OutsideError as error:
        _log.error("What has happened to records could not be read: %s", error)
        return
    found.append({record.pk: to_dict(record, only=names) for record in rows})


_READ_SIGHT, _PLACE = SocketHandler(_read_sight), SocketHandler(_place)
_READ_ROWS = SocketHandler(_read_rows)


def _plain(query: Query) -> Query:
    """Give what of a query can be followed, row by row."""
    is_cut = query.limited is not None or query.skipped
    if is_cut or query.members or query.groups or query.distinct_rows or query.reading is not None:
        raise UsageError(
            f"A query of {query.description.name} with a limit, groups or a union cannot be followed.",
            fix="Follow its conditions alone; most=100 says how many records are known.",
        )
    return replace(query, included=(), joined=(), locking=None)


def _remember(known: dict[Any, None], key: Any, most: int) -> None:
    known[key] = None
    if len(known) > most:
        del known[next(iter(known))]


def _name(following: Following) -> str:
    return following.query.description.model.__name__
