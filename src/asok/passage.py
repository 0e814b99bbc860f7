"""What every request passes on its way to a page, and every response on its way back.

Guards look at a request before its route is known, finishers at each response; the
settings decide which there are. What is off is not in the list. How they are walked is
the kernel's business, and what the order means is in `docs/explanation/request-lifecycle.md`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asok.config import Config
from asok.static import FOLDERS
from asok.stores import Stores
from asok_engine.dispatch.kernel import Finisher, Guard, GuardAsync
from asok_engine.dispatch.middleware.access_log import AccessLog
from asok_engine.dispatch.middleware.announcements import Announcements
from asok_engine.dispatch.middleware.compression import Compression, is_compressible
from asok_engine.dispatch.middleware.conditional import Conditional
from asok_engine.dispatch.middleware.cors import Cors
from asok_engine.dispatch.middleware.hosts import Hosts
from asok_engine.dispatch.middleware.proxies import Proxies
from asok_engine.dispatch.middleware.rate_limit import ClientLimit
from asok_engine.dispatch.middleware.request_id import RequestId
from asok_engine.dispatch.middleware.security_headers import SecurityHeaders
from asok_engine.security.csp import allow_connect, build_csp
from asok_engine.security.response_headers import frame_options, security_headers
from asok_engine.servers.files import file_pieces, read_slice
from asok_engine.telemetry.hooks import request_finished, request_started
from asok_engine.wire.proxies import TrustedProxies

if TYPE_CHECKING:
    from asok.parts import DataLayer
    from asok_engine.dispatch.middleware.statements import Statements
    from asok_engine.wire.request import Request

__all__ = ["Passage"]

GuardPair = tuple[Guard, GuardAsync | None]


class Passage:
    """The guards and finishers of one application, in the order in which they run.

    `data` is None where an application has no models. With `connects_to_sockets` pages may
    open the WebSockets that their request names.
    """

    def __init__(
        self, config: Config, stores: Stores, data: DataLayer | None, *, connects_to_sockets: bool
    ) -> None:
        self._config = config
        self._stores = stores
        self._data = data
        self._connects_to_sockets = connects_to_sockets

    @property
    def make_id(self) -> Callable[[Request], str]:
        """Give what makes the id of a request."""
        return self._request_id.id_of

    def guards(self) -> Sequence[GuardPair]:
        """Give what looks at each request before its route is known, plain and as it waits."""
        guards: list[GuardPair] = [(self._request_id.guard, None)] if self._logs_all else []
        if self._statements is not None:
            guards.append((self._statements.guard, None))
        if self._announcements is not None:
            guards.append((self._announcements.guard, None))
        guards.extend(self._first_guards())
        languages = None if self._data is None else self._data.languages()
        if languages is not None:
            guards.append((languages.guard, None))
        if self._client_limit is not None:
            guards.append(self._client_limit)
        if self._cors is not None:
            guards.append((self._cors.guard, None))
        return guards

    @cached_property
    def _client_limit(self) -> GuardPair | None:
        """Give the guard that counts what each client asks for: pages and handshakes together."""
        config = self._config
        if not config["RATE_LIMIT"]:
            return None
        limit = ClientLimit(
            self._stores.counters,
            (config["RATE_LIMIT_PER_MINUTE"], 60),
            exempt_paths=("/health",),
            exempt_prefixes=tuple(f"/{folder}/" for folder in ("static", *FOLDERS)),
        )
        waits = limit.guard_async if self._stores.counters_wait else None
        return limit.guard, waits

    def handshake_guards(self) -> list[GuardPair]:
        """Give those of the guards that also stand before a WebSocket."""
        guards = self._first_guards()
        return guards if self._client_limit is None else [*guards, self._client_limit]

    def _first_guards(self) -> list[GuardPair]:
        """Give the guards that say from where a request is, and for whom."""
        proxies = self._config["TRUSTED_PROXIES"]
        hosts = (Hosts(self._host_patterns(), exempt_paths=("/health",)).guard, None)
        return [(Proxies(TrustedProxies(proxies)).guard, None), hosts] if proxies else [hosts]

    def _host_patterns(self) -> list[str]:
        """Give the hosts that are answered: ALLOWED_HOSTS and that of APP_URL; none in debug means any."""
        patterns = list(self._config["ALLOWED_HOSTS"])
        own = urlsplit(self._config["APP_URL"] or "").hostname
        return [*patterns, own] if own and "*" not in patterns else patterns

    def finishers(self) -> Sequence[Finisher]:
        """Give what sees each response, errors and redirects too."""
        config = self._config
        finishers: list[Finisher] = [self._conditional().finish]
        if config["GZIP"]:
            finishers.append(Compression(min_size_bytes=config["GZIP_MIN_SIZE"], read_file=read_slice).finish)
        if self._cors is not None:
            finishers.append(self._cors.finish)
        if self._logs_all:
            finishers.append(self._request_id.finish)
            if self._access_log is not None:
                finishers.append(self._access_log.finish)
        headers = self._security_headers()
        if headers is not None:
            # Behind what adds single fields: these stand before them.
            finishers.append(headers.finish)
        if self._statements is not None:
            finishers.append(self._statements.finish)
        if self._announcements is not None:
            finishers.append(self._announcements.finish)
        return finishers

    def traced_finishers(self) -> Sequence[Finisher]:
        """Give what sees only the answers that somebody may look for in a log, where that tells of few."""
        if self._logs_all:
            return []
        logged = [] if self._access_log is None else [self._access_log.finish]
        return [self._request_id.finish, *logged]

    def _conditional(self) -> Conditional:
        config = self._config
        return Conditional(
            etags=config["ETAG"],
            varies_by_coding=is_compressible if config["GZIP"] else None,
            file_pieces=file_pieces,
        )

    @cached_property
    def _request_id(self) -> RequestId:
        return RequestId()

    @cached_property
    def _access_log(self) -> AccessLog | None:
        return AccessLog() if logging.getLogger("asok.access").isEnabledFor(logging.ERROR) else None

    @cached_property
    def _logs_all(self) -> bool:
        """Whether every request has a line, also one that went well."""
        return logging.getLogger("asok.access").isEnabledFor(logging.INFO)

    @cached_property
    def _statements(self) -> Statements | None:
        return None if self._data is None else self._data.statements()

    @cached_property
    def _announcements(self) -> Announcements | None:
        return Announcements() if request_started or request_finished else None

    @cached_property
    def _cors(self) -> Cors | None:
        origins = self._config["CORS_ORIGINS"]
        if not origins:
            return None
        return Cors(origins, allow_credentials=self._config["CORS_ALLOW_CREDENTIALS"])

    def _security_headers(self) -> SecurityHeaders | None:
        config = self._config
        setting = config["SECURITY_HEADERS"]
        if not setting:
            return None
        csp = build_csp(
            config["CSP"],
            unsafe_eval=config["CSP_UNSAFE_EVAL"],
            report_uri=config["CSP_REPORT_URI"],
            frame_options=frame_options(setting),
        )
        http = security_headers(setting, https=False, debug=config["DEBUG"], csp=csp.header)
        return SecurityHeaders(
            https=security_headers(setting, https=True, debug=config["DEBUG"], csp=csp.header),
            http=http,
            csp_with_nonce=csp.with_nonce,
            # A policy that SECURITY_HEADERS writes out is meant for everything.
            data_policy=csp.for_data if http.get("Content-Security-Policy") == csp.header else None,
            allow_connect=allow_connect if self._connects_to_sockets else None,
        )
