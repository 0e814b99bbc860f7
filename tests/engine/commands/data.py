"""A project whose models are tables that a test gives, for the commands about data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from click.testing import CliRunner, Result

from asok_engine.commands.data_project import DataProject
from asok_engine.database.urls import parse_url
from asok_engine.sql.tables import ServerDefault, Table


@dataclass(frozen=True)
class GivenProject(DataProject):
    """A project with these tables."""

    given: list[Table] = field(default_factory=list)
    brought: dict[str, Path] = field(default_factory=dict)

    def bundles(self) -> Mapping[str, Path]:
        return self.brought

    def tables(self) -> Sequence[Table]:
        return list(self.given)

    def fills(self) -> Mapping[str, ServerDefault]:
        return {}


def project_in(folder: Path, *tables: Table) -> GivenProject:
    """Make a project in a folder, on SQLite."""
    return GivenProject(
        root=folder,
        face="asok",
        folder=folder / "migrations",
        databases={"default": parse_url(f"sqlite:///{folder / 'db.sqlite3'}")},
        import_models=lambda: None,
        seeds=folder / "seeds",
        given=list(tables),
    )


def call(command: click.Command, *arguments: str) -> Result:
    """Run a command in this process; an error of the framework is raised."""
    result = CliRunner().invoke(command, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result
