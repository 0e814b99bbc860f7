"""What an application is told before a command serves it: to be in development, or to try production.

It works on the settings of any application that has `config`, and leaves others
alone. Only what nobody has set is changed, so the project's own word stands.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from asok_engine.errors import SetupError

__all__ = ["develop", "production_problem", "setting", "spoken", "try_production"]

_THIS_MACHINE = ("127.0.0.1", "::1")


def _is_set(config: Any, name: str) -> bool:
    return str(config.source(name)) != "default"


def setting(app: Any, name: str, default: Any) -> Any:
    """Give a setting of an application; `default` for one that does not have it."""
    config = getattr(app, "config", None)
    return default if config is None or name not in config else config[name]


def spoken(app: Any) -> tuple[str, ...]:
    """Give the protocols that an application speaks, best first; one that does not say is taken for ASGI."""
    if hasattr(app, "__rsgi__"):
        # RSGI knows neither close codes nor subprotocols, which WebSockets need.
        return ("asgi", "rsgi", "wsgi") if getattr(app, "sockets", None) else ("rsgi", "asgi", "wsgi")
    return ("asgi",)


def develop(app: Any) -> None:
    """Switch DEBUG on, unless the project has set it."""
    config = getattr(app, "config", None)
    if config is not None and not _is_set(config, "DEBUG"):
        config["DEBUG"] = True


def try_production(app: Any, url: str) -> list[str]:
    """Switch DEBUG off and make up what production needs and nobody has set; give a line about each."""
    config = getattr(app, "config", None)
    if config is None:
        return []
    config["DEBUG"] = False
    said = []
    if not _is_set(config, "SECRET_KEY"):
        config["SECRET_KEY"] = secrets.token_urlsafe(48)
        said.append("SECRET_KEY is not set; this preview uses a random one, so sessions end with it.")
    if not _is_set(config, "APP_URL"):
        config["APP_URL"] = url
        said.append(f"APP_URL is not set; this preview uses {url}.")
    if urlsplit(url).scheme == "http" and "SESSION_SECURE" in config and config["SESSION_SECURE"]:
        if _is_set(config, "SESSION_SECURE"):
            said.append(
                "SESSION_SECURE is on, so only browsers that trust this machine keep cookies of http."
            )
        else:
            config["SESSION_SECURE"] = False
            said.append("SESSION_SECURE is off in this preview, which is http; production has it on.")
    # The preview is asked under its own address, whatever the real one is, and by name.
    own = urlsplit(url).hostname or ""
    wanted = [own, "localhost"] if own in _THIS_MACHINE else [own]
    missing = [name for name in wanted if name and name not in config["ALLOWED_HOSTS"]]
    if missing:
        config["ALLOWED_HOSTS"] = [*config["ALLOWED_HOSTS"], *missing]
    return said


def production_problem(app: Any) -> SetupError | None:
    """Give what keeps an application from production, all of it in one error; None when nothing does."""
    config = getattr(app, "config", None)
    if config is None:
        return None
    if config["DEBUG"]:
        return SetupError(
            f"DEBUG is on ({config.source('DEBUG')}), and debug pages show code and values to everyone.",
            fix="Set DEBUG=false, or use asok dev or asok preview on your own machine.",
        )
    try:
        config.check_production()
    except SetupError as error:
        return error
    return None
