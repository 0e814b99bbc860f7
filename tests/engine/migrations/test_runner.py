"""Migrations are applied in order, wholly, and rolled back; nothing is done twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from asok_engine.errors import SetupError
from asok_engine.migrations.graph import Graph, Migration
from asok_engine.migrations.link import Data, Link, MigrationError, open_link
from asok_engine.migrations.live import differences
from asok_engine.migrations.operations import AddColumn, AddIndex, CreateTable, RunPython, RunSQL
from asok_engine.migrations.runner import Move, Runner
from asok_engine.migrations.steps import Probe
from asok_engine.sql import types
from asok_engine.sql.tables import Column, Index
from tests.engine.migrations.samples import TEAMS, USERS, graph_of

NICK = AddColumn("teams", Column("nick", types.string(20), nullable=True))
SIZE = AddColumn("teams", Column("size", types.integer()), fill=1)
RED = RunSQL(["INSERT INTO teams (name) VALUES ('red')"], ["DELETE FROM teams"])
GRAPH = graph_of((CreateTable(TEAMS),), (RED,), (NICK, SIZE))


@pytest.fixture
def link(database_url: str) -> Iterator[Link]:
    """A connection to an empty database of each kind."""
    with open_link(database_url) as link:
        yield link


def applied(runner: Runner) -> list[str]:
    return sorted(runner.journal.applied())


def test_forward_and_back_to_any_migration(link: Link) -> None:
    """By name, by number, to the last one, and to before the first."""
    runner = Runner(link, GRAPH)
    assert runner.migrate("0001") == 1
    assert runner.migrate() == 2
    assert runner.migrate() == 0
    assert link.query("SELECT name, nick, size FROM teams") == [("red", None, 1)]
    assert runner.migrate("0002_step") == 1
    assert differences(link, [TEAMS]) == []
    assert runner.migrate("zero") == 2
    assert applied(runner) == []
    assert not link.holds(Probe("table", "teams"))


def test_last_run_or_the_last_steps_are_rolled_back(link: Link) -> None:
    """A run is a batch, whatever number of migrations it had."""
    runner = Runner(link, GRAPH)
    runner.migrate("0001")
    runner.migrate()
    assert runner.roll_back() == 2
    assert applied(runner) == ["0001_step"]
    runner.migrate()
    assert runner.roll_back(1) == 1
    assert applied(runner) == ["0001_step", "0002_step"]
    assert runner.roll_back(99) == 2
    assert runner.roll_back() == 0


def test_failure_leaves_nothing_where_the_database_can_undo(link: Link) -> None:
    """Elsewhere what was done is noted, and the next run goes on after it."""
    bad = RunSQL(["INSERT INTO nowhere VALUES (1)"])
    told: list[str] = []
    runner = Runner(link, graph_of((CreateTable(TEAMS), RED, NICK, bad)), tell=told.append)
    with pytest.raises(MigrationError, match="nowhere"):
        runner.migrate()
    assert applied(runner) == []
    assert link.holds(Probe("table", "teams", is_there=not link.has_transactional_ddl))
    link.run("CREATE TABLE nowhere (a INTEGER)")
    assert runner.migrate() == 1
    assert link.query("SELECT count(*) FROM teams") == [(1,)]
    assert any("going on at step" in line for line in told) is not link.has_transactional_ddl


def test_fake_only_notes(link: Link) -> None:
    """For a database that was made in another way."""
    runner = Runner(link, GRAPH)
    assert runner.migrate(fake=True) == 3
    assert not link.holds(Probe("table", "teams"))
    assert runner.migrate() == 0
    assert runner.roll_back(fake=True) == 3
    assert applied(runner) == []


def test_moves_are_shown_before_they_are_made_and_can_be_stopped(link: Link) -> None:
    """Who looks and refuses has changed nothing."""
    seen: list[str] = []

    def refuse(moves: list[Move]) -> None:
        seen.extend(move.migration.name for move in moves)
        raise SetupError("no")

    runner = Runner(link, GRAPH)
    with pytest.raises(SetupError):
        runner.migrate(approve=refuse)
    assert seen == ["0001_step", "0002_step", "0003_step"]
    assert applied(runner) == []


def test_data_migration_runs_with_its_entry(link: Link) -> None:
    """A function that fails undoes its rows."""
    calls: list[int] = []

    def rename(data: Data) -> None:
        data.execute("UPDATE teams SET name = :name", name="blue")
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("stop")

    runner = Runner(link, graph_of((CreateTable(TEAMS),), (RED,), (RunPython(rename),)))
    with pytest.raises(RuntimeError):
        runner.migrate()
    assert link.query("SELECT name FROM teams") == [("red",)]
    runner.migrate()
    assert link.query("SELECT name FROM teams") == [("blue",)]


def test_migration_without_a_file_stops_everything(link: Link) -> None:
    """The database is of another version of the project."""
    Runner(link, GRAPH).migrate()
    with pytest.raises(SetupError, match="0003_step.*bring the files back"):
        Runner(link, Graph(GRAPH.order[:2])).migrate()


def test_rolling_back_what_others_need_is_refused(link: Link) -> None:
    """A branch that was applied later stays whole."""
    first, second = Migration("0001_a"), Migration("0002_b", (), ("0001_a",))
    runner = Runner(link, Graph([first, second]))
    runner.migrate("0001")
    runner.migrate()
    other = Runner(link, Graph([Migration("0001_a", (), ("0002_b",)), Migration("0002_b")]))
    with pytest.raises(SetupError, match="0001_a depends on it"):
        other.roll_back()


def test_tables_of_other_databases_are_left_alone(link: Link) -> None:
    """Each alias gets what belongs to it, from one set of files."""
    graph = graph_of((CreateTable(TEAMS), CreateTable(replace(USERS, database="other", foreign_keys=()))))
    Runner(link, graph).migrate()
    assert link.holds(Probe("table", "teams"))
    assert link.holds(Probe("table", "users", is_there=False))
    Runner(link, graph, database="other").journal.remove("0001_step")
    Runner(link, graph, database="other").migrate()
    assert link.holds(Probe("table", "users"))


def test_waiting_for_a_lock_lets_queries_through_and_tries_again(postgres_url: str) -> None:
    """A long read does not make everybody queue behind a migration."""
    told: list[str] = []
    with open_link(postgres_url) as link, open_link(postgres_url) as reader, open_link(postgres_url) as third:
        Runner(link, Graph(GRAPH.order[:1])).migrate()
        reader.run("BEGIN")
        reader.query("SELECT * FROM teams")

        def tell(line: str) -> None:
            told.append(line)
            if "lock" in line:
                assert third.query("SELECT count(*) FROM teams") is not None
                reader.run("ROLLBACK") if len(told) > 2 else None

        graph = graph_of((CreateTable(TEAMS),), (NICK,))
        Runner(link, graph, tell=tell, lock_seconds=0.1).migrate()
    assert sum("Another session holds a lock" in line for line in told) >= 2


def test_index_is_built_beside_writes_step_by_step(postgres_url: str) -> None:
    """What cannot be in a transaction is noted like on a database without them."""
    graph = graph_of((CreateTable(TEAMS),), (AddIndex("teams", Index(("name",)), concurrent=True),))
    with open_link(postgres_url) as link:
        assert Runner(link, graph).migrate() == 2
        assert link.holds(Probe("index", "teams", "ix_teams_name"))
        assert Runner(link, graph).journal.unfinished() == {}


def test_second_process_on_sqlite_finds_the_work_done(sqlite_url: str) -> None:
    """It waits for the writing transaction, then looks again."""
    told: list[str] = []
    slow, go = threading.Event(), threading.Event()

    def wait(data: Data) -> None:
        slow.set()
        assert go.wait(20)

    def first() -> None:
        with open_link(sqlite_url) as link:
            Runner(link, graph_of((CreateTable(TEAMS), RunPython(wait)))).migrate()

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert slow.wait(20)
        with open_link(sqlite_url, wait_seconds=20) as link:
            runner = Runner(link, graph_of((CreateTable(TEAMS), RunPython(wait))), tell=told.append)
            threading.Timer(0.1, go.set).start()
            assert runner.migrate() == 0
    finally:
        go.set()
        thread.join()
    assert told == ["0001_step was done by another process"]


def test_entries_of_a_package_that_is_no_longer_used_disturb_nothing(sqlite_url: str) -> None:
    """They belong to no file of the project."""
    with open_link(sqlite_url) as link:
        Runner(link, Graph([Migration("people:0001_a"), *GRAPH.order])).migrate()
        left = Runner(link, GRAPH)
        assert left.migrate() == 0
        assert left.roll_back() == 3
        assert applied(left) == ["people:0001_a"]
