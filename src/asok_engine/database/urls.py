"""From a DATABASE_URL to options: which database, how to reach it, how many connections.

`sqlite:///relative.sqlite3` (relative to the folder of the process; a face makes it
absolute below the project first), `sqlite:////absolute`, `sqlite://` and
`sqlite:///:memory:` for a database in memory, `postgresql://`, `mysql://` and
`mariadb://`. A driver's name behind a plus is accepted and ignored. Pure; whatever
is shown of an address has its password hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, unquote

import msgspec
from msgspec import Struct

from asok_engine.errors import SetupError
from asok_engine.security.redaction import mask_url

__all__ = ["DatabaseOptions", "Kind", "parse_url"]

Kind = Literal["sqlite", "postgresql", "mysql"]

_KINDS: Final[Mapping[str, Kind]] = {
    "sqlite": "sqlite",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
}
_PORTS: Final[Mapping[str, int]] = {"postgresql": 5432, "mysql": 3306, "sqlite": 0}
_TLS_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_YES: Final = ("1", "true", "yes", "on")
_NO: Final = ("0", "false", "no", "off")


class DatabaseOptions(Struct, frozen=True, kw_only=True):
    """All that a database's connections and pool are made from. Times are in seconds; 0 is without limit."""

    kind: Kind
    #: The file for SQLite ("" for one in memory), the name of the database elsewhere.
    name: str = ""
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    #: A socket file for MySQL, the folder of the socket for PostgreSQL.
    unix_socket: str = ""
    #: How TLS is used, in PostgreSQL's words. MySQL is asked for TLS from "require" on.
    sslmode: str = "prefer"
    #: A file with the certificates that may sign the server's; "" means those of the system.
    sslrootcert: str = ""
    #: Shown by the server in its list of connections.
    application_name: str = "asok"

    #: So many connections are kept even when they are idle.
    min_size: int = 0
    #: Never more connections than this, in each process and kind of code (plain, or each event loop).
    max_size: int = 20
    #: A connection that has run so many statements is replaced.
    max_queries: int = 50_000
    #: A connection that was not used for so long is closed.
    max_inactive_connection_lifetime: float = 300.0
    #: A connection that is so old is replaced, so that a moved server is found again.
    max_lifetime: float = 3600.0
    #: How long to wait for a free connection before PoolExhausted.
    timeout: float = 10.0
    connect_timeout: float = 5.0
    #: How long one statement may take before StatementTimeout.
    statement_timeout: float = 30.0
    #: Prepared statements kept per connection; 0 for a pooler such as PgBouncer before its version 1.21.
    statement_cache_size: int = 256

    #: SQLite: how long to wait for another writer before LockUnavailable.
    busy_timeout: float = 30.0
    #: SQLite: wait for the disk at each commit, so that it survives a power cut and not only a crash.
    durable: bool = False

    #: A statement that takes longer is logged as slow; 0 logs none.
    slow_query: float = 0.0
    #: Log every statement.
    log_queries: bool = False
    #: Addresses of copies that may be read.
    replicas: tuple[str, ...] = ()

    @property
    def is_file(self) -> bool:
        """Whether the database is a file, or in memory, and no server has a part in its connections."""
        return self.kind == "sqlite"

    @property
    def is_in_memory(self) -> bool:
        """Whether this is an SQLite database without a file."""
        return self.kind == "sqlite" and not self.name

    @property
    def address(self) -> str:
        """The address without password and parameters, for messages and logs."""
        if self.kind == "sqlite":
            return f"sqlite:///{self.name or ':memory:'}"
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = self.unix_socket or (f"{host}:{self.port}")
        return f"{self.kind}://{user}{place}/{self.name}"

    def changed(self, **values: Any) -> DatabaseOptions:
        """Give a copy with other values.

        Raises:
            SetupError: a value does not fit.
        """
        return _checked(msgspec.structs.replace(self, **values), self.address)

    def __repr__(self) -> str:
        return f"<DatabaseOptions {self.address}>"


