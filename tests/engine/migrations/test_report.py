"""A plan tells what will run and what it costs; what is unsafe is refused in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from asok_engine.migrations.link import Link, open_link
from asok_engine.migrations.operations import AddColumn, CreateTable, DropColumn, RunPython
from asok_engine.migrations.report import UnsafeMigration, plan_text, refuse_unsafe, unsafe_lines
from asok_engine.migrations.runner import Runner
from asok_engine.sql import types
from asok_engine.sql.tables import Column
from tests.engine.migrations.samples import TEAMS, USERS, graph_of, migrated

GROUPS = ([AddColumn("teams", Column("size", types.integer()), fill=1), DropColumn("teams", "name")],)


@pytest.fixture
def link(sqlite_url: str) -> Iterator[Link]:
    """A database with the sample tables."""
    with open_link(sqlite_url) as link:
        yield link


def test_plan_has_sql_locks_rewrites_and_survival(link: Link) -> None:
    """Everything that one wants to know before a deploy, and nothing is changed."""
    migrated(link)
    runner = Runner(link, graph_of((CreateTable(TEAMS), CreateTable(USERS)), *GROUPS))
    text = plan_text(runner.moves(), link.dialect)
    for part in (
        "apply 0002_step",
        "- add column teams.size, integer()",
        "ALTER TABLE teams ADD COLUMN size INTEGER DEFAULT 1 NOT NULL;",
        "! drop column teams.name",
        "locks: all writes, while the table is copied",
        "the whole table is written anew",
        "running code of the previous version: FAILS",
        "what is dropped is lost",
        'DROP TABLE "teams";',
        "\n1 unsafe operation, marked with !; run with --allow-unsafe to allow it.",
    ):
        assert part in text, text
    assert len(runner.journal.applied()) == 1
    with pytest.raises(
        UnsafeMigration, match=r"(?s)0002_step: drop column teams\.name\. .*\nLook at .*--allow-unsafe"
    ):
        refuse_unsafe(runner.moves(), link.dialect)
    back = plan_text(runner.moves_back(), link.dialect)
    assert back.startswith("roll back 0001_step")


def test_first_run_is_safe_whatever_the_history_did(link: Link) -> None:
    """In an empty database nobody uses what a later migration drops."""
    runner = Runner(link, graph_of((CreateTable(TEAMS),), *GROUPS))
    assert unsafe_lines(runner.moves(), link.dialect) == []
    refuse_unsafe(runner.moves(), link.dialect)


def test_nothing_to_do_is_said(link: Link) -> None:
    """Also of a migration that does nothing in this database."""
    assert plan_text([], "sqlite") == "Nothing to do."
    moves = Runner(link, graph_of((RunPython(RunPython.nothing, database="other"),))).moves()
    assert "nothing to do in this database" in plan_text(moves, "sqlite")
