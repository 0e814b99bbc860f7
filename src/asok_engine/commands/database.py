"""The group `db`: look into a database, fill it, and carry rows out and in.

Rows travel as JSON or YAML (`records.fixtures`); the tables are those that the applied
migrations have made. Long work shows how far it is on a terminal, on standard
error, so that output can go into a file.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from asok_engine.commands.data_options import database_option
from asok_engine.commands.data_project import DataProject, LoadDataProject
from asok_engine.commands.own_code import told
from asok_engine.database.databases import databases
from asok_engine.database.running import run
from asok_engine.database.urls import DatabaseOptions
from asok_engine.errors import SetupError, UsageError
from asok_engine.migrations.journal import Journal
from asok_engine.migrations.link import Link
from asok_engine.migrations.live import differences
from asok_engine.records.fixtures.dump import dump_rows
from asok_engine.records.fixtures.extracts import whole
from asok_engine.records.fixtures.formats import Format, RowWriter, read_rows
from asok_engine.records.fixtures.load import load_rows
from asok_engine.records.registry import registry
from asok_engine.sql.metadata import create_statements
from asok_engine.sql.tables import Table

__all__ = ["client_command", "database_group"]


def database_group(load: LoadDataProject) -> click.Group:
    """Make the group `db` of a face."""
    group = click.Group("db", help="Look into a database, fill it, carry rows out and in.")
    for make in (_shell, _schema, _seed, _dump, _load, _explain):
        group.add_command(make(load))
    return group


def _shell(load: LoadDataProject) -> click.Command:
    @click.command("shell")
    @database_option
    def shell(database: str) -> int:
        """Open the database's own client: sqlite3, psql or mysql."""
        command, environment = client_command(load().options(database))
        if shutil.which(command[0]) is None:
            raise SetupError(
                f"The client {command[0]} is not installed.", fix=f"Install it, or use another: {command[0]}."
            )
        return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode

    return shell


def client_command(options: DatabaseOptions) -> tuple[list[str], dict[str, str]]:
    """Give the client's command for a database, and the environment that holds the password.

    A password is never an argument: those are seen by everybody on the machine.
    """
    if options.kind == "sqlite":
        return ["sqlite3", options.name or ":memory:"], {}
    password, user = options.password, options.user
    if options.kind == "postgresql":
        host = options.unix_socket or options.host
        command = ["psql", "-h", host, "-p", str(options.port), "-d", options.name]
        return [*command, *(["-U", user] if user else [])], {"PGPASSWORD": password} if password else {}
    program = "mariadb" if shutil.which("mariadb") else "mysql"
    where = (
        ["-S", options.unix_socket] if options.unix_socket else ["-h", options.host, "-P", str(options.port)]
    )
    command = [program, *where, *(["-u", user] if user else []), options.name]
    return command, {"MYSQL_PWD": password} if password else {}


def _schema(load: LoadDataProject) -> click.Command:
    @click.command("schema")
    @click.option("--models", is_flag=True, help="As the models say, not as the migrations make them.")
    @click.option("--check", is_flag=True, help="Compare with the database; exit 1 where it differs.")
    @database_option
    def schema(models: bool, check: bool, database: str) -> int:
        """Print the SQL that creates the tables."""
        project = load()
        found = project.tables() if models else project.graph().state()
        tables = [table for table in found if table.database == database]
        if check:
            with project.open(database) as link:
                lines = differences(link, tables)
            click.echo("\n".join(lines) if lines else "The database is as it should be.")
            return 1 if lines else 0
        for statement in create_statements(tables, project.dialect(database)):
            click.echo(f"{statement};\n")
        return 0

    return schema


def _seed(load: LoadDataProject) -> click.Command:
    @click.command("seed", short_help="Run the functions that fill a database with examples.")
    @click.argument("names", nargs=-1)
    def seed(names: Sequence[str]) -> None:
        """Run the function `seed` of src/seeds.py, or of each file in src/seeds, or of those NAMED."""
        project = load()
        project.import_models()
        project.connect_models()
        files = _seed_files(project)
        unknown = [name for name in names if name not in {path.stem for path in files}]
        if unknown:
            known = ", ".join(path.stem for path in files) or "none"
            raise UsageError(f"There is no seed file {unknown[0]!r}; there are: {known}.")
        if not files:
            raise UsageError(
                f"There is no {project.shown(project.seeds)}.py and no folder "
                f"{project.shown(project.seeds)}.",
                fix="Write one with a function: def seed(): ...",
            )
        for path in files:
            if names and path.stem not in names:
                continue
            with told(project.root, f"{project.shown(path)} failed"):
                _run_seed(project, path)
            click.echo(f"{project.shown(path)} has run.")

    return seed


def _run_seed(project: DataProject, path: Path) -> None:
    function = runpy.run_path(str(path)).get("seed")
    if not callable(function):
        raise UsageError(f"{project.shown(path)} has no function `seed`.", fix="Write: def seed(): ...")
    if inspect.iscoroutinefunction(function):
        asyncio.run(function())
    else:
        function()


def _seed_files(project: DataProject) -> list[Path]:
    if project.seeds.is_dir():
        return [path for path in sorted(project.seeds.glob("*.py")) if not path.name.startswith("_")]
    single = project.seeds.with_suffix(".py")
    return [single] if single.is_file() else []


