"""What transactions promise, plain and async, on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest

from asok_engine.database.databases import Database, databases
from asok_engine.database.levels import after_commit, in_transaction
from asok_engine.database.running import run, run_async, run_one, run_one_async
from asok_engine.database.transactions import transaction
from asok_engine.database.urls import parse_url
from asok_engine.errors import (
    DatabaseError,
    SerializationError,
    TransactionFailed,
    UniqueError,
    UsageError,
)
from asok_engine.records.steps import AfterCommit, Atomic, Plan
from tests.plans import change, create, perform_async, read

Perform = Callable[[Plan[Any]], Any]
ADD = "INSERT INTO t (id, n) VALUES (?, 0)"


@pytest.fixture
def database(database: Database) -> Database:
    """A database with the empty table `t`."""
    run(create())
    return database


def ids() -> list[int]:
    """Give the ids that another connection sees."""
    return [row[0] for row in run_one(read("SELECT id FROM t ORDER BY id"))]


def add(number: int) -> Plan[Any]:
    """Insert one row."""
    return (yield change(ADD, number))


def fail(plan: Plan[Any]) -> Plan[Any]:
    """Do what a plan does and raise KeyError."""
    yield from plan
    raise KeyError("made up")


def test_block_is_kept_whole(database: Database, perform: Perform) -> None:
    """Everything of a block that ends well is there."""

    def inner() -> Plan[Any]:
        yield from add(1)
        yield from add(2)
        return "done"

    def plan() -> Plan[Any]:
        return (yield Atomic(inner()))

    assert perform(plan()) == "done"
    assert ids() == [1, 2]


def test_block_that_raises_leaves_nothing(database: Database, perform: Perform) -> None:
    """Everything of a block that raises is gone, and the error comes out as it was."""

    def plan() -> Plan[Any]:
        yield from add(1)
        with pytest.raises(KeyError, match="made up"):
            yield Atomic(fail(add(2)))

    perform(plan())
    assert ids() == [1]


def test_block_inside_fails_alone(database: Database, perform: Perform) -> None:
    """What raises in an inner block takes nothing of the outer one with it."""

    def outer() -> Plan[Any]:
        yield from add(1)
        for number in (2, 3):
            with pytest.raises(KeyError):
                yield Atomic(fail(add(number)))
        yield Atomic(add(4))
        with pytest.raises(UniqueError):
            yield Atomic(add(1))
        yield from add(5)

    def plan() -> Plan[Any]:
        yield Atomic(outer())

    perform(plan())
    assert ids() == [1, 4, 5]


def test_block_inside_goes_with_the_one_around_it(database: Database, perform: Perform) -> None:
    """What an inner block kept is gone when the outer one raises."""

    def outer() -> Plan[Any]:
        yield Atomic(add(1))
        raise KeyError("made up")

    def plan() -> Plan[Any]:
        with pytest.raises(KeyError):
            yield Atomic(outer())

    perform(plan())
    assert ids() == []


def test_error_that_was_swallowed_does_not_pass_for_success(database: Database, perform: Perform) -> None:
    """Where the database ends the transaction at an error, a block that goes on says so and keeps nothing."""

    def inner() -> Plan[Any]:
        yield from add(1)
        with pytest.raises(UniqueError):
            yield from add(1)

    def plan() -> Plan[Any]:
        yield Atomic(inner())

    if database.options.kind == "postgresql":
        with pytest.raises(TransactionFailed):
            perform(plan())
        assert ids() == []
    else:
        perform(plan())
        assert ids() == [1]


def test_hooks_run_after_the_commit_only(database: Database, perform: Perform) -> None:
    """What waits for the commit sees it, in order; what was rolled back never runs; without a block it is at once."""
    seen: list[Any] = []

    def note(word: str) -> Callable[[], None]:
        return lambda: seen.append((word, ids(), in_transaction()))

    def lost() -> Plan[Any]:
        yield AfterCommit(note("lost"))
        raise KeyError("made up")

    def inner() -> Plan[Any]:
        yield AfterCommit(note("inner"))

    def outer() -> Plan[Any]:
        yield from add(1)
        yield AfterCommit(note("first"))
        yield Atomic(inner())
        with pytest.raises(KeyError):
            yield Atomic(lost())
        assert seen == []

    def plan() -> Plan[Any]:
        yield Atomic(outer())
        yield AfterCommit(note("at once"))
        with pytest.raises(KeyError):
            yield Atomic(lost())

    perform(plan())
    assert seen == [("first", [1], False), ("inner", [1], False), ("at once", [1], False)]


def test_hook_that_fails_does_not_stop_the_others(database: Database, perform: Perform) -> None:
    """The commit stands, the other hooks run, and the first error is raised."""
    seen: list[int] = []

    def broken() -> None:
        raise ValueError("from the hook")

    def inner() -> Plan[Any]:
        yield from add(1)
        yield AfterCommit(broken)
        yield AfterCommit(lambda: seen.append(1))

    def plan() -> Plan[Any]:
        yield Atomic(inner())

    with pytest.raises(ValueError, match="from the hook"):
        perform(plan())
    assert (seen, ids()) == ([1], [1])


def test_async_hook_is_awaited_in_async_code_only(database: Database) -> None:
    """Async code awaits it after the commit; plain code refuses it where it is given."""
    seen: list[str] = []

    async def hook() -> None:
        seen.append("awaited")

    async def main() -> None:
        async with transaction():
            after_commit(hook)
            assert not seen
        await database.close_async()

    asyncio.run(main())
    assert seen == ["awaited"]
    with transaction(), pytest.raises(UsageError, match="async"):
        after_commit(hook)
    with pytest.raises(UsageError, match="async"):
        after_commit(hook)


def test_blocks_are_context_managers_and_decorators(database: Database) -> None:
    """`with`, `async with`, `@transaction` and `@transaction()` are the same block."""

    @transaction
    def bare(number: int) -> int:
        run_one(change(ADD, number))
        assert in_transaction()
        return number

    @transaction()
    def fails(number: int) -> None:
        run_one(change(ADD, number))
        raise KeyError("made up")

    @transaction(isolation="serializable")
    async def later(number: int) -> int:
        await run_one_async(change(ADD, number))
        assert in_transaction()
        return number

    assert bare(1) == 1
    with pytest.raises(KeyError):
        fails(2)
    with transaction():
        run_one(change(ADD, 3))

    async def main() -> None:
        assert await later(4) == 4
        with pytest.raises(KeyError):
            async with transaction():
                await run_one_async(change(ADD, 5))
                raise KeyError("made up")
        async with transaction():
            await run_one_async(change(ADD, 6))
        await database.close_async()

    asyncio.run(main())
    assert ids() == [1, 3, 4, 6]
    assert not in_transaction()


def test_uncommitted_rows_are_seen_inside_only(database: Database) -> None:
    """Code outside of the block does not see what is not committed."""
    if database.options.is_in_memory:
        pytest.skip("one connection")
    seen: list[list[int]] = []
    with transaction():
        run_one(change(ADD, 1))
        assert ids() == [1]
        # A thread that is not handed this context stands outside.
        thread = threading.Thread(target=lambda: seen.append(ids()))
        thread.start()
        thread.join()
    assert seen == [[]]


def test_tasks_of_a_block_take_turns_in_it(database: Database) -> None:
    """Tasks that a block starts and awaits share its transaction, and go with it when it is undone."""

    async def main() -> None:
        async with transaction():
            await asyncio.gather(*(run_one_async(change(ADD, number)) for number in range(20)))
        with pytest.raises(KeyError):
            async with transaction():
                await asyncio.gather(*(run_one_async(change(ADD, number)) for number in range(20, 40)))
                raise KeyError("made up")
        await database.close_async()

    asyncio.run(main())
    assert ids() == list(range(20))


def test_blocks_of_sibling_tasks_do_not_mix(database: Database) -> None:
    """Inner blocks of tasks that run at the same time are undone one by one."""

    async def one(number: int) -> None:
        async with transaction():
            await run_one_async(change(ADD, number))
            await asyncio.sleep(0)
            await run_one_async(change(ADD, number + 100))
            if number % 2:
                raise KeyError("made up")

    async def main() -> None:
        async with transaction():
            results = await asyncio.gather(*(one(number) for number in range(8)), return_exceptions=True)
            assert [isinstance(result, KeyError) for result in results] == [False, True] * 4
        await database.close_async()

    asyncio.run(main())
    assert ids() == [0, 2, 4, 6, 100, 102, 104, 106]


def test_threads_of_a_block_take_turns_in_it(database: Database) -> None:
    """Threads that run in a copy of the block's context share its transaction."""

    def insert(number: int) -> None:
        run_one(change(ADD, number))

    with transaction():
        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(insert, number))
            for number in range(10)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ids()) == 10
    assert ids() == list(range(10))


