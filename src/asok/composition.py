"""Builds the running application from what the user set: settings, pages, middlewares.

The only place of this face that reads settings. What is off is not built. It runs
once per process, at the start, and from then on a request only walks.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asok import parts
from asok.applications import models_in_use, waiting_sockets
from asok.assets import PageAssets
from asok.auth.nobody import Nobody
from asok.downloads import Downloads
from asok.errorpages import error_handlers
from asok.forms.scripts import add_script_route
from asok.middlewares import load_links
from asok.pages.discovery import find_pages
from asok.pages.endpoints import LoadedPages, Page, load_pages
from asok.pages.handlers import ActionPage, PageEndpoint, TemplatePage
from asok.passage import Passage
from asok.rendering import PagesRendering, any_mentions, any_uses_meta, template_files
from asok.request import Request, RequestEnvironment
from asok.services import Services
from asok.static import FOLDERS, StaticFiles
from asok.stores import Stores
from asok.uploads import UploadedFile
from asok_engine.backends.files.folder import FileFolder
from asok_engine.backends.key_file import kept_key
from asok_engine.dispatch.bodies import BodyReader
from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.errors import ErrorAnswers
from asok_engine.dispatch.kernel import Check, Endpoint, Kernel
from asok_engine.dispatch.middleware.csrf import Csrf
from asok_engine.dispatch.middleware.health import Check as HealthCheck
from asok_engine.dispatch.middleware.health import health_handler
from asok_engine.dispatch.middleware.private import PrivateAnswers
from asok_engine.dispatch.middleware.sessions import SessionCookie, Sessions
from asok_engine.dispatch.routes import RouteTable
from asok_engine.dispatch.sockets import SocketLink
from asok_engine.dispatch.threads import Threads
from asok_engine.security.csrf import CsrfTokens
from asok_engine.security.redaction import Redactor
from asok_engine.security.signing import Signer
from asok_engine.telemetry.logs import configure_logging
from asok_engine.wire.request import Request as EngineRequest
from asok_engine.wire.response import Response

if TYPE_CHECKING:
    from asok.app import Asok
    from asok.websocket_script import SocketScript
    from asok_engine.backends.mail.contract import Mailer
    from asok_engine.security.oauth import Provider

__all__ = ["PageRoute", "compose"]

_log = logging.getLogger("asok")


class PageRoute(Endpoint):
    """What a page has for one method, and where its templates are looked up first."""

    __slots__ = ("folder", "page")

    def __init__(self, handler: Handler, page: Page, checks: Sequence[Check] = ()) -> None:
        super().__init__(handler, streams_body=page.streams_body, checks=checks)
        self.folder = page.file.path.parent
        self.page = page


def compose(app: Asok) -> tuple[Kernel, type[EngineRequest]]:
    """Build the kernel and the request class of an application; raises what keeps it from starting."""
    config = app.config
    if config["DEBUG"] and (config.source("SECRET_KEY") == "default" or not config["SECRET_KEY"]):
        config["SECRET_KEY"] = kept_key(app.root_dir / ".asok" / "development.key")
    config.check_production()
    config.freeze()
    if not config["ASOK_WRITE_BYTECODE"]:
        # Only this way round: a Python that was started with -B goes on writing none.
        sys.dont_write_bytecode = True
    composition = _Composition(app)
    composition.log()
    app.services = composition.services()
    # Behind the hooks of the user, who may still need them; those of an earlier start are closed.
    hooks = app.site.lifecycle.shutdown
    hooks[:] = [*(hook for hook in hooks if not isinstance(hook, _Closing)), *composition.closings()]
    app.site.streams.grace_seconds = max(0.0, config["SHUTDOWN_TIMEOUT"] / 2)
    kernel, request_class = composition.kernel(), composition.request_class()
    composition.sockets(request_class)
    return kernel, request_class


class _Composition:
    """One composition in progress: each method builds one part from the settings that decide it."""

    def __init__(self, app: Asok) -> None:
        self._app = app
        self._config = app.config
        self._debug: bool = app.config["DEBUG"]
        self._stores = Stores(app.config)
        #: None as long as nothing speaks of models or a database: then their code is not even loaded.
        self._data: parts.DataLayer | None = None
        for server in waiting_sockets.take():
            server.belong_to(app)

    def log(self) -> None:
        """Configure logging and say what is weak."""
        config = self._config
        file = config.path("LOG_FILE")
        configure_logging(
            config["LOG_LEVEL"],
            file=None if file is None else str(file),
            format=config["LOG_FORMAT"],
            debug=self._debug,
            mask=self._redactor.mask,
        )
        for warning in config.warnings():
            _log.warning("%s", warning)
        for note in self._pages.notes:
            _log.warning("%s", note)

    def services(self) -> Services:
        """Build what handlers reach through the request."""
        app, config = self._app, self._config
        static_files = StaticFiles(app.dirs["PARTIALS"], debug=self._debug)
        rendering = PagesRendering(
            lambda: self._environment(static_files),
            app.shared_values,
            assets=self._assets,
            socket_script=self._socket_script,
            banner=self._banner,
            passkey_script=self._passkey_script,
            uses_meta=self._debug or any_uses_meta(self._templates),
        )
        if self._templates:
            rendering.prepare()
        return Services(
            rendering=rendering,
            static_files=static_files,
            downloads=Downloads(app.dirs["PARTIALS"] / "uploads"),
            counters=self._stores.counters,
            cache=self._stores.cache,
            sessions=self._sessions,
            csrf=self._csrf,
            people=self._people,
            links=self._links,
            passkeys=self._passkeys,
            oauth=self._oauth,
            environment=RequestEnvironment(config.environment),
            locale=config["LOCALE"],
        )

    def _environment(self, static_files: StaticFiles) -> parts.Environment:
        app, config = self._app, self._config
        return parts.Environment(
            [app.dirs["PAGES"], app.dirs["PARTIALS"]],
            strict=config["STRICT_VARIABLES"],
            debug=self._debug,
            minify=config["HTML_MINIFY"],
            script_nonces=True,
            cache=self._stores.cache,
            globals={"static": static_files.url},
            form_tokens=config["CSRF"],
            of_request={
                name: getattr(Request, name)
                for name in ("csrf_input", "csrf_meta", "csrf_token", "error", "get_flashed_messages", "old")
            },
        )

    def kernel(self) -> Kernel:
        """Build the routes and everything around them."""
        app, config = self._app, self._config
        threads = Threads(config["ASYNC_THREADS"])
        routes = self._routes(threads)
        errors = ErrorAnswers(
            app.loop,
            pages=error_handlers(
                self._pages.error_pages, lambda page: self._handler(page, "GET", threads), PageRoute
            ),
            debug_page=self._debug_page(routes) if self._debug else None,
            invalid_input=Request.answer_to_errors,  # type: ignore[arg-type]
        )
        return Kernel(
            routes=routes,
            errors=errors,
            bodies=BodyReader(config["MAX_CONTENT_LENGTH"], file_class=self._file_class()),
            threads=threads,
            loop=app.loop,
            guards=self._passage.guards(),
            finishers=self._passage.finishers(),
            traced_finishers=self._passage.traced_finishers(),
            links=load_links(app.dirs["MIDDLEWARES"], app.used),
            personal_finishers=[self._csrf.finish, PrivateAnswers().finish],
            keeper=self._people,
        )

    def _file_class(self) -> type[UploadedFile]:
        """Bind uploaded files to the folder of this application."""
        folder = FileFolder(self._app.dirs["PARTIALS"] / "uploads")
        return type("UploadedFile", (UploadedFile,), {"__slots__": (), "folder": folder})

    def request_class(self) -> type[Request]:
        """Bind the request class to the application."""
        host = urlsplit(self._config["APP_URL"] or "").netloc
        bound = {
            "app": self._app,
            "app_host": host,
            "demands_tokens": self._config["CSRF"],
            "make_id": staticmethod(self._passage.make_id),
        }
        return type("Request", (Request,), bound)

    # --- WebSockets ---------------------------------------------------------------------

    def sockets(self, request_class: type[EngineRequest]) -> None:
        """Give the WebSocket servers what the settings decide, and the servers' socket paths to them."""
        app = self._app
        if not app.sockets:
            return
        guards = [waits or plain for plain, waits in self._passage.handshake_guards()]
        for server in app.sockets:
            server.compose(
                app,
                request_class=request_class,
                guards=guards,
                redis=self._stores.redis,
                sessions=self._sessions,
            )
        first, *others = app.sockets

        async def door(request: EngineRequest, link: SocketLink) -> None:
            chosen = next((one for one in others if one.has_route(request.path)), first)
            await chosen.serve(request, link)

        app.site.socket_door = door if others else first.serve
        # Which of several it is for is only known when the handshake has been read.
        app.site.socket_takeover = None if others else first.take_over

    @cached_property
    def _socket_script(self) -> SocketScript | None:
        app = self._app
        if not app.sockets:
            return None
        return app.sockets[0].page_script(
            app.sockets, [app.dirs["PAGES"], app.dirs["PARTIALS"]], debug=self._debug
        )

    @cached_property
    def _passkey_script(self) -> parts.PasskeyScript | None:
        return parts.PasskeyScript() if any_mentions(self._templates, "data-passkey") else None

    @cached_property
    def _templates(self) -> list[Path]:
        return template_files([self._app.dirs["PAGES"], self._app.dirs["PARTIALS"]])

    # --- models, pages and routes ---------------------------------------------------------

    def _find_data(self) -> None:
        """Load the data layer of a project that has one; of others once they import `Model`."""
        if self._app.dirs["MODELS"].is_dir() or self._config.source("DATABASE_URL") != "default":
            self._load_data()
        else:
            models_in_use.prepare_with(self._load_data)

    def _load_data(self) -> None:
        app, config = self._app, self._config
        secrets = [self._secret_key, *config["SECRET_KEY_FALLBACKS"]]
        self._data = parts.DataLayer(config, models=app.dirs["MODELS"], secrets=secrets)
        app.models.update(self._data.models)
        if not self._debug:
            # Why not in debug: a server that starts again at every change would wait each time.
            self._data.load_compilers()

    async def _close_data(self) -> None:
        if self._data is not None:
            await self._data.close()

    @cached_property
    def _pages(self) -> LoadedPages:
        app = self._app
        # Before the pages, which import them: what a model lacks is told where it is.
        self._find_data()
        found = find_pages(app.dirs["PAGES"], root=app.root_dir, index=self._config["INDEX"])
        pages = load_pages(found)
        if pages.problems and not self._debug:
            raise pages.problems[0].to_error()
        for problem in pages.problems:
            _log.error("%s", problem)
        return pages

    @cached_property
    def _assets(self) -> PageAssets:
        return PageAssets(page.file for page in self._pages.pages)

    def _routes(self, threads: Threads) -> RouteTable:
        routes = RouteTable()
        for page in self._pages.pages:
            checks = [self._csrf.check] if self._config["CSRF"] and page.demands_token else []
            methods = {
                method: PageRoute(self._handler(page, method, threads), page, checks)
                for method in page.endpoints
            }
            routes.add(page.file.pattern, methods, source=page.file.source)
        self._assets.add_routes(routes)
        add_script_route(routes)
        if self._socket_script is not None:
            self._socket_script.add_routes(routes)
        if self._passkey_script is not None:
            self._passkey_script.add_routes(routes)
        if self._banner is not None:
            self._banner.add_route(routes)
        if self._debug:
            self._migrate_button.add_route(routes)
        self._add_static(routes)
        if self._config["HEALTHCHECK"]:
            handler = health_handler(self._checks(), debug=self._debug, version=self._config["VERSION"])
            health = Endpoint(handler, is_personal=False)
            routes.add("/health", {"GET": health}, source="the setting HEALTHCHECK")
        routes.compile()
        return routes

    def _add_static(self, routes: RouteTable) -> None:
        files = self._app.services.static_files
        for folder in FOLDERS:
            if not (self._app.dirs["PARTIALS"] / folder).is_dir():
                continue
            endpoint = Endpoint(
                Handler(files.answer_from(folder), f"static files of {folder}", False, is_light=True),
                is_personal=False,
            )
            for prefix in (f"/{folder}", f"/static/{folder}"):
                routes.add(f"{prefix}/[path:path]", {"GET": endpoint}, source=f"src/partials/{folder}")

    def _handler(self, page: Page, method: str, threads: Threads) -> Handler:
        endpoint: PageEndpoint = page.endpoints[method]
        if isinstance(endpoint, TemplatePage):
            return _template_handler(endpoint)
        if isinstance(endpoint, ActionPage):
            endpoint = endpoint.to_handler(_action_names, threads.run)
        return Handler(endpoint.call, endpoint.source, endpoint.is_async, is_light=endpoint.is_light)

    @cached_property
    def _migrate_button(self) -> parts.MigrateButton:
        return parts.MigrateButton(self._app.root_dir, self._csrf.check)

    def _debug_page(self, routes: RouteTable) -> parts.DebugPage:
        answered = [page.problem for page in self._pages.pages]
        return parts.DebugPage(
            self._app.root_dir,
            near=lambda path: [route.pattern for route in routes.near(path)],
            secrets=self._secrets,
            left_out=[str(problem) for problem in self._pages.problems if problem not in answered],
            has_migrations=self._migrate_button.has_work,
        )

    # --- what every request and response passes ------------------------------------------

    @cached_property
    def _passage(self) -> Passage:
        return Passage(
            self._config, self._stores, self._data, connects_to_sockets=self._socket_script is not None
        )

    # --- backends -------------------------------------------------------------------------

    @cached_property
    def _sessions(self) -> Sessions:
        config = self._config
        cookie = SessionCookie(
            Signer(self._secret_key, "session", config["SECRET_KEY_FALLBACKS"]),
            secure=config["SESSION_SECURE"],
            same_site=config["SESSION_SAMESITE"],
            max_age_seconds=config["SESSION_MAX_AGE"],
        )
        return Sessions(self._stores.sessions, cookie)

    @cached_property
    def _people(self) -> parts.People | Nobody:
        name = self._config["AUTH_MODEL"]
        model = None if self._data is None else self._data.models.get(name)
        if model is None:
            return Nobody(self._sessions, name)
        missing = parts.missing_packages()
        if missing:
            _log.warning(
                "Two-factor codes and passkeys do not work without %s. Run: %s",
                ", ".join(missing),
                parts.INSTALL,
            )
        return parts.People(
            self._sessions,
            self._stores.counters,
            model,
            notices=self._notices,
            issuer=self._config["PROJECT_NAME"],
            models=self._app.models,
        )

    @cached_property
    def _banner(self) -> parts.ImpersonationBanner | None:
        people = self._people
        return None if isinstance(people, Nobody) else parts.ImpersonationBanner(people, self._csrf.check)

    @cached_property
    def _links(self) -> parts.Links | Nobody:
        people, config = self._people, self._config
        if isinstance(people, Nobody):
            return people
        return parts.Links(
            people,
            self._post,
            self._secret_key,
            config["SECRET_KEY_FALLBACKS"],
            app_url=config["APP_URL"],
            ttl_seconds=config["MAGIC_LINK_TTL"],
        )

    @cached_property
    def _passkeys(self) -> parts.Passkeys | Nobody:
        people, config = self._people, self._config
        if isinstance(people, Nobody):
            return people
        return parts.Passkeys(
            people,
            self._sessions,
            self._app.models,
            app_url=config["APP_URL"],
            name=config["PROJECT_NAME"],
            debug=self._debug,
        )

    @cached_property
    def _oauth(self) -> parts.OAuth | Nobody:
        people, config = self._people, self._config
        if isinstance(people, Nobody):
            return people
        parts.need_providers([provider.name for provider in self._providers])
        return parts.OAuth(
            people,
            self._sessions,
            self._app.models,
            self._providers,
            app_url=config["APP_URL"],
            debug=self._debug,
        )

    @cached_property
    def _providers(self) -> list[Provider]:
        return [each.completed(self._config.environment) for each in self._app.providers]

    @cached_property
    def _post(self) -> parts.Post:
        return parts.Post(self._mailer(), self._config["MAIL_FROM"])

    @cached_property
    def _notices(self) -> parts.Notices:
        # Why not without: nobody asks for them, and each would be an error in the log.
        sends = self._debug or self._config.source("MAIL_HOST") != "default"
        return parts.Notices(self._post if sends else None, app_url=self._config["APP_URL"])

    def _mailer(self) -> Mailer:
        config = self._config
        if self._debug and config.source("MAIL_HOST") == "default":
            return parts.ConsoleMailer()
        return parts.SmtpMailer(
            config["MAIL_HOST"],
            config["MAIL_PORT"],
            username=config["MAIL_USERNAME"] or "",
            password=config["MAIL_PASSWORD"] or "",
            tls=config["MAIL_TLS"],
        )

    @cached_property
    def _csrf(self) -> Csrf:
        config = self._config
        shared = config["CORS_ORIGINS"] if config["CORS_ALLOW_CREDENTIALS"] else None
        csrf = Csrf(
            CsrfTokens(self._secret_key, config["SECRET_KEY_FALLBACKS"]),
            self._sessions,
            secure=config["SESSION_SECURE"],
            same_site=config["SESSION_SAMESITE"],
            trusted_origins=[config["APP_URL"] or "", *(shared or ())],
            debug=self._debug,
        )
        self._sessions.on_create = csrf.carry_over
        return csrf

    def _checks(self) -> dict[str, HealthCheck]:
        return self._stores.checks() | ({} if self._data is None else self._data.checks())

    def closings(self) -> list[_Closing]:
        """Give the shutdown hooks for what was opened, in the order of closing."""
        closings = [_Closing(server.close) for server in self._app.sockets]
        if not isinstance(self._links, Nobody):
            closings.append(_Closing(self._links.close_async))
        closings.append(_Closing(self._close_data))
        redis = self._stores.redis
        return closings if redis is None else [*closings, _Closing(redis.close_async)]

    # --- secrets ----------------------------------------------------------------------------

    @cached_property
    def _secret_key(self) -> str:
        key: str = self._config["SECRET_KEY"]
        return key

    @cached_property
    def _secrets(self) -> frozenset[str]:
        config = self._config
        values = [config[row.name] for row in config.resolver.table.rows if row.secret]
        values += [provider.client_secret for provider in self._providers]
        flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
        return frozenset(str(value) for value in flat if value)

    @cached_property
    def _redactor(self) -> Redactor:
        return Redactor(self._secrets)


class _Closing:
    """Closes something that the composition has opened, when the application stops."""

    def __init__(self, close: Callable[[], Awaitable[None]]) -> None:
        self._close = close

    async def __call__(self) -> None:
        await self._close()


def _template_handler(page: TemplatePage) -> Handler:
    name = page.name

    def render(request: Request) -> Response:
        return request.html(name)

    return Handler(render, page.source, is_async=False, is_light=True)


def _action_names(request: EngineRequest) -> tuple[str | None, str | None]:
    query = request.query
    return request.post_form.get("_action"), query.get("_action") or query.get("action")
