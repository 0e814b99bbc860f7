"""`asok routes`: every address that the application answers, its methods, and where the answer is written."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from asok_engine.commands.own_code import told
from asok_engine.commands.project import app_option, find_project

__all__ = ["routes"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@app_option
def routes(as_json: bool, app: str | None) -> None:
    """List the routes: pattern, methods, source."""
    project = find_project(app)
    application = project.load()
    try:
        with told(project.root, "The application does not start"):
            rows = sorted(_row(route, project.root) for route in application.routes())
    finally:
        application.shutdown()
    if as_json:
        listed = [
            {"pattern": pattern, "methods": methods.split(), "source": source}
            for pattern, methods, source in rows
        ]
        click.echo(json_module.dumps(listed, indent=2))
    elif rows:
        click.echo(table(("PATTERN", "METHODS", "SOURCE"), rows))
    else:
        click.echo("The application has no routes; make src/pages/page.html.", err=True)


def _row(route: Any, root: Path) -> tuple[str, str, str]:
    source = str(route.source)
    path = Path(source)
    if path.is_absolute() and path.is_relative_to(root):
        source = str(path.relative_to(root))
    return str(route.pattern), " ".join(sorted(route.methods)), source


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align rows of text in columns below a head."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)
