"""The environment is read in one room, and only doors swallow unexpected errors."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.sources import Source, dotted, listing, shipped, walk_with_owner

ENVIRONMENT_ROOM = "asok_engine.settings"

#: Outside the settings, the functions that touch the process environment, with the reason. They
#: hand it on or write it; none decides anything by it.
ENVIRONMENT_HANDLERS: dict[str, str] = {
    "asok_engine.commands.database:_shell.shell": "hands it on to the database's client, with the password beside it",
}

#: The functions that may catch everything and go on. Each is a server's door, a worker's loop or a
#: caller of hooks, or carries the error to the one who waits for it; each logs or hands on what it caught.
DOORS = {
    "asok.pages.endpoints:_load": "carries the error of a page module to the face",
    "asok.events:Events.emit": "hooks: one that hears stops neither the others nor the deed",
    "asok_engine.database.blocks:_call_hooks": "hooks: all that waited for a commit run; the first error is raised",
    "asok_engine.database.blocks:_call_hooks_async": "hooks: the same, on a loop",
    "asok_engine.database.running:run": "carries the error into the plan",
    "asok_engine.database.running:run_async": "carries the error into the plan",
    "asok_engine.database.workers:Workers._work": "carries the error to the task that awaits it",
    "asok_engine.dispatch.errors:ErrorAnswers.answer": "door: the application's own error page failed",
    "asok_engine.dispatch.errors:ErrorAnswers.answer_async": "door: the application's own error page failed",
    "asok_engine.dispatch.errors:ErrorAnswers._without_page": "door: the debug page itself failed",
    "asok_engine.dispatch.kernel:Kernel.handle": "door: every error of a request becomes an answer",
    "asok_engine.dispatch.kernel:Kernel.handle_async": "door: every error of a request becomes an answer",
    "asok_engine.dispatch.kernel:Kernel._kept": "door: what cannot be kept becomes the answer",
    "asok_engine.dispatch.kernel:Kernel._kept_async": "door: what cannot be kept becomes the answer",
    "asok_engine.dispatch.lifecycle:Lifecycle.stop": "hooks: a failing one does not stop the others",
    "asok_engine.dispatch.lifecycle:Lifecycle.stop_async": "hooks: the same, on a loop",
    "asok_engine.dispatch.threads:_Pool._work": "carries the error to the task that awaits it",
    "asok_engine.realtime.attendant:Attendant.call": "door: an error of a socket handler closes its connection",
    "asok_engine.realtime.door:_Begun.__await__": "hands what the loop throws on to the coroutine that it drives",
    "asok_engine.realtime.session_watch:SessionWatch.run": "worker: one mistake does not end the watch over all",
    "asok_engine.records.events:ModelEvents.happened": "hooks: the deed is committed and cannot fail any more",
    "asok_engine.servers.asgi:AsgiAdapter._lifespan": "door: a failed start is told to the server",
    "asok_engine.servers.asgi:AsgiAdapter._stream": "door: a stream broke after its headers had been sent",
    "asok_engine.servers.development:serve_for_development": "door: shows a project that cannot be imported",
    "asok_engine.servers.development:with_failures_shown.guarded": "door: shows a failed start",
    "asok_engine.servers.rsgi:RsgiAdapter._stream": "door: a stream broke after its headers had been sent",
    "asok_engine.telemetry.hooks:Hook.send": "hooks: a receiver's error stops neither sender nor the others",
}


def environment_reads(source: Source) -> Iterator[tuple[str, str]]:
    """Find every use of the process environment: (function, where)."""
    aliases = {"os"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname for alias in node.names if alias.name == "os" and alias.asname}
    for node, owner in walk_with_owner(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            touched = any(alias.name in ("environ", "environb", "getenv", "putenv") for alias in node.names)
        else:
            front, _, name = dotted(node).rpartition(".")
            touched = front in aliases and name in ("environ", "environb", "getenv", "putenv", "unsetenv")
        if touched:
            yield f"{source.module}:{owner}", source.at(node)


def swallowing_excepts(source: Source) -> Iterator[tuple[str, str]]:
    """Find handlers of every exception that do not end by raising: (function, where)."""
    for node, owner in walk_with_owner(source.tree):
        place = f"{source.module}:{owner}"
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type):
            if not isinstance(node.body[-1], ast.Raise):
                yield place, source.at(node)
        elif isinstance(node, ast.Call) and dotted(node.func) in ("suppress", "contextlib.suppress"):
            if any(_catches_all(argument) for argument in node.args):
                yield place, source.at(node)


def _catches_all(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Tuple):
        return any(_catches_all(part) for part in node.elts)
    return node is None or dotted(node) in ("Exception", "BaseException", "builtins.Exception")


def test_environment_is_read_by_the_settings_only() -> None:
    """What a variable means is decided in one place; everything else takes values as arguments."""
    complaints = [
        f"{where}: {place} touches the process environment. Make the value a setting, or take it as an "
        f"argument; only {ENVIRONMENT_ROOM} reads the environment."
        for source in shipped()
        if source.room != ENVIRONMENT_ROOM
        for place, where in environment_reads(source)
        if place not in ENVIRONMENT_HANDLERS
    ]
    assert not complaints, listing(complaints)


def test_only_doors_catch_everything() -> None:
    """Swallowing an unexpected error anywhere else hides a defect."""
    complaints = [
        f"{where}: {place} catches every exception and goes on. Name the exceptions that can happen here, or "
        "end the handler with `raise`. A new door is entered in DOORS of this file, with its reason."
        for source in shipped()
        for place, where in swallowing_excepts(source)
        if place not in DOORS
    ]
    assert not complaints, listing(complaints)


def test_lists_of_exceptions_name_nothing_that_is_gone() -> None:
    """An entry whose function no longer needs it is taken off."""
    catching = {place for source in shipped() for place, _ in swallowing_excepts(source)}
    reading = {place for source in shipped() for place, _ in environment_reads(source)}
    assert set(DOORS) <= catching, f"take off DOORS: {sorted(set(DOORS) - catching)}"
    gone = set(ENVIRONMENT_HANDLERS) - reading
    assert not gone, f"take off ENVIRONMENT_HANDLERS: {sorted(gone)}"


@pytest.mark.parametrize(
    "text",
    [
        "import os\nDEBUG = os.environ['DEBUG']\n",
        "import os as system\ndef read():\n    return system.getenv('DEBUG')\n",
        "from os import environ\n",
    ],
)
def test_read_of_the_environment_is_found(text: str) -> None:
    """The check itself sees every way of reading a variable."""
    assert len(list(environment_reads(Source("src/asok/made_up.py", text)))) == 1


def test_wsgi_environ_is_not_the_process_environment() -> None:
    """A request's environ is another thing of the same name."""
    text = "def read(environ):\n    return environ['PATH_INFO'], self.environ.get('x')\n"
    assert not list(environment_reads(Source("src/asok/made_up.py", text)))


@pytest.mark.parametrize(
    "text",
    [
        "def go():\n    try:\n        work()\n    except Exception:\n        log()\n",
        "def go():\n    try:\n        work()\n    except:\n        pass\n",
        "def go():\n    try:\n        work()\n    except (OSError, BaseException) as e:\n        print(e)\n",
        "def go():\n    with contextlib.suppress(Exception):\n        work()\n",
    ],
)
def test_swallowed_error_is_found(text: str) -> None:
    """The check itself sees every way of catching everything."""
    assert [place for place, _ in swallowing_excepts(Source("src/asok/made_up.py", text))] == [
        "asok.made_up:go"
    ]


def test_named_exceptions_and_clean_up_are_no_complaint() -> None:
    """Catching what can happen, and cleaning up before raising again, are both fine."""
    text = (
        "try:\n    work()\nexcept OSError:\n    log()\n"
        "try:\n    work()\nexcept BaseException:\n    close()\n    raise\n"
    )
    assert not list(swallowing_excepts(Source("src/asok/made_up.py", text)))
