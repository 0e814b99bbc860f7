"""`asok shell`: a Python prompt with the application loaded."""

from __future__ import annotations

import code
import importlib
import importlib.util
from typing import Any

import click

from asok_engine.commands.own_code import told
from asok_engine.commands.project import app_option, find_project

__all__ = ["shell"]


@click.command()
@click.option("--plain", is_flag=True, help="Use Python's own prompt also where IPython is installed.")
@app_option
def shell(plain: bool, app: str | None) -> None:
    """Open a Python prompt with `app` loaded and started."""
    project = find_project(app)
    application = project.load()
    names: dict[str, Any] = {"app": application}
    startup = getattr(application, "startup", None)
    if startup is not None:
        with told(project.root, "The application does not start"):
            startup()
    try:
        if not plain and importlib.util.find_spec("IPython") is not None:
            importlib.import_module("IPython").start_ipython(argv=[], user_ns=names)
        else:
            code.interact(
                f"{project.root.name}: app is the application. Ctrl-D leaves.", local=names, exitmsg=""
            )
    finally:
        shutdown = getattr(application, "shutdown", None)
        if shutdown is not None:
            shutdown()
