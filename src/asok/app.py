"""`Asok`: an application of pages, as one object that every server can call.

It holds what the user sets before the start: config, middlewares, hooks, shared
values. Everything that is decided from that is decided in `asok.composition`,
once, when the first server or request starts it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from asok.applications import register
from asok.composition import compose
from asok.config import Config
from asok.services import Services
from asok.settings import TABLE
from asok_engine.dispatch.site import Site
from asok_engine.dispatch.threads import BackgroundLoop
from asok_engine.errors import UsageError
from asok_engine.servers.asgi import AsgiAdapter
from asok_engine.servers.rsgi import RsgiAdapter
from asok_engine.servers.termination import call_before_termination
from asok_engine.servers.wsgi import WsgiAdapter

if TYPE_CHECKING:
    from asok.websocket import WebSocketServer
    from asok_engine.records.record import Record
    from asok_engine.security.oauth import Provider

__all__ = ["Asok"]

H = TypeVar("H", bound=Callable[..., Any])


class Asok:
    """An application whose pages are the files below `src/pages`.

    `root_dir` is the project's folder, or a module's name such as `__name__`,
    which means the folder of that module. Without it: the folder of the file
    that makes the application when that has a `src`, else the working directory.

    The object is a WSGI, an ASGI and an RSGI application at once. Nothing is read
    or connected before the first of them starts it, so `app.config` may be
    written until then.
    """

    def __init__(self, root_dir: str | Path | None = None) -> None:
        self.root_dir = _root(root_dir, sys._getframe(1).f_globals)
        source = self.root_dir / "src"
        self.dirs: dict[str, Path] = {
            name: source / name.lower()
            for name in ("COMPONENTS", "LOCALES", "MIDDLEWARES", "MODELS", "PAGES", "PARTIALS")
        }
        for folder in (str(self.root_dir), str(source)):
            if folder not in sys.path:
                sys.path.insert(0, folder)
        self.config = Config(TABLE, self.root_dir)
        #: What handlers reach through the request; made when the application starts.
        self.services: Services
        #: The models of src/models by name; filled when the application starts.
        self.models: dict[str, type[Record]] = {}
        self.shared_values: dict[str, Any] = {}
        self.logger = logging.getLogger("asok")
        self.used: list[Callable[..., Any]] = []
        #: The providers that people sign in with.
        self.providers: list[Provider] = []
        #: The WebSocket servers that belong to this application.
        self.sockets: list[WebSocketServer] = []
        self.loop = BackgroundLoop()
        self.site = Site(lambda: compose(self), self.loop, self)
        self._asgi = AsgiAdapter(self.site).__call__
        self._wsgi = WsgiAdapter(self.site)
        self._rsgi = RsgiAdapter(self.site)
        # uvicorn and hypercorn look at the attribute to tell ASGI 3 from ASGI 2 and
        # from WSGI; a call goes to the method of the class, which answers both.
        self.__dict__["__call__"] = self._asgi
        # A server that imports the application has set its signal handlers by
        # now; a WSGI server gives no later moment in the main thread.
        call_before_termination(self.site.streams.end)
        register(self)

    # --- before the start ---------------------------------------------------------

    def use(self, middleware: H) -> H:
        """Add a middleware `handle(request, next)` behind those of src/middlewares; usable as decorator."""
        self._still_open("app.use")
        self.used.append(middleware)
        return middleware

    def add_provider(self, provider: Provider) -> Asok:
        """Let people sign in with a provider, chainable: `app.add_provider(google())`."""
        self._still_open("app.add_provider")
        if isinstance(provider, type) or not hasattr(provider, "completed"):
            raise UsageError(
                f"app.add_provider was given a {type(provider).__name__}.",
                fix="Give it a provider, as in app.add_provider(google()).",
            )
        self.providers.append(provider)
        return self

    def share(self, **values: Any) -> Asok:
        """Give values to every template, chainable; a function of `request` or of nothing is called anew."""
        self._still_open("app.share")
        self.shared_values.update(values)
        return self

    def on_startup(self, hook: H) -> H:
        """Run `hook` once per process when the application starts; an error in it stops the start."""
        self.site.lifecycle.startup.append(hook)
        return hook

    def on_shutdown(self, hook: H) -> H:
        """Run `hook` once per process when the application stops."""
        self.site.lifecycle.shutdown.append(hook)
        return hook

    def _still_open(self, what: str) -> None:
        if self.site.lifecycle.started:
            raise UsageError(
                f"{what} was called after the application had started.",
                fix="Call it in wsgi.py, before serving.",
            )

    # --- start and stop -------------------------------------------------------------

    def startup(self) -> None:
        """Start the application now, as the first request would; raises what stops the start."""
        self.site.lifecycle.start()

    def shutdown(self) -> None:
        """Stop the application: run the shutdown hooks, once."""
        self.site.streams.end()
        self.site.lifecycle.stop()

    # --- the protocols ----------------------------------------------------------------

    def __call__(self, first: Any, second: Any = None, third: Any = None, /) -> Any:
        """Answer a WSGI call (environ, start_response) or an ASGI call (scope, receive, send)."""
        if third is not None:
            answer = self._asgi
            return answer(first, second, third)
        if second is not None:
            return self._wsgi(first, second)
        return _double_callable(self._asgi, first)

    def __rsgi__(self, scope: Any, protocol: Any) -> Awaitable[None]:
        """Answer an RSGI call."""
        return self._rsgi(scope, protocol)

    def __rsgi_init__(self, loop: Any) -> None:
        """Start when an RSGI worker starts."""
        self._rsgi.begin(loop)

    def __rsgi_del__(self, loop: Any) -> None:
        """Stop when an RSGI worker stops."""
        self._rsgi.end(loop)

    # --- what the running application tells ---------------------------------------------

    @property
    def version(self) -> str:
        """The application's version: the setting VERSION."""
        return str(self.config["VERSION"])

    def routes(self) -> Iterable[Any]:
        """Give every route, after starting the composition."""
        self.startup()
        return self.site.kernel.routes.all()

    def log_info(self, message: str, *values: Any) -> None:
        """Write a line at level INFO to the application's log."""
        self.logger.info(message, *values)

    def log_error(self, message: str, *values: Any) -> None:
        """Write a line at level ERROR to the application's log."""
        self.logger.error(message, *values)

    def __repr__(self) -> str:
        return f"<Asok {self.root_dir.name}>"


def _double_callable(
    adapter: Callable[..., Awaitable[None]], scope: Any
) -> Callable[[Any, Any], Awaitable[None]]:
    def instance(receive: Any, send: Any) -> Awaitable[None]:
        return adapter(scope, receive, send)

    return instance


def _root(root_dir: str | Path | None, caller: dict[str, Any]) -> Path:
    if root_dir is None:
        made_in = Path(caller.get("__file__") or "").resolve().parent
        return made_in if (made_in / "src").is_dir() else Path.cwd()
    path = Path(root_dir)
    if not path.is_dir() and isinstance(root_dir, str):
        module = sys.modules.get(root_dir)
        if module is not None and getattr(module, "__file__", None):
            return Path(str(module.__file__)).resolve().parent
    if not path.is_dir():
        raise UsageError(
            f"Asok was given the root_dir {str(root_dir)!r}, neither a folder nor an imported module.",
            fix="Pass the project's folder, __name__, or nothing.",
        )
    return path.resolve()
