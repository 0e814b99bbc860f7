"""`asok preview`: the project as production would serve it, on the developer's machine."""

from __future__ import annotations

import click

from asok_engine.commands.modes import setting, try_production
from asok_engine.commands.project import app_option, find_project
from asok_engine.servers.production import serve_listener
from asok_engine.servers.workers import bind

__all__ = ["preview"]


@click.command()
@click.option("-p", "--port", type=click.IntRange(0, 65535), help="The port; else ASOK_PORT, else 8000.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@app_option
def preview(port: int | None, host: str, app: str | None) -> None:
    """Serve the project with production settings, here.

    DEBUG is off. SECRET_KEY and APP_URL are made up when they are not set, and
    that is said.
    """
    project = find_project(app)
    application = project.load(to_serve=True)
    wanted = int(setting(application, "ASOK_PORT", 8000)) if port is None else port
    with bind(host, wanted, or_next=True) as listener:
        taken = listener.getsockname()[1]
        if wanted and taken != wanted:
            click.echo(f"Port {wanted} is in use; taking {taken}.", err=True)
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{taken}"
        for line in try_production(application, url):
            click.echo(line, err=True)
        click.echo(f"{project.root.name} on {url} (preview of production; Ctrl-C stops)", err=True)
        seconds = float(setting(application, "SHUTDOWN_TIMEOUT", 3.0))
        serve_listener(application, listener, shutdown_seconds=seconds)
    click.echo("Stopped.", err=True)
