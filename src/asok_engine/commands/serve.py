"""`asok serve`: serves the project in production, with worker processes."""

from __future__ import annotations

import click

from asok_engine.commands.child import child_command, probe
from asok_engine.commands.project import app_option, find_project
from asok_engine.errors import SetupError
from asok_engine.servers.production import (
    INTERFACES,
    SERVERS,
    choose,
    serve_with_granian,
    serve_with_workers,
)
from asok_engine.servers.workers import bind

__all__ = ["serve"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "-p", "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port."
)
@click.option(
    "-w", "--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="How many processes."
)
@click.option(
    "--interface",
    type=click.Choice(["auto", *INTERFACES]),
    default="auto",
    show_default=True,
    help="The protocol between server and application.",
)
@click.option(
    "--server",
    type=click.Choice(["auto", *SERVERS]),
    default="auto",
    show_default=True,
    help="The server; auto takes granian where it is installed.",
)
@app_option
def serve(host: str, port: int, workers: int, interface: str, server: str, app: str | None) -> int:
    """Serve the project in production.

    The settings are checked first; what is missing is named and nothing is
    started. A worker that dies is replaced. SIGTERM and Ctrl-C let running
    requests finish for SHUTDOWN_TIMEOUT seconds.
    """
    project = find_project(app)
    facts = probe(project)
    if facts.error or facts.production_problem:
        raise SetupError(facts.error or facts.production_problem)
    server, interface = choose(server, interface, facts.speaks)
    # Bound here first, so that a taken port is one line and not a worker's traceback.
    listener = bind(host, port)
    shown = f"[{host}]" if ":" in host else host
    several = f"{workers} workers" if workers > 1 else "1 worker"
    click.echo(f"{project.root.name} on http://{shown}:{port} ({server}, {interface}, {several})", err=True)
    if workers > 1 and facts.sessions == "memory":
        click.echo(
            "SESSION_BACKEND is memory, so each worker has sessions of its own and visitors lose theirs "
            "between them. Set SESSION_BACKEND=file, or redis with several machines.",
            err=True,
        )
    if server == "granian":
        listener.close()
        return serve_with_granian(
            project.target,
            project.root,
            host=host,
            port=port,
            interface=interface,
            workers=workers,
            shutdown_seconds=facts.shutdown_seconds,
        )
    return serve_with_workers(
        child_command(project, "serve", shutdown_seconds=facts.shutdown_seconds),
        listener,
        workers=workers,
        shutdown_seconds=facts.shutdown_seconds,
        tell=lambda line: click.echo(line, err=True),
    )
