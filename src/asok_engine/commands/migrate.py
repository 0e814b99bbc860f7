"""The commands `migrate` and `status`: bring a database to where the migrations are, or show where it is.

What is unsafe is refused, or on a terminal asked, before anything is changed.
`--plan` shows what would run and what it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from asok_engine.commands.answers import is_terminal
from asok_engine.commands.data_project import DataProject, LoadDataProject, database_option
from asok_engine.commands.routes import table as text_table
from asok_engine.errors import UsageError
from asok_engine.migrations.detect import Answers, UnclearChange, detect
from asok_engine.migrations.link import Link
from asok_engine.migrations.live import differences
from asok_engine.migrations.report import plan_text, refuse_unsafe, unsafe_lines
from asok_engine.migrations.runner import Move, Runner

__all__ = ["migrate_command", "status_command"]


def migrate_command(load: LoadDataProject) -> click.Command:
    """Make `migrate`."""

    @click.command("migrate")
    @click.option("--status", is_flag=True, help="Show which migrations are applied.")
    @click.option("--check", is_flag=True, help="Exit 1 when migrations are missing or the database differs.")
    @click.option("--plan", is_flag=True, help="Show SQL, locks and risks; change nothing.")
    @click.option("--rollback", is_flag=True, help="Roll back the last run.")
    @click.option(
        "--steps", type=click.IntRange(1), metavar="N", help="With --rollback: the last N migrations."
    )
    @click.option(
        "--to",
        metavar="NAME",
        default="",
        help="Go forward or back to this migration; zero is before the first.",
    )
    @click.option("--fake", is_flag=True, help="Only note it; run nothing.")
    @click.option(
        "--allow-unsafe",
        is_flag=True,
        help="Also do what breaks running code, loses rows or blocks everybody.",
    )
    @click.option(
        "--wait",
        type=click.FloatRange(0),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="For another process that migrates.",
    )
    @database_option
    def migrate(
        status: bool,
        check: bool,
        plan: bool,
        rollback: bool,
        steps: int | None,
        to: str,
        fake: bool,
        allow_unsafe: bool,
        wait: float,
        database: str,
    ) -> int:
        """Apply the migrations that are missing, or roll some back."""
        if rollback and to:
            raise UsageError("--rollback and --to were both given.", fix="Take one: --to also goes back.")
        if steps and not rollback:
            raise UsageError("--steps was given without --rollback.", fix="Write --rollback --steps N.")
        project = load()
        with project.open(database, wait_seconds=wait) as link:
            runner = Runner(
                link,
                project.graph(),
                database=database,
                wait_seconds=wait,
                tell=lambda line: click.echo(line, err=True),
            )
            if status:
                return _status(project, runner)
            if check:
                return _check(project, runner, link, database)
            if plan:
                moves = runner.moves_back(steps or 0) if rollback else runner.moves(to)
                click.echo(plan_text(moves, link.dialect))
                return 0
            approve = None if allow_unsafe else _approval(link)
            if rollback:
                count = runner.roll_back(steps or 0, fake=fake, approve=approve)
            else:
                count = runner.migrate(to, fake=fake, approve=approve)
            click.echo(_summary(project, count, rollback=rollback))
            return 0

    return migrate


def status_command(load: LoadDataProject) -> click.Command:
    """Make `status`."""

    @click.command("status")
    @database_option
    def status(database: str) -> int:
        """Show which migrations are applied."""
        project = load()
        with project.open(database) as link:
            return _status(project, Runner(link, project.graph(), database=database))

    return status


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
