"""The tables that every adapter reads and writes, their rows, and the address of the database.

An adapter imports this module and the library that it measures, and nothing else of
this folder. The harness makes and fills the tables; no adapter does.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

__all__ = ["ADDED", "GROUPS", "ITEMS", "PARENTS", "URL", "is_sqlite", "item", "new_items", "path", "server"]

#: `sqlite:////a/file` or `postgresql://postgres@127.0.0.1:port/name`; set before the adapter is imported.
URL = os.environ.get("DATABASE_URL", "")

ITEMS, GROUPS, PARENTS = 10_000, 100, 100
#: Items of this group and above are added by an operation and removed after the run.
ADDED = 1000


def item(number: int) -> dict[str, Any]:
    """Give the values of one of the `ITEMS` rows that are there from the beginning."""
    return {
        "name": f"item {number}",
        "grp": number % GROUPS,
        "score": number * 0.5,
        "active": number % 2 == 0,
        "note": None if number % 3 else f"note {number}",
    }


def new_items(count: int, group: int) -> list[dict[str, Any]]:
    """Give the values of items to be added."""
    return [
        {"name": f"new {number}", "grp": group, "score": number * 0.5, "active": True, "note": None}
        for number in range(count)
    ]


def is_sqlite() -> bool:
    """Whether the database is a file."""
    return URL.startswith("sqlite")


def path() -> str:
    """Give the file of the SQLite database."""
    return URL.removeprefix("sqlite:///")


def server() -> dict[str, Any]:
    """Give host, port, user and database of the PostgreSQL server."""
    parts = urlsplit(URL)
    return {
        "host": parts.hostname,
        "port": parts.port,
        "user": parts.username,
        "database": parts.path.removeprefix("/"),
    }
