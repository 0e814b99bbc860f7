"""Builds the running application from what the user set: settings, pages, middlewares.

The only place of this face that reads settings. What is off is not built. It runs
once per process, at the start, and from then on a request only walks.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from asok.debugpage import DebugPage
from asok.downloads import Downloads
from asok.errorpages import error_handlers
from asok.limits import RateLimits
from asok.middlewares import load_links
from asok.pages.discovery import find_pages
from asok.pages.endpoints import LoadedPages, Page, load_pages
from asok.pages.handlers import ActionPage, PageEndpoint, TemplatePage
from asok.rendering import PagesRendering
from asok.request import Request, RequestEnvironment
from asok.static import FOLDERS, StaticFiles
from asok_engine.backends.cache.contract import Cache
from asok_engine.backends.cache.file import FileCache
from asok_engine.backends.cache.memory import MemoryCache
from asok_engine.backends.cache.redis import RedisCache
from asok_engine.backends.counters.contract import Counters
from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.backends.counters.redis import RedisCounters
from asok_engine.backends.redis_link import RedisLink
from asok_engine.dispatch.bodies import BodyReader
from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.errors import ErrorAnswers
from asok_engine.dispatch.kernel import Endpoint, Finisher, Guard, GuardAsync, Kernel
from asok_engine.dispatch.middleware.access_log import AccessLog
from asok_engine.dispatch.middleware.compression import Compression
from asok_engine.dispatch.middleware.conditional import Conditional
from asok_engine.dispatch.middleware.cors import Cors
from asok_engine.dispatch.middleware.health import health
from asok_engine.dispatch.middleware.hosts import Hosts
from asok_engine.dispatch.middleware.proxies import Proxies
from asok_engine.dispatch.middleware.rate_limit import RateLimit
from asok_engine.dispatch.middleware.request_id import RequestId
from asok_engine.dispatch.middleware.security_headers import SecurityHeaders
from asok_engine.dispatch.routes import RouteTable
from asok_engine.dispatch.threads import Threads
from asok_engine.security.csp import build_csp
from asok_engine.security.redaction import Redactor
from asok_engine.security.response_headers import frame_options, security_headers
from asok_engine.telemetry.logs import configure_logging
from asok_engine.templates.environment import Environment
from asok_engine.wire.request import Request as EngineRequest

if TYPE_CHECKING:
    from asok.app import Asok

__all__ = ["PageRoute", "compose"]


class PageRoute(Endpoint):
    """What a page has for one method, and where its templates are looked up first."""

    __slots__ = ("folder", "page_id")

    def __init__(self, handler: Handler, page: Page) -> None:
        super().__init__(handler, streams_body=page.streams_body)
        self.folder = page.file.path.parent
        self.page_id = page.file.pattern


def compose(app: Asok) -> tuple[Kernel, type[EngineRequest]]:
    """Build the kernel and the request class of an application; raises what keeps it from starting."""
    return _Composition(app).build()
