"""The time zone in which naive datetimes are meant: the one that is active in this context.

Values are aware and in UTC, in records and in the database. A face sets the zone
for a request; what has no offset is read in it. Where none is active the zone is that
of the project, which a face tells with `set_default_zone`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo

__all__ = ["active_zone", "current_zone", "from_utc", "set_default_zone", "to_utc", "zone_name"]

#: The zone of this request or task, None where the project's own holds.
active_zone: ContextVar[tzinfo | None] = ContextVar("active_zone", default=None)


def _utc() -> tzinfo:
    return UTC


class _Project:
    """What the project says of zones."""

    zone: Callable[[], tzinfo] = staticmethod(_utc)


def set_default_zone(zone: Callable[[], tzinfo] | None) -> None:
    """Ask this function for the zone where none is active; None stands for UTC."""
    _Project.zone = staticmethod(zone or _utc)


def current_zone() -> tzinfo:
    """Give the zone that holds here."""
    return active_zone.get() or _Project.zone()


def to_utc(value: datetime) -> datetime:
    """Move a moment to UTC; a naive one is read in the zone that holds here."""
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        value = value.replace(tzinfo=current_zone())
    return value.astimezone(UTC)


def from_utc(value: datetime) -> datetime:
    """Move a moment to the zone that holds here, for people and programs outside."""
    zone = current_zone()
    return value if value.tzinfo is zone else value.astimezone(zone)


def zone_name() -> str:
    """Give the name of the zone that holds here, as databases know it."""
    zone = current_zone()
    return "UTC" if zone is UTC else str(getattr(zone, "key", None) or zone)
