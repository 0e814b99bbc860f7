"""What handlers reach through `request`: rendering, files, counters, cache, sessions, environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from asok.auth.nobody import Nobody
from asok.downloads import Downloads
from asok.rendering import PagesRendering
from asok.request import RequestEnvironment
from asok.static import StaticFiles
from asok_engine.backends.cache.contract import Cache
from asok_engine.backends.counters.contract import Counters
from asok_engine.dispatch.middleware.csrf import Csrf
from asok_engine.dispatch.middleware.sessions import Sessions

if TYPE_CHECKING:
    from asok.auth.links import Links
    from asok.auth.oauth import OAuth
    from asok.auth.passkeys import Passkeys
    from asok.auth.people import People

__all__ = ["Services"]


class Services(Struct, frozen=True):
    """Made once, when the application starts."""

    rendering: PagesRendering
    static_files: StaticFiles
    downloads: Downloads
    counters: Counters
    cache: Cache
    sessions: Sessions
    csrf: Csrf
    people: People | Nobody
    links: Links | Nobody
    passkeys: Passkeys | Nobody
    oauth: OAuth | Nobody
    environment: RequestEnvironment
    locale: str