#: What may stand behind the ? of an address, with the form that each value has.
_PARAMETERS: Final[Mapping[str, type]] = {
    "unix_socket": str,
    "sslmode": str,
    "sslrootcert": str,
    "application_name": str,
    "min_size": int,
    "max_size": int,
    "max_queries": int,
    "max_inactive_connection_lifetime": float,
    "max_lifetime": float,
    "timeout": float,
    "connect_timeout": float,
    "statement_timeout": float,
    "statement_cache_size": int,
    "busy_timeout": float,
    "durable": bool,
    "slow_query": float,
}


def parse_url(url: str, **values: Any) -> DatabaseOptions:
    """Read an address; `values` are options that it does not name itself.

    Raises:
        SetupError: the address or one of its parameters cannot be read.
    """
    shown = mask_url(url)
    scheme, found, rest = url.partition("://")
    kind = _KINDS.get(scheme.lower().partition("+")[0])
    if not found or kind is None:
        raise SetupError(
            f"The database address {shown!r} cannot be read; expected one that begins with sqlite:///, "
            "postgresql://, mysql:// or mariadb://.",
            fix="Set DATABASE_URL, for example postgresql://user:password@localhost:5432/name.",
        )
    # People write passwords with / ? and # in them, so the last @ before the parameters counts.
    userinfo, at, place = ("", "", rest) if kind == "sqlite" else rest.rpartition("@")
    place, _, query = place.partition("?")
    options: dict[str, Any] = {**values, **_parameters(query, shown)}
    if kind == "sqlite":
        options["name"] = _sqlite_name(place, shown)
    else:
        if at:
            user, _, password = userinfo.partition(":")
            options["user"], options["password"] = unquote(user), unquote(password)
        where, _, name = place.partition("/")
        options["name"] = unquote(name)
        options["host"], options["port"] = _host_and_port(where, _PORTS[kind], shown)
        if not options["name"]:
            raise SetupError(
                f"The database address {shown!r} names no database.",
                fix="Write its name behind the host: postgresql://user:password@localhost:5432/name.",
            )
    return _checked(DatabaseOptions(kind=kind, **options), shown)


def _sqlite_name(place: str, shown: str) -> str:
    if place in ("", "/", "/:memory:"):
        return ""
    if not place.startswith("/"):
        raise SetupError(
            f"The database address {shown!r} has two slashes before its file; expected three for a relative "
            "path (sqlite:///db.sqlite3), four for an absolute one (sqlite:////var/db.sqlite3)."
        )
    return unquote(place[1:])


def _host_and_port(where: str, default: int, shown: str) -> tuple[str, int]:
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", where)
    port = int(found[2] or default) if found else 0
    if found is None or not 0 < port < 65536:
        raise SetupError(
            f"The database address {shown!r} has no readable host and port; expected host:port, and a port "
            "between 1 and 65535."
        )
    return unquote(found[1].strip("[]")) or "localhost", port


def _parameters(query: str, shown: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        kind = _PARAMETERS.get(name)
        if kind is None:
            raise SetupError(
                f"The database address {shown!r} has the parameter {name!r}, which does not exist.",
                fix=f"Take it out, or write one of: {', '.join(sorted(_PARAMETERS))}.",
            )
        try:
            options[name] = _truth(text) if kind is bool else kind(text)
        except ValueError:
            expected = {int: "a whole number", float: "a number", bool: "true or false"}[kind]
            raise SetupError(
                f"The database address {shown!r} has {name}={text}; expected {expected}."
            ) from None
    return options


def _truth(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError(text)


def _checked(options: DatabaseOptions, shown: str) -> DatabaseOptions:
    problem = ""
    numbers = (getattr(options, name) for name, kind in _PARAMETERS.items() if kind in (int, float))
    if any(not 0 <= number < 1e9 for number in numbers):
        problem = "a number below 0 or beyond any measure among its parameters; expected 0 or more"
    elif options.max_size < 1:
        problem = f"max_size={options.max_size}; expected 1 or more"
    elif options.min_size > options.max_size:
        problem = (
            f"min_size={options.min_size} and max_size={options.max_size}; expected min_size to be smaller"
        )
    elif options.sslmode not in _TLS_MODES:
        problem = f"sslmode={options.sslmode}; expected one of {', '.join(_TLS_MODES)}"
    if problem:
        raise SetupError(f"The database address {shown!r} has {problem}.")
    return options
