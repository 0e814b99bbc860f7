"""The zone of a request, the zone of the project, and the settings that say which holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from aksara.conf import configure, reset_settings
from aksara.i18n import activate_timezone, get_timezone, get_timezone_name, localtime, reset_timezone
from asok_engine.errors import InputError
from asok_engine.records.zones import active_zone
from tests.aksara.library import Author, Writing

NAIVE = datetime(2026, 7, 1, 12)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    reset_settings()
    before = active_zone.set(None)
    yield
    active_zone.reset(before)
    reset_settings()


def kept_and_told(zone: str = "") -> tuple[datetime, str]:
    """Give what a naive noon becomes in the database, and how it is told, with a zone active."""

    async def deed() -> tuple[datetime, str]:
        author = await Author.objects.create(name="A", email="a@x.org")
        if zone:
            activate_timezone(zone)
        made = await Writing.objects.create(title="t", author=author, out_at=NAIVE)
        found = await Writing.objects.get(pk=made.pk)
        return found.out_at, found.to_dict("out_at")["out_at"].isoformat()

    return asyncio.run(deed())


@pytest.mark.setting("aksara.TIME_ZONE")
@pytest.mark.usefixtures("library")
def test_naive_moment_is_meant_in_the_zone_of_the_project() -> None:
    """Where no request has named one; it is kept in UTC and told in that zone."""
    configure(time_zone="Europe/Berlin")
    assert get_timezone_name() == "Europe/Berlin"
    told = "2026-07-01T12:00:00+02:00"
    assert kept_and_told() == (datetime(2026, 7, 1, 10, tzinfo=UTC), told)


@pytest.mark.setting("aksara.USE_TZ")
@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(("uses", "hour", "told"), [(True, 3, "+09:00"), (False, 10, "+02:00")])
def test_zone_of_a_request_holds_where_the_project_uses_zones(uses: bool, hour: int, told: str) -> None:
    """With USE_TZ off the project's zone goes on holding."""
    configure(time_zone="Europe/Berlin", use_tz=uses)
    assert kept_and_told("Asia/Tokyo") == (
        datetime(2026, 7, 1, hour, tzinfo=UTC),
        f"2026-07-01T12:00:00{told}",
    )


def test_zone_is_active_until_it_is_reset() -> None:
    """Zones nest as contexts do."""
    outer = activate_timezone("Asia/Tokyo")
    inner = activate_timezone(UTC)
    assert get_timezone() is UTC
    reset_timezone(inner)
    assert get_timezone() == ZoneInfo("Asia/Tokyo")
    reset_timezone(outer)
    assert get_timezone_name() == "UTC"


@pytest.mark.parametrize("name", ["Mars/Base", "../../etc/passwd", "/etc/passwd", "", "\0"])
def test_name_that_is_no_zone_is_the_clients_fault(name: str) -> None:
    """A header with a path in it answers 400 and opens no file (aksara 3.3)."""
    with pytest.raises(InputError, match="no time zone") as caught:
        activate_timezone(name)
    assert caught.value.status == 400


def test_moment_is_told_in_a_zone() -> None:
    """In the active one, or in one that is named; now by default."""
    moment = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert localtime(moment, "Asia/Tokyo").isoformat() == "2026-07-01T21:00:00+09:00"
    assert localtime(NAIVE).isoformat() == "2026-07-01T12:00:00+00:00"
    assert abs((localtime() - datetime.now(UTC)).total_seconds()) < 60
