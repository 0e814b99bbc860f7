"""The time zone in which naive datetimes are meant: the one that is active in this context.

Values are aware and in UTC, in records and in the database. A face sets the zone
for a request; what has no offset is read in it. With `uses_time_zones` off, as the
settings may say, the zone is that of the project and nothing changes it.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo

__all__ = ["active_zone", "to_utc", "zone_name"]

#: The zone of this request or task.
active_zone: ContextVar[tzinfo] = ContextVar("active_zone", default=UTC)


def to_utc(value: datetime) -> datetime:
    """Move a moment to UTC; a naive one is read in the active zone."""
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        value = value.replace(tzinfo=active_zone.get())
    return value.astimezone(UTC)


def zone_name() -> str:
    """Give the name of the active zone, as databases know it."""
    zone = active_zone.get()
    return "UTC" if zone is UTC else str(getattr(zone, "key", None) or zone)