def test_task_that_outlives_its_block_stands_outside(database: Database) -> None:
    """After the end of the block its context writes on its own; it cannot commit or undo the block."""

    async def main() -> None:
        go = asyncio.Event()

        async def late() -> None:
            await go.wait()
            assert not in_transaction()
            await run_one_async(change(ADD, 2))

        with pytest.raises(KeyError):
            async with transaction():
                await run_one_async(change(ADD, 1))
                task = asyncio.ensure_future(late())
                raise KeyError("made up")
        go.set()
        await task
        await database.close_async()

    asyncio.run(main())
    assert ids() == [2]


def test_async_statement_in_a_plain_block_uses_its_connection(database: Database) -> None:
    """`with transaction()` in async code holds what is awaited inside of it (C6): it is undone with the block."""

    async def main() -> None:
        with pytest.raises(KeyError), transaction():
            await run_one_async(change(ADD, 1))
            run_one(change(ADD, 2))
            assert len(await run_one_async(read("SELECT id FROM t"))) == 2
            raise KeyError("made up")
        with transaction():
            await run_one_async(change(ADD, 3))
        await database.close_async()

    asyncio.run(main())
    assert ids() == [3]


def test_plain_statement_in_an_async_block_uses_its_connection_or_is_refused(database: Database) -> None:
    """On the loop SQLite serves it, the others refuse it; in a thread that works for the loop all serve it."""

    async def main() -> None:
        with pytest.raises(KeyError):
            async with transaction():
                await asyncio.to_thread(run_one, change(ADD, 1))
                if database.options.kind == "sqlite":
                    run_one(change(ADD, 2))
                else:
                    with pytest.raises(UsageError, match="async form"):
                        run_one(change(ADD, 2))
                raise KeyError("made up")
        await database.close_async()

    asyncio.run(main())
    assert ids() == []


