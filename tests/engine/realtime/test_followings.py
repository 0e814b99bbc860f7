"""What connections follow: everybody hears of what their policy shows, and of nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from asok_engine.backends.broadcast.memory import MemoryBroadcast
from asok_engine.database.databases import databases
from asok_engine.errors import BackendUnavailable, SetupError, UsageError
from asok_engine.realtime import followings
from asok_engine.realtime.connection import Connection
from asok_engine.realtime.followings import Followings
from asok_engine.realtime.limits import Limits
from asok_engine.realtime.server import SocketServer
from asok_engine.records.events import model_events
from tests.asok.orm.blog import Tag, create_tables
from tests.engine.realtime.desk import MANAGER, Desk, Slip, begin, desk, heard, next_news, quiet
from tests.engine.realtime.served import closed

ADA, BOB = 1, 2


@pytest.fixture(autouse=True)
def _tables(tmp_path: Path) -> Iterator[None]:
    create_tables(f"sqlite:///{tmp_path / 'slips.sqlite3'}", [Slip])
    yield
    databases.close()


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Desk]:
    """One process whose clients follow slips."""
    async with desk(tmp_path) as made:
        yield made


async def test_two_people_hear_what_each_may_see(made: Desk) -> None:
    """The manager hears of all slips with what they cost, others of their own without it."""
    async with made.served.connect(who=ADA) as ada, made.served.connect(who=MANAGER) as boss:
        await begin(ada)
        await begin(boss)
        mine = await Slip.create_async(title="tea", owner_id=ADA, cost=5, note="secret")
        other = await Slip.create_async(title="ink", owner_id=BOB)
        news = await next_news(ada)
        assert news == {
            "kind": "created",
            "model": "Slip",
            "key": mine.id,
            "row": {"id": mine.id, "title": "tea", "owner_id": ADA},
            "names": [],
        }
        assert (await next_news(boss))["row"] == {"id": mine.id, "title": "tea", "owner_id": ADA, "cost": 5}
        assert (await next_news(boss))["key"] == other.id
        await mine.update_async(title="coffee", cost=6)
        assert ((news := await next_news(ada))["names"], news["row"]["title"]) == (["title"], "coffee")
        assert (await next_news(boss))["names"] == ["cost", "title"]
        await mine.update_async(cost=7)
        assert (await next_news(boss))["names"] == ["cost"]
        await other.delete_async()
        assert await heard(boss, 1) == [("deleted", other.id)]
        await mine.delete_async()
        news = await next_news(ada)
        assert (news["kind"], news["key"], news["row"]) == ("deleted", mine.id, None)


async def test_row_that_goes_out_of_sight_is_gone_for_who_saw_it(made: Desk) -> None:
    """A slip that gets another owner leaves one list and enters another; only those two hear of it."""
    slip = await Slip.create_async(title="tea", owner_id=ADA)
    async with (
        made.served.connect(who=ADA) as ada,
        made.served.connect(who=BOB) as bob,
        made.served.connect(who=3) as third,
        made.served.connect() as nobody,
    ):
        for client in (ada, bob, third, nobody):
            await begin(client)
        await slip.update_async(owner_id=BOB)
        assert await heard(ada, 1) == [("deleted", slip.id)]
        assert await heard(bob, 1) == [("created", slip.id)]
        await slip.delete_async()
        assert await heard(bob, 1) == [("deleted", slip.id)]
        for client in (ada, third, nobody):
            assert await quiet(client)


async def test_query_narrows_what_is_followed(made: Desk) -> None:
    """Rows come into sight when they begin to meet it, and go when they no longer do."""
    made.follow = lambda conn, message: conn.follow(Slip.where("cost", ">", 10).or_where(title="gold"))
    slip = await Slip.create_async(title="tea", owner_id=ADA)
    async with made.served.connect(who=MANAGER) as boss, made.served.connect(who=BOB) as bob:
        await begin(boss)
        await begin(bob)
        for cost, kind in ((11, "created"), (12, "updated"), (1, "deleted")):
            await slip.update_async(cost=cost)
            assert await heard(boss, 1) == [(kind, slip.id)]
        await slip.update_async(title="gold")
        assert await heard(boss, 1) == [("created", slip.id)]
        assert await quiet(bob)


async def test_handler_takes_the_news_in_place_of_the_client(made: Desk) -> None:
    """Plain or async; what it raises closes its connection and no other."""
    told: list[Any] = []

    async def tell(conn: Any, news: Any) -> None:
        told.append((news.kind, news.key))
        if news.row and news.row["title"] == "bang":
            raise ValueError("bang")
        conn.send("told")

    made.follow = lambda conn, message: conn.follow(Slip, tell)
    async with made.served.connect(who=MANAGER) as boss:
        await begin(boss)
        slip = await Slip.create_async(title="tea", owner_id=ADA)
        assert await boss.recv() == "told"
        await Slip.create_async(title="bang", owner_id=ADA)
        assert (await closed(boss))[0] == 1011
    assert told == [("created", slip.id), ("created", slip.id + 1)]


async def test_those_who_see_the_same_share_one_statement(
    made: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many follow, and events that come together are one look."""
    async with (
        made.served.connect(who=MANAGER) as one,
        made.served.connect(who=MANAGER) as two,
        made.served.connect(who=ADA) as ada,
    ):
        for client in (one, two, ada):
            await begin(client)
        looks: list[Any] = []
        real = followings.run_async

        async def counted(plan: Any) -> Any:
            looks.append(plan)
            return await real(plan)

        monkeypatch.setattr(followings, "run_async", counted)
        await Slip.bulk_create_async([{"title": str(n), "owner_id": BOB} for n in range(20)])
        assert len(await heard(one, 20)) == len(await heard(two, 20)) == 20
        assert await quiet(ada)
        assert len(looks) == 2


