"""Looking into a database, filling it, and carrying rows out and in."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from asok_engine.commands.database import client_command, database_group
from asok_engine.commands.make_migration import make_migration_command
from asok_engine.commands.migrate import migrate_command
from asok_engine.database.urls import parse_url
from asok_engine.errors import SetupError, UsageError
from asok_engine.records.errors import BadFixture
from tests.engine.commands.data import GivenProject, call, project_in
from tests.engine.migrations.samples import TEAMS, USERS


@pytest.fixture
def project(tmp_path: Path) -> GivenProject:
    """A project with tables and a row in one."""
    project = project_in(tmp_path, TEAMS, USERS)
    call(make_migration_command(lambda: project))
    call(migrate_command(lambda: project))
    with project.open("default") as link:
        link.run("INSERT INTO teams (name) VALUES ('rot')")
    return project


def test_rows_go_out_and_come_in(project: GivenProject, tmp_path: Path) -> None:
    """To a file or standard output, of all tables or of some."""
    group = database_group(lambda: project)
    file = tmp_path / "rows.json"
    said = call(group, "dump", "-o", str(file))
    assert "1 rows of 2 tables" in said.stderr
    assert json.loads(file.read_text()) == [{"table": "teams", "row": {"id": 1, "name": "rot"}}]
    assert json.loads(call(group, "dump", "users").output) == []
    with project.open("default") as link:
        link.run("DELETE FROM teams")
    assert "1 rows are in the database" in call(group, "load", str(file)).stderr
    assert json.loads(call(group, "dump", "teams").output) == json.loads(file.read_text())
    with pytest.raises(UsageError, match="'nobody'; there are: teams, users"):
        call(group, "dump", "nobody")
    assert list(tmp_path.glob(".*.part")) == []


@pytest.mark.servers
def test_rows_go_out_and_in_without_the_limit_of_an_application(postgres_url: str, tmp_path: Path) -> None:
    """A statement of a large table may take longer than a page is allowed to."""
    options = parse_url(f"{postgres_url}?statement_timeout=0.2")
    project = dataclasses.replace(project_in(tmp_path, TEAMS), databases={"default": options})
    call(make_migration_command(lambda: project))
    call(migrate_command(lambda: project))
    file = tmp_path / "rows.json"
    file.write_text('{"table": "teams", "row": {"id": 1, "name": "rot"}}')
    with project.open("default") as link:
        link.run(
            "CREATE FUNCTION slow() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END' LANGUAGE plpgsql"
        )
        link.run("CREATE TRIGGER slow BEFORE INSERT ON teams FOR EACH ROW EXECUTE FUNCTION slow()")
    assert "1 rows" in call(database_group(lambda: project), "load", str(file)).stderr


def test_strict_load_and_other_formats(project: GivenProject, tmp_path: Path) -> None:
    """The ending of a file says what it is, unless the option does; a row that is there is refused."""
    group = database_group(lambda: project)
    file, plain = tmp_path / "rows.yaml", tmp_path / "rows.txt"
    call(group, "dump", "-o", str(file))
    assert file.read_text().startswith("- table: teams\n")
    assert call(group, "dump", "teams", "--format", "yaml").output == file.read_text()
    call(group, "dump", "--format", "yaml", "-o", str(plain))
    call(group, "load", "--format", "yaml", str(plain))
    assert "1 rows" in call(group, "load", str(file)).stderr
    with pytest.raises(BadFixture, match="Row 1: a row of 'teams' has the key 1, which is there already"):
        call(group, "load", "--strict", str(file))


def test_schema_is_printed_and_compared(project: GivenProject) -> None:
    """As the migrations make it, as the models say, and as the database has it."""
    group = database_group(lambda: project)
    assert "CREATE TABLE teams" in call(group, "schema").output
    project.given.pop()
    assert "CREATE TABLE users" not in call(group, "schema", "--models").output
    assert call(group, "schema", "--check").return_value == 0
    with project.open("default") as link:
        link.run("DROP INDEX ix_users_age")
    said = call(group, "schema", "--check")
    assert said.return_value == 1
    assert "ix_users_age of users is missing" in said.output


def test_seeds_run_plain_and_async(project: GivenProject, tmp_path: Path) -> None:
    """One file or a folder of them, in the order of their names, or those that are named."""
    group = database_group(lambda: project)
    with pytest.raises(UsageError, match=r"no seeds\.py and no folder seeds"):
        call(group, "seed")
    (tmp_path / "seeds.py").write_text("def seed():\n    print('one')\n")
    assert call(group, "seed").output.startswith("one\n")
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "b.py").write_text("async def seed():\n    print('b')\n")
    (tmp_path / "seeds" / "a.py").write_text("def seed():\n    print('a')\n")
    assert [line for line in call(group, "seed").output.splitlines() if len(line) == 1] == ["a", "b"]
    assert "seeds/a.py" not in call(group, "seed", "b").output
    with pytest.raises(UsageError, match="'c'; there are: a, b"):
        call(group, "seed", "c")
    (tmp_path / "seeds" / "a.py").write_text("")
    with pytest.raises(UsageError, match="no function `seed`"):
        call(group, "seed", "a")
    (tmp_path / "seeds" / "a.py").write_text("def seed():\n    1 / 0\n")
    with pytest.raises(SetupError, match=r"^seeds/a\.py failed: ZeroDivisionError in seeds/a\.py line 2: "):
        call(group, "seed", "a")


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mariadb"])
def test_explained_statement_changes_nothing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """On every database, and when it is run to be measured."""
    project = dataclasses.replace(
        project_in(tmp_path, TEAMS), databases={"default": parse_url(request.getfixturevalue(f"{kind}_url"))}
    )
    call(make_migration_command(lambda: project))
    call(migrate_command(lambda: project))
    group = database_group(lambda: project)
    said = call(group, "explain", "SELECT * FROM teams WHERE id = 1").output
    assert said.strip()
    measured = "SELECT * FROM teams" if kind == "mariadb" else "INSERT INTO teams (name) VALUES ('x')"
    assert call(group, "explain", "--analyze", measured).output.strip()
    assert json.loads(call(group, "dump", "teams").output) == []


@pytest.mark.parametrize(
    ("url", "command", "secret"),
    [
        ("sqlite:////data/a.db?busy_timeout=5", ["sqlite3", "/data/a.db"], {}),
        (
            "postgresql://ann:p%40ss@h:5433/name",
            ["psql", "-h", "h", "-p", "5433", "-d", "name", "-U", "ann"],
            {"PGPASSWORD": "p@ss"},
        ),
        ("postgresql://h/name", ["psql", "-h", "h", "-p", "5432", "-d", "name"], {}),
    ],
)
def test_client_is_called_without_the_password_in_its_arguments(
    url: str, command: list[str], secret: dict[str, str]
) -> None:
    """Everybody on a machine can read the arguments of a process."""
    assert client_command(parse_url(url)) == (command, secret)


def test_client_of_mysql_is_the_one_that_is_installed() -> None:
    """MariaDB's has another name."""
    command, secret = client_command(parse_url("mysql://ann:geheim@h/name"))
    assert command[0] in ("mariadb", "mysql")
    assert command[1:] == ["-h", "h", "-P", "3306", "-u", "ann", "name"]
    assert secret == {"MYSQL_PWD": "geheim"}


def test_missing_client_is_one_sentence(project: GivenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the program."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupError, match="sqlite3 is not installed"):
        call(database_group(lambda: project), "shell")
