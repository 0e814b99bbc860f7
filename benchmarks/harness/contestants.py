"""Who is measured, on which server, and with which requests.

A contestant is one framework and its application in `apps/`. The bare callable
stands among them: what it needs is the server's share, and nobody can need less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["BARE", "CONTESTANTS", "OURS", "SERVERS", "Contestant", "Server", "chosen"]

CORE = ("plaintext", "json", "params", "fortunes")


@dataclass(frozen=True)
class Server:
    """One kind of server: its protocol, and the command line that serves `target` on a port."""

    name: str
    kind: str
    command: Sequence[str]


@dataclass(frozen=True)
class Contestant:
    """One framework.

    `targets` names its callable for each protocol it is measured under,
    `workloads` what it answers, `has_page` whether it also runs the full page
    with three middlewares. `is_project` says that the application is a folder,
    `project` below `apps`, which is copied before it is served. Under WSGI such a project
    is asked for its plain pages, which stand below `/plain`.
    """

    name: str
    environment: str
    package: str
    targets: dict[str, str]
    workloads: Sequence[str] = (*CORE, "static")
    has_page: bool = False
    is_project: bool = False
    project: str = "project"
    lifespan: str = "auto"
    variables: dict[str, str] = field(default_factory=dict)

    def prefix(self, kind: str) -> str:
        """Give what stands before the paths of pages for a protocol."""
        return "/plain" if self.is_project and kind == "wsgi" else ""


BARE, OURS = "bare callable", "asok (this)"

CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        Contestant(
            BARE,
            "bare",
            "",
            {"asgi": "bare:asgi", "wsgi": "bare:wsgi", "rsgi": "bare:rsgi"},
            has_page=True,
        ),
        Contestant(
            OURS,
            "ours",
            "",
            {"asgi": "wsgi:app", "wsgi": "wsgi:app", "rsgi": "wsgi:app"},
            has_page=True,
            is_project=True,
        ),
        Contestant(
            "falcon",
            "falcon",
            "falcon",
            {"asgi": "with_falcon:asgi", "wsgi": "with_falcon:wsgi"},
            has_page=True,
        ),
        Contestant("blacksheep", "blacksheep", "blacksheep", {"asgi": "with_blacksheep:app"}),
        Contestant("starlette", "starlette", "starlette", {"asgi": "with_starlette:app"}, has_page=True),
        Contestant("litestar", "litestar", "litestar", {"asgi": "with_litestar:app"}),
        Contestant("fastapi", "fastapi", "fastapi", {"asgi": "with_fastapi:app"}),
        Contestant("flask", "flask", "flask", {"wsgi": "with_flask:app"}, has_page=True),
        Contestant(
            "django",
            "django",
            "django",
            {"asgi": "with_django:asgi", "wsgi": "with_django:wsgi"},
            workloads=CORE,
            has_page=True,
        ),
        Contestant(
            "asok 0.8",
            "asok-0.8",
            "asok",
            {"asgi": "wsgi:app", "wsgi": "wsgi:app"},
            has_page=True,
            is_project=True,
            variables={
                "SECRET_KEY": "benchmarks-and-nothing-else-0123456789-0123456789",
                "APP_URL": "http://127.0.0.1",
                "DEBUG": "false",
                "RATE_LIMIT": "false",
                "LOG_LEVEL": "ERROR",
            },
        ),
        Contestant(
            "aksara 0.7",
            "aksara-0.7",
            "aksara-framework",
            {"asgi": "with_aksara:app"},
            lifespan="off",
        ),
    )
}

_UVICORN = (
    "uvicorn {target} --host 127.0.0.1 --port {port} --loop uvloop --http httptools --no-access-log "
    "--log-level warning --workers 1 --lifespan {lifespan}"
)
_GUNICORN = (
    "gunicorn {target} --bind 127.0.0.1:{port} --workers 1 --worker-class gthread --threads 4 "
    "--keep-alive 75 --log-level error"
)
_GRANIAN = (
    "granian {target} --interface {kind} --host 127.0.0.1 --port {port} --workers 1 --loop uvloop "
    "--no-access-log --log-level error --runtime-threads 1 --backpressure 512"
)

SERVERS = {
    server.name: server
    for server in (
        Server("uvicorn", "asgi", _UVICORN.split()),
        Server("gunicorn", "wsgi", _GUNICORN.split()),
        Server("granian ASGI", "asgi", _GRANIAN.split()),
        Server("granian RSGI", "rsgi", _GRANIAN.split()),
    )
}


def chosen(names: Sequence[str] | None, kind: str, *, few: bool = False) -> list[Contestant]:
    """Give the contestants that serve a protocol: those named, or all, or only the bare callable and ours.

    The bare callable and ours are always among them.
    """
    wanted = set(names) | {BARE, OURS} if names else None
    if few:
        wanted = {BARE, OURS}
    return [
        contestant
        for contestant in CONTESTANTS.values()
        if kind in contestant.targets and (wanted is None or contestant.name in wanted)
    ]
