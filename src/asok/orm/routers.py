"""Routers choose the database for a model: one to read from, one to write to.

A router that gives None leaves the choice to the next one, and the last to the
model (`Meta.database`). Inside of a transaction everything goes to its database.
"""

from __future__ import annotations

from typing import Any

from asok_engine.database.databases import databases
from asok_engine.errors import UsageError
from asok_engine.records.registry import registry
from asok_engine.sql.statements import Statement

__all__ = ["BaseDatabaseRouter", "register_router", "unregister_router"]


class BaseDatabaseRouter:
    """Decides nothing; a subclass overrides what it wants to decide."""

    def db_for_read(self, model: type[Any], **hints: Any) -> str | None:
        """Give the alias of the database that records of a model are read from, None to leave it open."""
        return None

    def db_for_write(self, model: type[Any], **hints: Any) -> str | None:
        """Give the alias of the database that records of a model are written to, None to leave it open."""
        return None


_routers: list[BaseDatabaseRouter] = []


def register_router(router: BaseDatabaseRouter) -> BaseDatabaseRouter:
    """Ask this router from now on, behind those that were registered before; give it back.

    Raises:
        UsageError: it has not the methods of a router.
    """
    if not hasattr(router, "db_for_read") or not hasattr(router, "db_for_write"):
        raise UsageError(
            f"{router!r} is no router: it has no db_for_read or no db_for_write.",
            fix="Inherit from asok.orm.BaseDatabaseRouter, and register an object, not the class.",
        )
    _routers.append(router)
    databases.router = _route
    return router


def unregister_router(router: BaseDatabaseRouter) -> None:
    """Ask this router no more."""
    _routers.remove(router)
    if not _routers:
        databases.router = None


def _route(statement: Statement) -> str | None:
    model = registry.of_table(statement.table_name)
    if model is None:
        return None
    for router in _routers:
        alias = router.db_for_write(model) if statement.writes else router.db_for_read(model)
        if alias is not None:
            return alias
    return None
