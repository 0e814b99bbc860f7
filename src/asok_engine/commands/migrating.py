"""What `migrate` and `status` do once their options are read: apply, roll back, show, compare.

It stands apart from the options, because it needs all that knows of databases, and
`--help` needs none of it. What is unsafe is refused, or on a terminal asked, before
anything is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from asok_engine.commands.answers import is_terminal
from asok_engine.commands.data_project import DataProject
from asok_engine.commands.routes import table as text_table
from asok_engine.migrations.detect import Answers, UnclearChange, detect
from asok_engine.migrations.link import Link
from asok_engine.migrations.live import differences
from asok_engine.migrations.report import plan_text, refuse_unsafe, unsafe_lines
from asok_engine.migrations.runner import Move, Runner

__all__ = ["migrate_database", "show_status"]


def migrate_database(
    project: DataProject,
    database: str,
    *,
    status: bool = False,
    check: bool = False,
    plan: bool = False,
    rollback: bool = False,
    steps: int = 0,
    to: str = "",
    fake: bool = False,
    allow_unsafe: bool = False,
    wait_seconds: float = 60.0,
) -> int:
    """Do what the options of `migrate` say; give the exit code."""
    with project.open(database, wait_seconds=wait_seconds) as link:
        runner = Runner(
            link,
            project.graph(),
            database=database,
            wait_seconds=wait_seconds,
            tell=lambda line: click.echo(line, err=True),
        )
        if status:
            return _status(project, runner)
        if check:
            return _check(project, runner, link, database)
        if plan:
            moves = runner.moves_back(steps) if rollback else runner.moves(to)
            click.echo(plan_text(moves, link.dialect))
            return 0
        approve = None if allow_unsafe else _approval(link)
        if rollback:
            count = runner.roll_back(steps, fake=fake, approve=approve)
        else:
            count = runner.migrate(to, fake=fake, approve=approve)
        click.echo(_summary(project, count, rollback=rollback))
        return 0


def show_status(project: DataProject, database: str) -> int:
    """Show which migrations are applied; give the exit code."""
    with project.open(database) as link:
        return _status(project, Runner(link, project.graph(), database=database))


def _approval(link: Link) -> Callable[[list[Move]], None]:
    def approve(moves: list[Move]) -> None:
        if not is_terminal():
            refuse_unsafe(moves, link.dialect)
            return
        lines = unsafe_lines(moves, link.dialect)
        if lines:
            click.echo("This is unsafe while the application runs:\n  " + "\n  ".join(lines), err=True)
            click.confirm("Do it?", abort=True, err=True)

    return approve


def _summary(project: DataProject, count: int, *, rollback: bool) -> str:
    if rollback:
        return f"{count} migrations rolled back." if count else "There is nothing to roll back."
    if count:
        return f"{count} migration{'' if count == 1 else 's'} done."
    if not project.graph().order:
        return f"There are no migrations; write one with: {project.make_command}"
    return "Nothing to do: every migration is applied."


def _status(project: DataProject, runner: Runner) -> int:
    applied = runner.journal.applied()
    unfinished = runner.journal.unfinished()
    rows: list[Sequence[str]] = []
    for migration in runner.graph.order:
        entry = applied.get(migration.name)
        state = "applied" if entry else "missing"
        if migration.name in unfinished:
            state = "stopped half-way"
        elif entry and entry.checksum != migration.checksum:
            state = "applied, changed since"
        rows.append((migration.name, state, entry.applied_at if entry else "", migration.title))
    rows += [
        (name, "applied, has no file", entry.applied_at, "")
        for name, entry in applied.items()
        if name not in runner.graph.by_name
    ]
    if rows:
        click.echo(text_table(("MIGRATION", "STATE", "APPLIED AT (UTC)", "TITLE"), rows))
    else:
        click.echo(f"There are no migrations; write one with: {project.make_command}")
    return 0


def _check(project: DataProject, runner: Runner, link: Link, database: str) -> int:
    lines = [f"The migration {move.migration.name} is not applied." for move in runner.moves()]
    applied = set(runner.journal.applied())
    state = runner.graph.state(applied)
    lines += differences(link, [table for table in state if table.database == database])
    try:
        bundled = runner.graph.bundled_tables()
        tables = [table for table in project.tables() if table.full_name not in bundled]
        if detect(runner.graph.own_state(), tables, Answers(ask_rename=lambda old, new: False)):
            lines.append(
                f"The models have changes without a migration; write it with: {project.make_command}"
            )
    except UnclearChange:
        lines.append(f"The models have changes without a migration; write it with: {project.make_command}")
    click.echo("\n".join(lines) if lines else "Models, migrations and database agree.")
    return 1 if lines else 0