async def test_gap_makes_everybody_look_again(made: Desk) -> None:
    """What is in sight then is known again; what is missed is not guessed."""
    slip = await Slip.create_async(title="tea", owner_id=ADA)
    async with made.served.connect(who=ADA) as ada:
        await begin(ada)
        model_events.unlisten(made.followings._happened)
        await slip.delete_async()
        unheard = await Slip.create_async(title="ink", owner_id=ADA)
        made.followings.open()
        made.followings.missed()
        assert await heard(ada, 1) == [("missed", None)]
        await unheard.update_async(title="red ink")
        assert await heard(ada, 1) == [("updated", unheard.id)]


async def test_too_many_changes_at_once_are_told_as_missed(
    made: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list is read faster than a thousand messages; nobody who sees none of them is told which."""
    monkeypatch.setattr(followings, "MOST_KEYS", 5)
    async with made.served.connect(who=MANAGER) as boss:
        await begin(boss)
        await Slip.bulk_create_async([{"title": str(n), "owner_id": BOB} for n in range(6)])
        assert await heard(boss, 1) == [("missed", None)]
        assert await Slip.where(title="3").delete_async() == 1
        assert (await next_news(boss))["kind"] == "deleted"


async def test_only_so_many_rows_are_known(made: Desk) -> None:
    """The newest; what went out of mind is not told when it goes."""
    made.follow = lambda conn, message: conn.follow(Slip, most=2)
    slips = [await Slip.create_async(title=str(n), owner_id=ADA) for n in range(3)]
    async with made.served.connect(who=ADA) as ada:
        await begin(ada)
        slips.append(await Slip.create_async(title="3", owner_id=ADA))
        assert await heard(ada, 1) == [("created", slips[3].id)]
        for slip in slips:
            await slip.delete_async()
        assert await heard(ada, 2) == [("deleted", slips[2].id), ("deleted", slips[3].id)]
        assert await quiet(ada)


async def test_nobody_follows_before_their_process_hears_the_others(tmp_path: Path) -> None:
    """What others tell between the reading and the hearing would be lost."""
    heard_at: list[str] = []

    class Slow(MemoryBroadcast):
        async def open(self, deliver: Any, gap: Any) -> None:
            await asyncio.sleep(0.3)
            await super().open(deliver, gap)
            heard_at.append("open")

    async with desk(tmp_path, Slow()) as made, made.served.connect(who=ADA) as ada:
        await begin(ada)
        assert heard_at == ["open"]


async def test_what_happens_while_rows_are_read_is_told_afterwards(
    made: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the reading nor the event may have seen it alone."""
    real, created = followings.run_async, asyncio.Event()
    loop = asyncio.get_running_loop()

    async def slow(plan: Any) -> Any:
        found = await real(plan)
        monkeypatch.setattr(followings, "run_async", real)
        loop.call_soon_threadsafe(reading.set)
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(created.wait(), loop))
        # The event is posted to this loop by the commit.
        await asyncio.sleep(0.05)
        return found

    reading = asyncio.Event()
    monkeypatch.setattr(followings, "run_async", slow)
    async with made.served.connect(who=ADA) as ada:
        await ada.send("")
        await asyncio.wait_for(reading.wait(), 5)
        slip = await Slip.create_async(title="tea", owner_id=ADA)
        created.set()
        told = [await asyncio.wait_for(ada.recv(), 5) for _ in range(2)]
        told.remove("following")
        assert [(news["kind"], news["key"]) for news in map(json.loads, told)] == [("created", slip.id)]


