"""`asok dev`: serves the project for its developer, and again after every change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from asok_engine.commands.child import child_command, probe
from asok_engine.commands.project import Project, app_option, find_project
from asok_engine.servers.reload import Reloader, changes_in
from asok_engine.servers.workers import bind

__all__ = ["dev_command"]

_STOP_SECONDS = 3.0


def dev_command(port_of: Callable[[Path], int]) -> click.Command:
    """Make the command; `port_of` gives the port of a project whose application cannot be loaded."""

    @click.command("dev")
    @click.option("-p", "--port", type=click.IntRange(0, 65535), help="The port; else ASOK_PORT, else 8000.")
    @click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
    @app_option
    def dev(port: int | None, host: str, app: str | None) -> None:
        """Serve the project for development.

        DEBUG is on unless the project sets it. A change in src, wsgi.py or .env
        starts the application again; the port stays open, so no request is
        refused. When the port is taken, the next free one is used.
        """
        project = find_project(app)
        if port is None:
            facts = probe(project)
            port = port_of(project.root) if facts.error else facts.port
        _serve(project, host, port)

    return dev


def _serve(project: Project, host: str, port: int) -> None:
    with bind(host, port, or_next=True) as listener:
        taken = listener.getsockname()[1]
        if port and taken != port:
            _tell(f"Port {port} is in use; taking {taken}.")
        shown = f"[{host}]" if ":" in host else host
        _tell(f"{project.root.name} on http://{shown}:{taken} (development; Ctrl-C stops)")
        Reloader(
            child_command(project, "develop", shutdown_seconds=_STOP_SECONDS - 1),
            lambda text: child_command(project, "show", shutdown_seconds=_STOP_SECONDS - 1, text=text),
            listener,
            changes_in(project.root),
            root=project.root,
            tell=_tell,
            stop_seconds=_STOP_SECONDS,
        ).run()
    _tell("Stopped.")


def _tell(line: str) -> None:
    click.echo(line, err=True)
