"""Migrations stand in one order, the same on every machine."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.migrations.graph import Graph, Migration
from asok_engine.migrations.operations import CreateTable, DropTable, RunSQL
from asok_engine.migrations.state import State
from asok_engine.sql.tables import Table
from tests.engine.migrations.samples import TEAMS, graph_of


def graph(**dependencies: tuple[str, ...]) -> Graph:
    return Graph(Migration(name, (), needs) for name, needs in dependencies.items())


def test_what_is_needed_comes_first_then_the_name_decides() -> None:
    """Files may be read in any order."""
    made = graph(d=("b", "c"), c=("a",), b=("a",), a=())
    assert made.names() == ["a", "b", "c", "d"]
    assert made.before("d") == {"a", "b", "c"}
    assert made.after("a") == {"b", "c", "d"}
    assert made.leaves == ("d",)


def test_missing_and_circular_dependencies_are_named() -> None:
    """A graph that cannot be walked is refused when it is read."""
    with pytest.raises(SetupError, match="'gone'"):
        graph(a=("gone",))
    with pytest.raises(SetupError, match="circle: a, b"):
        graph(a=("b",), b=("a",))


def test_two_ends_are_refused_with_the_way_out() -> None:
    """Two people have each added a migration."""
    made = graph(a=(), b=("a",), c=("a",))
    with pytest.raises(SetupError, match="b, c.*--merge"):
        made.check_single_end()
    graph(a=(), b=("a",)).check_single_end()


def test_migration_is_found_by_its_beginning() -> None:
    """A number is enough, as long as it means one."""
    made = graph_of((), ())
    assert made.find("0002").name == "0002_step"
    with pytest.raises(SetupError, match="Several migrations begin with '000'"):
        made.find("000")
    with pytest.raises(SetupError, match="No migration begins with '0009'.*0001_step"):
        made.find("0009")


def test_numbers_go_on() -> None:
    """The next file has the next number."""
    assert Graph().next_number() == "0001"
    assert graph_of((), ()).next_number() == "0003"
    assert graph(odd=()).next_number() == "0001"


def test_state_is_that_of_the_migrations_that_were_asked_for() -> None:
    """All by default; a migration that cannot follow is named with what it wanted."""
    made = graph_of((CreateTable(TEAMS),), (DropTable("teams"),))
    assert "teams" in made.state(["0001_step"])
    assert "teams" not in made.state()
    with pytest.raises(SetupError, match="In the migration 0002_step, to drop table teams"):
        made.applied(made.by_name["0002_step"], State())


def test_undoing_goes_backwards_and_names_what_cannot() -> None:
    """The last operation is undone first."""
    migration = Migration("m", (CreateTable(TEAMS), RunSQL(["x"], ["y"])))
    assert [type(each).__name__ for each in migration.undone(State())] == ["RunSQL", "DropTable"]
    with pytest.raises(SetupError, match="m cannot be rolled back"):
        Migration("m", (RunSQL(["x"]),)).undone(State())


def test_migrations_of_packages_are_not_the_projects_own() -> None:
    """They are no second end, count no number, and their tables are not the project's."""
    made = Graph(
        [
            Migration("people:0001_a", (CreateTable(TEAMS),)),
            Migration("0001_b", (CreateTable(Table("own", TEAMS.columns)),), ("people:0001_a",)),
            Migration("people:0002_c", (), ("people:0001_a",)),
        ]
    )
    made.check_single_end()
    assert made.own_leaves == ("0001_b",)
    assert set(made.leaves) == {"0001_b", "people:0002_c"}
    assert made.next_number() == "0002"
    assert made.bundled_tables() == {"teams"}
    assert set(made.own_state().tables) == {"own"}