def test_plain_block_in_an_async_one_is_refused(database: Database) -> None:
    """Blocks nest in one colour; the message says which word to write."""

    async def main() -> None:
        async with transaction():
            with pytest.raises(UsageError, match="async with"), transaction():
                pass
        with transaction():
            with pytest.raises(UsageError, match="async with"):
                async with transaction():
                    pass
        await database.close_async()

    asyncio.run(main())


def test_block_that_is_cancelled_is_undone(database: Database) -> None:
    """A task that is cancelled inside a block leaves nothing, and the connection serves the next."""

    async def main() -> None:
        ready = asyncio.Event()

        async def work() -> None:
            async with transaction():
                await run_one_async(change(ADD, 1))
                ready.set()
                await asyncio.sleep(60)

        task = asyncio.ensure_future(work())
        await ready.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(await run_one_async(read("SELECT id FROM t"))) == 0
        async with transaction():
            await run_one_async(change(ADD, 2))
        await database.close_async()

    asyncio.run(main())
    assert ids() == [2]


def test_reading_block_sees_one_state(database: Database, perform: Perform) -> None:
    """A block that only reads sees the same rows twice, whatever others commit meanwhile, and cannot write."""

    def inner() -> Plan[Any]:
        before = yield read("SELECT count(*) FROM t")
        thread = threading.Thread(target=lambda: run_one(change(ADD, 1)))
        thread.start()
        thread.join()
        after = yield read("SELECT count(*) FROM t")
        return before[0][0], after[0][0]

    def plan() -> Plan[Any]:
        return (yield Atomic(inner(), writes=False))

    def writes() -> Plan[Any]:
        yield Atomic(add(2), writes=False)

    assert perform(plan()) == (0, 0)
    with pytest.raises(DatabaseError):
        perform(writes())
    assert ids() == [1]
    perform(add(3))
    assert ids() == [1, 3]


def test_isolation_level_is_the_one_asked_for(database: Database, perform: Perform) -> None:
    """Serializable and repeatable read are told to the server; unknown levels are refused with the known ones."""
    text = {
        "sqlite": "SELECT 'SERIALIZABLE'",
        "postgresql": "SELECT upper(current_setting('transaction_isolation'))",
        "mysql": "SELECT 'SERIALIZABLE'",
    }[database.options.kind]

    def inner() -> Plan[Any]:
        return (yield read(text))

    def plan() -> Plan[Any]:
        return (yield Atomic(inner(), isolation="serializable"))

    assert perform(plan())[0][0] == "SERIALIZABLE"
    with pytest.raises(UsageError, match="repeatable read"):
        transaction(isolation="snapshot")  # type: ignore[call-overload]


