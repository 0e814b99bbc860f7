"""The command that writes the next migration: `asok make migration`, `aksara makemigrations`.

It compares the models with what the migrations make, and asks no database. The
names of the two commands and of their options differ; the work is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from asok_engine.commands.answers import read_answers
from asok_engine.commands.data_project import DataProject, LoadDataProject
from asok_engine.migrations.detect import detect, migration_title
from asok_engine.migrations.files import write_migration
from asok_engine.migrations.graph import Graph
from asok_engine.migrations.operations import Operation
from asok_engine.migrations.spelling import spell

__all__ = ["make_migration_command", "makemigrations_command"]

F = TypeVar("F", bound=Callable[..., Any])


def _options(function: F) -> F:
    for option in reversed(
        [
            click.option(
                "--empty", is_flag=True, help="Write a migration without operations, to be filled in."
            ),
            click.option("--check", is_flag=True, help="Write nothing; exit 1 when a migration is missing."),
            click.option("--merge", is_flag=True, help="Join migrations that were made beside each other."),
            click.option(
                "--sql", "shows_sql", is_flag=True, help="Write nothing; print what would run, as SQL."
            ),
            click.option(
                "--rename",
                "renames",
                multiple=True,
                metavar="OLD=NEW",
                help="A table or TABLE.COLUMN was renamed.",
            ),
            click.option(
                "--drop", "drops", multiple=True, metavar="NAME", help="A table or TABLE.COLUMN really goes."
            ),
            click.option(
                "--fill",
                "fills",
                multiple=True,
                metavar="TABLE.COLUMN=VALUE",
                help="What rows get that are there.",
            ),
        ]
    ):
        function = option(function)
    return function


def make_migration_command(load: LoadDataProject) -> click.Command:
    """Make `migration [NAME]`, a command of the group `make`."""

    @click.command("migration")
    @click.argument("name", required=False, default="")
    @_options
    def migration(name: str, **options: Any) -> int:
        """Write a migration from what has changed in the models."""
        return _make(load(), name, **options)

    return migration


def makemigrations_command(load: LoadDataProject) -> click.Command:
    """Make `makemigrations`."""

    @click.command("makemigrations")
    @click.option("--name", default="", help="The name of the migration; without it, what it does.")
    @_options
    def makemigrations(name: str, **options: Any) -> int:
        """Write a migration from what has changed in the models."""
        return _make(load(), name, **options)

    return makemigrations


def _make(
    project: DataProject,
    name: str,
    *,
    empty: bool,
    check: bool,
    merge: bool,
    shows_sql: bool,
    renames: Sequence[str],
    drops: Sequence[str],
    fills: Sequence[str],
) -> int:
    graph = project.graph()
    if merge:
        return _merge(project, graph, name)
    graph.check_single_end()
    operations: list[Operation] = []
    if not empty:
        bundled = graph.bundled_tables()
        tables = [table for table in project.tables() if table.full_name not in bundled]
        operations = detect(
            graph.own_state(), tables, read_answers(renames, drops, fills, tables, project.fills())
        )
        if not tables and not graph.own_leaves:
            click.echo(f"No model was found in {project.models_at}; there is nothing to write.")
            return 0
        if not operations:
            click.echo("The migrations make what the models say; nothing is missing.")
            return 0
    if check:
        click.echo("A migration is missing:")
        for operation in operations:
            click.echo(f"  {operation.describe()}")
        return 1 if operations else 0
    if shows_sql:
        _print_sql(project, graph, operations)
        return 0
    title = name or (migration_title(operations) if operations else "by_hand")
    path = write_migration(
        project.folder, graph, title, operations, face=project.face, dependencies=graph.leaves
    )
    click.echo(f"Wrote {project.shown(path)}:")
    for operation in operations:
        click.echo(f"  {operation.describe()}")
    click.echo(f"Apply it with: {project.migrate_command}")
    return 0


def _merge(project: DataProject, graph: Graph, name: str) -> int:
    if len(graph.own_leaves) < 2:
        click.echo("The migrations have one end; there is nothing to join.")
        return 0
    graph.state()
    path = write_migration(
        project.folder, graph, name or "merge", [], face=project.face, dependencies=graph.leaves
    )
    click.echo(f"Wrote {project.shown(path)}, which comes after {' and '.join(graph.own_leaves)}.")
    return 0


def _print_sql(project: DataProject, graph: Graph, operations: Sequence[Operation]) -> None:
    for database in project.databases:
        for spelled in spell(operations, graph.state(), project.dialect(database), database):
            for operation in spelled.operations:
                click.echo(f"-- {operation.describe()}")
            for step in spelled.steps:
                prefix = "-- " if step.kind in ("call", "remember", "restore") else ""
                click.echo(f"{prefix}{step.text};")