_format_option = click.option(
    "--format", type=click.Choice(["json", "yaml"]), help="By the ending of the file unless given, else json."
)


def _format_of(file: Path | None, chosen: Format | None) -> Format:
    is_yaml = file is not None and file.suffix in (".yaml", ".yml")
    return chosen or ("yaml" if is_yaml else "json")


def _dump(load: LoadDataProject) -> click.Command:
    @click.command("dump")
    @click.argument("names", nargs=-1, metavar="[TABLE]...")
    @click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A file; else standard output.",
    )
    @_format_option
    @database_option
    def dump(names: Sequence[str], output: Path | None, format: Format | None, database: str) -> None:
        """Write rows as JSON or YAML, of all tables or of those named."""
        project = load()
        format = _format_of(output, format)
        tables = _tables(project, database, names)
        with _reached(project, database):
            if output is None:
                _write(tables, sys.stdout, format, database, lambda name, count: None)
                return
            # Why beside and then in place: a dump that was cut off must not look like one.
            beside = output.with_name(f".{output.name}.part")
            with beside.open("w", encoding="utf-8") as file, _progress("Wrote") as tell:
                total = _write(tables, file, format, database, tell)
            beside.replace(output)
        click.echo(f"{total} rows of {len(tables)} tables are in {output}.", err=True)

    return dump


def _load(load: LoadDataProject) -> click.Command:
    @click.command("load", short_help="Read rows from a FILE that `dump` has written.")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--strict", is_flag=True, help="Refuse a row whose key is there; else it is updated.")
    @_format_option
    @database_option
    def load_command(file: Path, strict: bool, format: Format | None, database: str) -> None:
        """Read rows from a FILE that `dump` has written: new ones are inserted, others updated by key."""
        project = load()
        tables = _tables(project, database, ())
        models = [model for model in registry.models() if model.__description__.database == database]
        with (
            _reached(project, database),
            file.open(encoding="utf-8") as lines,
            _progress("Read") as tell,
        ):
            plan = load_rows(
                read_rows(lines, _format_of(file, format)),
                tables,
                models=models,
                database=database,
                strict=strict,
                tell=tell,
            )
            total = run(plan)
        click.echo(f"{total} rows are in the database.", err=True)

    return load_command


@contextmanager
def _progress(verb: str) -> Iterator[Callable[[str, int], None]]:
    """Show how far long work is, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda name, count: None
        return
    yield lambda name, count: click.echo(f"\r\x1b[K{verb} {count} rows, {name}", nl=False, err=True)
    click.echo("\r\x1b[K", nl=False, err=True)


@contextmanager
def _reached(project: DataProject, database: str) -> Iterator[None]:
    """Let plans reach a database of the project, without the limit that statements of an application have."""
    options = project.options(database).changed(statement_timeout=0.0)
    databases.configure({**{each.alias: each.options for each in databases}, database: options})
    try:
        yield
    finally:
        databases[database].close()


def _write(
    tables: Sequence[Table],
    file: IO[str],
    format: Format,
    database: str,
    tell: Callable[[str, int], None],
) -> int:
    writer = RowWriter(file, format)
    total = run(dump_rows(map(whole, tables), writer.write, database=database, tell=tell))
    writer.close()
    return total


def _tables(project: DataProject, database: str, names: Sequence[str]) -> list[Table]:
    with project.open(database) as link:
        state = project.graph().state(Journal(link).applied())
    tables = [table for table in state if table.database == database]
    known = {table.full_name for table in tables}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(
            f"There is no table {unknown[0]!r}; there are: {', '.join(sorted(known)) or 'none'}."
        )
    return [table for table in tables if not names or table.full_name in names]


def _explain(load: LoadDataProject) -> click.Command:
    @click.command("explain")
    @click.argument("statement")
    @click.option("--analyze", is_flag=True, help="Run it too, and roll it back; shows what it really took.")
    @database_option
    def explain(statement: str, analyze: bool, database: str) -> None:
        """Show how the database would run a STATEMENT of SQL."""
        with load().open(database) as link:
            words = {
                "sqlite": "EXPLAIN QUERY PLAN",
                "postgresql": "EXPLAIN (ANALYZE, BUFFERS)" if analyze else "EXPLAIN",
            }
            word = words.get(
                link.dialect,
                ("ANALYZE" if link.dialect == "mariadb" else "EXPLAIN ANALYZE") if analyze else "EXPLAIN",
            )
            lines = list(_explained(link, f"{word} {statement}"))
            click.echo("\n".join(lines) if lines else "The database has no plan to show for it.")

    return explain


def _explained(link: Link, text: str) -> Iterator[str]:
    rows: list[Any] = []
    try:
        with link.transaction():
            rows = link.query(text)
            raise _RollBack
    except _RollBack:
        pass
    if link.dialect == "sqlite":
        depth = {0: -1}
        for number, parent, _, detail in rows:
            depth[number] = depth.get(parent, -1) + 1
            yield f"{'  ' * depth[number]}{detail}"
        return
    for row in rows:
        yield "  ".join("-" if value is None else str(value) for value in row)


class _RollBack(Exception):
    """Ends a transaction whose work is not wanted."""
