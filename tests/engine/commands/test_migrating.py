"""A database is brought to where the migrations are, shown, and never broken without a yes."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from asok_engine.commands import migrating as module
from asok_engine.commands.make_migration import make_migration_command
from asok_engine.commands.migrate import migrate_command, status_command
from asok_engine.migrations.report import UnsafeMigration
from tests.engine.commands.data import GivenProject, call, project_in
from tests.engine.migrations.samples import TEAMS, USERS


@pytest.fixture
def project(tmp_path: Path) -> GivenProject:
    """A project with two migrations; the second drops a column."""
    project = project_in(tmp_path, TEAMS)
    call(make_migration_command(lambda: project), "start")
    project.given[0] = replace(TEAMS, columns=TEAMS.columns[:1])
    call(make_migration_command(lambda: project), "shrink", "--drop", "teams.name")
    return project


def test_all_migrations_are_applied_and_the_second_time_none(project: GivenProject) -> None:
    """In a fresh database even what drops is safe."""
    migrate = migrate_command(lambda: project)
    said = call(migrate)
    assert said.output.endswith("2 migrations done.\n")
    assert "applied 0001_start" in said.stderr
    assert "every migration is applied" in call(migrate).output


def test_unsafe_migration_needs_to_be_allowed(project: GivenProject) -> None:
    """Nothing is changed before."""
    migrate = migrate_command(lambda: project)
    call(migrate, "--to", "0001")
    with pytest.raises(UnsafeMigration, match=r"drop column teams\.name"):
        call(migrate)
    assert "missing" in call(migrate, "--status").output
    call(migrate, "--allow-unsafe")
    assert "missing" not in call(migrate, "--status").output


def test_person_is_asked_on_a_terminal(project: GivenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Yes goes on, no changes nothing."""
    migrate = migrate_command(lambda: project)
    call(migrate, "--to", "0001")
    monkeypatch.setattr(module, "is_terminal", lambda: True)
    monkeypatch.setattr("click.confirm", lambda *arguments, **options: True)
    assert "1 migration done" in call(migrate).output


def test_plan_shows_and_changes_nothing(project: GivenProject) -> None:
    """Forward and back."""
    migrate = migrate_command(lambda: project)
    assert "CREATE TABLE teams" in call(migrate, "--plan").output
    assert "0001_start" in call(migrate, "--plan", "--to", "0001").output
    call(migrate)
    assert "roll back 0002_shrink" in call(migrate, "--plan", "--rollback", "--steps", "1").output
    assert "missing" not in call(migrate, "--status").output


def test_rollback_of_a_run_and_of_steps(project: GivenProject) -> None:
    """What it drops needs to be allowed, too."""
    migrate = migrate_command(lambda: project)
    call(migrate)
    assert "1 migrations rolled back" in call(migrate, "--rollback", "--steps", "1", "--allow-unsafe").output
    assert "1 migrations rolled back" in call(migrate, "--rollback", "--allow-unsafe").output
    assert "nothing to roll back" in call(migrate, "--rollback").output


def test_fake_only_notes(project: GivenProject) -> None:
    """The status says applied, and no table is there."""
    migrate = migrate_command(lambda: project)
    call(migrate, "--fake")
    assert "missing" not in call(migrate, "--status").output
    said = call(migrate, "--check")
    assert said.return_value == 1
    assert "The table teams is missing." in said.output


def test_status_shows_what_was_changed_or_has_no_file(project: GivenProject) -> None:
    """One looks at the list before one asks."""
    call(migrate_command(lambda: project))
    path = project.folder / "0002_shrink.py"
    path.write_text(path.read_text() + "\natomic = False\n")
    (project.folder / "0001_start.py").rename(project.folder / "0001_begin.py")
    path.write_text(path.read_text().replace("0001_start", "0001_begin"))
    lines = call(status_command(lambda: project)).output.splitlines()
    said = {line.split()[0]: line for line in lines}
    assert "missing" in said["0001_begin"]
    assert "changed since" in said["0002_shrink"]
    assert "has no file" in said["0001_start"]


def test_check_compares_models_migrations_and_database(project: GivenProject) -> None:
    """Each disagreement is a line, and none is exit code 0."""
    migrate = migrate_command(lambda: project)
    said = call(migrate, "--check")
    assert said.return_value == 1
    assert "0001_start is not applied" in said.output
    call(migrate)
    assert call(migrate, "--check").return_value == 0
    project.given.append(USERS)
    said = call(migrate, "--check")
    assert "models have changes without a migration" in said.output
    with project.open("default") as link:
        link.run("DROP TABLE teams")
    assert "The table teams is missing." in call(migrate, "--check").output


def test_project_without_migrations_is_told_how_to_begin(tmp_path: Path) -> None:
    """Not an empty answer."""
    project = project_in(tmp_path)
    assert "asok make migration" in call(migrate_command(lambda: project)).output
    assert "asok make migration" in call(status_command(lambda: project)).output
