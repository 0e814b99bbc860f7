"""One connection, three databases: transactions by name, values in and out, errors that show the statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from asok_engine.errors import SetupError
from asok_engine.migrations.link import Data, Link, MigrationError, open_link
from asok_engine.migrations.steps import Probe
from asok_engine.sql import types
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.tables import Column, Table
from asok_engine.sql.types import ColumnType
from tests.engine.migrations.samples import TEAMS, USERS


@pytest.fixture
def link(database_url: str) -> Iterator[Link]:
    """A connection to an empty database of each kind."""
    with open_link(database_url) as link:
        yield link


def create(link: Link, *tables: Table) -> None:
    for text in create_statements(tables, link.dialect):
        link.run(text)


def test_transaction_is_kept_or_undone_as_a_whole(link: Link) -> None:
    """Rows are undone everywhere; tables where the database can."""
    create(link, TEAMS)
    with link.transaction():
        link.run("INSERT INTO teams (name) VALUES ('kept')")
        assert link.in_transaction
    with pytest.raises(RuntimeError), link.transaction():
        link.run("INSERT INTO teams (name) VALUES ('undone')")
        raise RuntimeError
    assert link.query("SELECT name FROM teams") == [("kept",)]
    if link.has_transactional_ddl:
        with pytest.raises(RuntimeError), link.transaction():
            create(link, USERS)
            raise RuntimeError
        assert not link.holds(Probe("table", "users"))


def test_probes_see_what_is_there(link: Link) -> None:
    """Tables, columns, indexes and every kind of constraint, and that something is gone."""
    create(link, TEAMS, USERS)
    for probe in (
        Probe("table", "users"),
        Probe("column", "users", "age"),
        Probe("index", "users", "ix_users_age"),
        Probe("constraint", "users", "uq_users_email"),
        Probe("constraint", "users", "fk_users_team_id"),
        Probe("constraint", "users", USERS.checks[0].name),
        Probe("column", "users", "nothing", is_there=False),
        Probe("table", "nothing", is_there=False),
        Probe("index", "nothing", "nothing", is_there=False),
    ):
        assert link.holds(probe), probe
    assert not link.holds(Probe("column", "users", "nothing"))
    assert not link.holds(Probe("table", "users", is_there=False))


def test_error_shows_the_statement_and_what_the_database_says(link: Link) -> None:
    """One line that names both; the driver's error is kept."""
    with pytest.raises(MigrationError, match="refused 'SELECT nothing FROM nowhere'") as caught:
        link.query("SELECT nothing FROM nowhere")
    assert caught.value.__cause__ is not None
    assert not caught.value.is_busy
    assert "\n" not in str(caught.value)


def test_table_that_is_there_already_says_how_to_go_on(link: Link) -> None:
    """Somebody has made it by hand, or notes of what was done are lost."""
    with link.transaction():
        link.run("CREATE TABLE there_already (id INTEGER)")
    try:
        with pytest.raises(MigrationError, match="already exists") as caught, link.transaction():
            link.run("CREATE TABLE there_already (id INTEGER)")
        assert "--fake" in caught.value.fix
    finally:
        with link.transaction():
            link.run("DROP TABLE there_already")


def test_per_cent_and_colon_are_sent_as_they_are(link: Link) -> None:
    """No driver takes them for a parameter."""
    assert link.query("SELECT '100% :name %s'") == [("100% :name %s",)]
    assert Data(link).rows("SELECT '100%' AS a, :b AS b", b="x") == [{"a": "100%", "b": "x"}]


VALUES: dict[str, tuple[ColumnType, Any]] = {
    "at": (types.datetime(), datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)),
    "day": (types.date(), date(2026, 3, 4)),
    "clock": (types.time(), time(5, 6, 7, 8)),
    "span": (types.duration(), timedelta(days=1, microseconds=5)),
    "token": (types.uuid(), UUID(int=7)),
    "price": (types.decimal(8, 2), Decimal("1.50")),
    "doc": (types.json(), {"a": [1, "ü"]}),
    "raw": (types.binary(), b"\x00\xff"),
    "flag": (types.boolean(), True),
}


def test_every_value_of_a_column_can_be_given(link: Link) -> None:
    """A data migration gives Python values, whatever the database."""
    table = Table(
        "t",
        (
            Column("id", types.bigint(), autoincrement=True),
            *(Column(name, kind) for name, (kind, _) in VALUES.items()),
        ),
    )
    create(link, table)
    data = Data(link)
    assert data.dialect == link.dialect
    names = ", ".join(VALUES)
    holes = ", ".join(f":{name}" for name in VALUES)
    assert (
        data.execute(
            f"INSERT INTO t ({names}) VALUES ({holes})",
            **{name: value for name, (_, value) in VALUES.items()},
        )
        == 1
    )
    where = " AND ".join(f"{name} = :{name}" for name in VALUES if name not in ("doc",))
    found = data.rows(
        f"SELECT id FROM t WHERE {where}",
        **{name: value for name, (_, value) in VALUES.items() if name != "doc"},
    )
    assert found == [{"id": 1}]


def test_large_tables_are_read_in_pieces(link: Link) -> None:
    """Every row comes once, in the order of the key."""
    create(link, TEAMS)
    for number in range(7):
        link.run(f"INSERT INTO teams (name) VALUES ('{number}')")
    pieces = list(
        Data(link).batches("SELECT id, name FROM teams WHERE id > :after ORDER BY id LIMIT :size", size=3)
    )
    assert [len(piece) for piece in pieces] == [3, 3, 1]
    assert [row["name"] for piece in pieces for row in piece] == [str(number) for number in range(7)]
    with link.transaction(isolation="snapshot"):
        assert [row[0] for row in link.stream("SELECT name FROM teams ORDER BY id")] == [
            str(number) for number in range(7)
        ]


def test_snapshot_does_not_see_what_others_write_meanwhile(link: Link, database_url: str) -> None:
    """What is dumped belongs to one moment, and nobody waits for it."""
    create(link, TEAMS)
    with open_link(database_url) as other:
        with link.transaction(isolation="snapshot"):
            assert link.query("SELECT count(*) FROM teams") == [(0,)]
            other.run("INSERT INTO teams (name) VALUES ('late')") if link.dialect != "sqlite" else None
            assert link.query("SELECT count(*) FROM teams") == [(0,)]


def test_address_that_is_no_database_is_refused_without_its_password() -> None:
    """The message has the forms that there are, and no secret."""
    with pytest.raises(SetupError, match="begins with sqlite:///") as caught:
        open_link("redis://user:geheim@host/0")
    assert "geheim" not in str(caught.value)


def test_database_that_does_not_answer_is_one_sentence(free_port: int) -> None:
    """It names the address, without the password."""
    for scheme in ("postgresql", "mysql"):
        with pytest.raises(MigrationError, match="does not answer") as caught:
            open_link(f"{scheme}://user:geheim@127.0.0.1:{free_port}/name")
        assert "geheim" not in str(caught.value)


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """SQLite makes files and no folders."""
    with pytest.raises(MigrationError, match=f"mkdir -p {tmp_path}/data"):
        open_link(f"sqlite:///{tmp_path}/data/prod.db")


def test_missing_driver_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the command that installs it."""
    import sys

    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(SetupError, match=r'pip install "asok\[mysql\]"'):
        open_link("mysql://user@127.0.0.1/name")