async def test_nothing_is_kept_of_who_has_left_or_follows_no_more(made: Desk) -> None:
    """Neither connections nor what they had in sight; and no statement is made for them."""
    async with made.served.connect(who=ADA) as ada:
        await begin(ada)
        (circle,) = made.followings._circles.values()
        assert circle._of_table
        made.connections[0].unfollow()
        await asyncio.sleep(0.05)
        assert not circle._of_table
        await Slip.create_async(title="tea", owner_id=ADA)
        assert await quiet(ada)
        await begin(ada)
    async with asyncio.timeout(5):
        while circle._of_table:
            await asyncio.sleep(0.01)


async def test_connection_follows_so_much_at_once(made: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for more is closed with 1008, and what is followed no more does not count (case 111)."""
    monkeypatch.setattr(made.served.server, "limits", Limits(max_followed=3))

    async def follow(conn: Connection, message: str) -> None:
        if message == "no more":
            conn.unfollow()
        for _ in range(3):
            await conn.follow(Slip)

    made.follow = follow
    async with made.served.connect(who=ADA) as ada:
        await begin(ada)
        await ada.send("no more")
        assert await ada.recv() == "following"
        await ada.send("more")
        assert await closed(ada) == (1008, "This connection follows too much.")


async def test_policy_with_a_mistake_harms_only_whom_it_concerns(
    made: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Its connection is closed with 1011 and the mistake is logged."""
    async with made.served.connect(who=13) as unlucky, made.served.connect(who=ADA) as ada:
        await begin(ada)
        with caplog.at_level(logging.ERROR, "asok.websocket"):
            await unlucky.send("")
            assert (await closed(unlucky))[0] == 1011
        assert "a policy with a mistake" in caplog.text
        await Slip.create_async(title="tea", owner_id=ADA)
        assert len(await heard(ada, 1)) == 1


async def test_database_that_fails_makes_followers_look_again(
    made: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are told that something was missed, and hear on when it is back."""
    async with made.served.connect(who=ADA) as ada:
        await begin(ada)
        real = followings.run_async

        async def fail(plan: Any) -> Any:
            plan.close()
            raise BackendUnavailable("The database is away.")

        monkeypatch.setattr(followings, "run_async", fail)
        with caplog.at_level(logging.CRITICAL, "asok.websocket"):
            await Slip.create_async(title="tea", owner_id=ADA)
            assert await heard(ada, 1) == [("missed", None)]
            made.followings.missed()
            assert await heard(ada, 1) == [("missed", None)]
        monkeypatch.setattr(followings, "run_async", real)
        await Slip.create_async(title="ink", owner_id=ADA)
        assert (await next_news(ada))["row"]["title"] == "ink"


async def test_uncommitted_rows_are_not_told(made: Desk) -> None:
    """Followers hear when the transaction is over, and see what it left."""
    async with made.served.connect(who=ADA) as ada:
        await begin(ada)
        async with Slip.transaction():
            slip = await Slip.create_async(title="tea", owner_id=ADA)
            assert await quiet(ada, 0.1)
            await slip.update_async(title="ink")
        assert (await next_news(ada))["row"]["title"] == "ink"


def test_what_cannot_be_followed_is_said(tmp_path: Path) -> None:
    """A model without a policy, a set that is cut or put together, and a server that announces nothing."""
    made = Desk()
    made.register(SocketServer())
    with pytest.raises(SetupError, match="Tag has no policy"):
        made.followings.announce([Tag])
    for query in (Slip.query().limit(3), Slip.where(id=1).union(Slip.where(id=2)), Slip.query().distinct()):
        with pytest.raises(UsageError, match="limit, groups or a union"):
            followings._plain(query._query)
    made.followings.close()
    assert not model_events
    Followings.close(made.followings)
