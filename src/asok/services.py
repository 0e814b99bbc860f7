"""What the handlers of a running application reach through `request`: rendering, files, counters, environment."""

from __future__ import annotations

from dataclasses import dataclass

from asok_engine.backends.cache.contract import Cache
from asok_engine.backends.counters.contract import Counters

from asok.downloads import Downloads
from asok.rendering import PagesRendering
from asok.request import RequestEnvironment
from asok.static import StaticFiles

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    """Made once, when the application starts."""

    rendering: PagesRendering
    static_files: StaticFiles
    downloads: Downloads
    counters: Counters
    cache: Cache
    environment: RequestEnvironment
    locale: str
