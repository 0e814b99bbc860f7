"""The time zone that holds for a request or a task: naive moments are meant in it, and shown in it.

Moments are kept in UTC. Where nothing is active the setting TIME_ZONE holds; with
USE_TZ off it always does.
"""

from __future__ import annotations

from contextvars import Token
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aksara.conf import settings
from asok_engine.errors import InputError
from asok_engine.records.zones import active_zone, current_zone, set_default_zone, zone_name

__all__ = ["activate_timezone", "get_timezone", "get_timezone_name", "localtime", "reset_timezone"]


def _zone_of(zone: str | tzinfo) -> tzinfo:
    if isinstance(zone, tzinfo):
        return zone
    try:
        return UTC if zone == "UTC" else ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            f"There is no time zone {zone[:60]!r}.", fix="Give a name such as Europe/Berlin.", status=400
        ) from None


def _of_the_project() -> tzinfo:
    return _zone_of(settings.TIME_ZONE)


def activate_timezone(zone: str | tzinfo) -> Token[tzinfo | None]:
    """Let a zone hold in this context until `reset_timezone` gets what this gives.

    With USE_TZ off the project's own zone goes on holding.

    Raises:
        InputError: there is no zone of this name.
    """
    found = _zone_of(zone)
    return active_zone.set(found if settings.USE_TZ else None)


def reset_timezone(token: Token[tzinfo | None]) -> None:
    """Let the zone hold again that held before."""
    active_zone.reset(token)


def get_timezone() -> tzinfo:
    """Give the zone that holds here."""
    return current_zone()


def get_timezone_name() -> str:
    """Give the name of the zone that holds here."""
    return zone_name()


def localtime(value: datetime | None = None, zone: str | tzinfo | None = None) -> datetime:
    """Give a moment, now by default, in a zone, by default the one that holds here; a naive one is in UTC."""
    moment = datetime.now(UTC) if value is None else value
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(current_zone() if zone is None else _zone_of(zone))


set_default_zone(_of_the_project)
