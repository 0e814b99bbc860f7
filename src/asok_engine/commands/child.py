"""The process that a serving command starts: it loads the application and does one thing with it.

Run as `python -m asok_engine.commands.child ORDER`, where ORDER is JSON. `serve`
serves a socket that the parent has bound, `develop` does so with failures shown,
`show` shows a text, `probe` writes what the parent wants to know of the
application to a file descriptor. So the parent never runs the project's code,
and can go on when that fails.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from asok_engine.commands.modes import develop, production_problem, setting, spoken
from asok_engine.commands.project import Project
from asok_engine.errors import SetupError
from asok_engine.servers.development import failure_page, serve_for_development
from asok_engine.servers.production import STARTUP_FAILED, serve_listener
from asok_engine.servers.workers import Command, follow_parent

__all__ = ["Facts", "child_command", "main", "probe"]

_PROBE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What a probe has found: settings that decide how to serve, and what keeps it from serving."""

    port: int = 8000
    shutdown_seconds: float = 3.0
    speaks: tuple[str, ...] = ("asgi",)
    error: str = ""
    production_problem: str = ""
    sessions: str = ""


def child_command(project: Project, do: str, *, shutdown_seconds: float, text: str = "") -> Command:
    """Say how to start a child that serves a project; `do` is serve, develop or show."""

    def command(listener: int, lifeline: int) -> list[str]:
        order = {
            "do": do,
            "root": str(project.root),
            "module": project.module,
            "attribute": project.attribute,
            "listener": listener,
            "lifeline": lifeline,
            "shutdown_seconds": shutdown_seconds,
            "text": text,
        }
        # Why -B for a developer: an edit within the second that keeps the size would
        # be taken for what was compiled before it.
        flags = ["-B"] if do == "develop" else []
        return [sys.executable, *flags, "-m", "asok_engine.commands.child", json.dumps(order)]

    return command


def probe(project: Project) -> Facts:
    """Load a project in a process of its own and give its facts; what fails is in `error`."""
    reading, writing = os.pipe()
    order = {
        "do": "probe",
        "root": str(project.root),
        "module": project.module,
        "attribute": project.attribute,
        "answer": writing,
    }
    command = [sys.executable, "-m", "asok_engine.commands.child", json.dumps(order)]
    # Why silent: the process that serves says the same again.
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, pass_fds=(writing,), stdout=silent, stderr=silent) as process:
        os.close(writing)
        try:
            with os.fdopen(reading) as answer:
                process.wait(_PROBE_SECONDS)
                text = answer.read()
        except subprocess.TimeoutExpired:
            process.kill()
            return Facts(error=f"The application was not loaded after {_PROBE_SECONDS:g} seconds.")
    if not text:
        return Facts(error=f"Loading the application ended the process with exit code {process.returncode}.")
    found = json.loads(text)
    return Facts(**{**found, "speaks": tuple(found["speaks"])})


def _facts(project: Project) -> Facts:
    try:
        app = project.load()
        problem = production_problem(app)
        return Facts(
            port=int(setting(app, "ASOK_PORT", 8000)),
            shutdown_seconds=float(setting(app, "SHUTDOWN_TIMEOUT", 3.0)),
            speaks=spoken(app),
            production_problem=str(problem or ""),
            sessions=str(setting(app, "SESSION_BACKEND", "")),
        )
    except SetupError as error:
        return Facts(error=str(error))


def main(text: str) -> int:
    """Carry out an order."""
    order: dict[str, Any] = json.loads(text)
    root = Path(order["root"])
    project = Project(root, order["module"], order["attribute"])
    if order["do"] == "probe":
        with os.fdopen(order["answer"], "w") as answer:
            json.dump(asdict(_facts(project)), answer)
        return 0
    seconds = float(order["shutdown_seconds"])
    follow_parent(order["lifeline"], seconds + 1)
    os.set_inheritable(order["listener"], False)
    listener = socket.socket(fileno=order["listener"])
    if order["do"] == "show":
        serve_listener(failure_page(order["text"]), listener, shutdown_seconds=seconds)
    elif order["do"] == "develop":

        def load() -> Any:
            app = _imported(project)
            develop(app)
            return app

        serve_for_development(load, listener, root=root, shutdown_seconds=seconds)
    else:
        try:
            app = project.load(to_serve=True)
        except SetupError as error:
            traceback.print_exception(error.__cause__ or error)
            return STARTUP_FAILED
        serve_listener(app, listener, shutdown_seconds=seconds)
    return 0


def _imported(project: Project) -> Any:
    """Load, and raise what the project's own code raised: a developer wants that traceback."""
    try:
        return project.load(to_serve=True)
    except SetupError as error:
        cause = error.__cause__
        is_missing = isinstance(cause, ModuleNotFoundError) and cause.name == project.module.partition(".")[0]
        if cause is None or is_missing:
            raise
        raise cause from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