def test_level_cannot_change_inside(database: Database) -> None:
    """An inner block that asks for an isolation is told that only the outermost can."""
    with transaction(), pytest.raises(UsageError, match="outermost"), transaction(isolation="serializable"):
        pass


def test_retry_runs_the_function_again(database: Database) -> None:
    """A function that the database undid for another's sake runs again, and only its last run counts."""
    tries: list[int] = []

    @transaction(retry=3)
    def work() -> str:
        tries.append(len(tries))
        run_one(change(ADD, len(tries)))
        if len(tries) < 3:
            raise SerializationError
        return "done"

    assert work() == "done"
    assert (tries, ids()) == ([0, 1, 2], [3])

    @transaction(retry=2)
    async def never() -> None:
        tries.append(0)
        raise SerializationError

    tries.clear()

    async def main() -> None:
        with pytest.raises(SerializationError):
            await never()
        await database.close_async()

    asyncio.run(main())
    assert len(tries) == 3


def test_other_errors_are_not_tried_again(database: Database) -> None:
    """Only what another transaction caused is worth another try."""
    tries: list[int] = []

    @transaction(retry=5)
    def work() -> None:
        tries.append(1)
        run_one(change(ADD, 1))
        run_one(change(ADD, 1))

    with pytest.raises(DatabaseError):
        work()
    assert (len(tries), ids()) == (1, [])


def test_inner_retry_leaves_it_to_the_outermost(database: Database) -> None:
    """Inside of an open block the function runs once: the database has undone the whole."""
    tries: list[int] = []

    @transaction(retry=5)
    def work() -> None:
        tries.append(1)
        raise SerializationError

    with pytest.raises(SerializationError), transaction():
        work()
    assert len(tries) == 1


def test_block_cannot_be_tried_again(database: Database) -> None:
    """`with transaction(retry=...)` is refused: a block cannot run twice."""
    with pytest.raises(UsageError, match="decorate"), transaction(retry=1):
        pass


def test_generator_cannot_be_decorated(database: Database) -> None:
    """A transaction that stays open between items of a generator is refused when it is declared."""

    def items() -> Any:
        yield 1

    with pytest.raises(UsageError, match="generator"):
        transaction()(items)


def test_parallel_increments_lose_nothing(database: Database) -> None:
    """Fifty tasks that add one in the database make fifty (hostile 121)."""
    run_one(change("INSERT INTO t (id, n) VALUES (1, 0)"))

    async def main() -> None:
        async def one() -> None:
            async with transaction():
                await run_one_async(change("UPDATE t SET n = n + 1 WHERE id = 1"))

        await asyncio.gather(*(one() for _ in range(50)))
        await database.close_async()

    asyncio.run(main())
    assert run_one(read("SELECT n FROM t"))[0][0] == 50


def test_plans_share_the_block_of_their_caller(database: Database) -> None:
    """A plan that runs inside `with transaction()` is part of it."""
    with pytest.raises(KeyError), transaction():
        run(add(1))
        raise KeyError("made up")

    async def main() -> None:
        with pytest.raises(KeyError):
            async with transaction():
                await run_async(add(2))
                raise KeyError("made up")
        await database.close_async()

    asyncio.run(main())
    assert ids() == []


def test_everything_is_given_back(database: Database) -> None:
    """After all of it no connection is out, whatever happened in the blocks."""
    with pytest.raises(KeyError), transaction():
        raise KeyError("made up")
    with transaction(), transaction():
        pass
    perform_async(add(1))
    assert database.plain.pool.size == database.plain.pool.idle


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_first_transaction_of_a_pool_of_one_waits_for_no_second_connection(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """What the server is, is asked before the transaction holds the only connection, plain and async."""
    url = request.getfixturevalue(f"{kind}_url")
    small = url + ("&" if "?" in url else "?") + "max_size=1&timeout=5"

    def read_one() -> Plan[Any]:
        return (yield read("SELECT 1"))

    try:
        databases.configure({"default": parse_url(small)})
        with transaction():
            assert run(read_one())[0][0] == 1
        databases.close()
        databases.configure({"default": parse_url(small)})

        async def work() -> None:
            async with transaction():
                assert (await run_async(read_one()))[0][0] == 1

        asyncio.run(work())
    finally:
        databases.close()
