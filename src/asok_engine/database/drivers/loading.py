"""Which driver serves which kind of database, loaded when the first database of its kind is opened.

A driver's module imports its library at the top, so the module itself is what is
loaded late. Where the library is missing, one sentence says what to install.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from asok_engine.database.drivers.contract import AsyncConnection, PlainConnection
from asok_engine.database.urls import DatabaseOptions, Kind
from asok_engine.errors import SetupError

__all__ = ["async_driver", "plain_driver"]

_HERE: Final = "asok_engine.database.drivers"
_PLAIN: Final[Mapping[Kind, tuple[str, str, str]]] = {
    "postgresql": ("psycopg", "PsycopgConnection", "postgres"),
    "mysql": ("pymysql", "PymysqlConnection", "mysql"),
}
_ASYNC: Final[Mapping[Kind, tuple[str, str, str]]] = {
    "postgresql": ("asyncpg", "AsyncpgConnection", "postgres"),
    "mysql": ("asyncmy", "AsyncmyConnection", "mysql"),
}


def plain_driver(options: DatabaseOptions) -> Callable[[], PlainConnection]:
    """Give what opens a connection for plain code.

    Raises:
        SetupError: its library is not installed.
    """
    return partial(_load(*_PLAIN[options.kind], options), options)


def async_driver(options: DatabaseOptions) -> Callable[[], Awaitable[AsyncConnection]]:
    """Give what opens a connection on the running event loop.

    Raises:
        SetupError: its library is not installed.
    """
    return partial(_load(*_ASYNC[options.kind], options).connect, options)


def _load(module: str, name: str, extra: str, options: DatabaseOptions) -> Any:
    try:
        return getattr(importlib.import_module(f"{_HERE}.{module}"), name)
    except ImportError as error:
        raise SetupError(
            f"The database at {options.address} needs the package {module}, which is not installed.",
            fix=f'Run: pip install "asok[{extra}]"',
        ) from error
