"""Moments become UTC; a naive one is read in the active zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from asok_engine.records.zones import (
    _Project,
    active_zone,
    current_zone,
    from_utc,
    set_default_zone,
    to_utc,
    zone_name,
)


def test_naive_moment_is_read_in_the_active_zone() -> None:
    """What a person types is meant in her zone."""
    token = active_zone.set(ZoneInfo("Europe/Berlin"))
    try:
        assert to_utc(datetime(2026, 7, 1, 12)) == datetime(2026, 7, 1, 10, tzinfo=UTC)
        assert zone_name() == "Europe/Berlin"
    finally:
        active_zone.reset(token)
    assert to_utc(datetime(2026, 7, 1, 12)) == datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert zone_name() == "UTC"


def test_aware_moment_is_moved() -> None:
    """The moment is the same, the zone is UTC."""
    there = datetime(2026, 1, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert to_utc(there) == there
    assert to_utc(there).tzinfo is UTC


@pytest.fixture(autouse=True)
def _zone_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the zone of the project as a face may have set it."""
    monkeypatch.setattr(_Project, "zone", _Project.__dict__["zone"])
    set_default_zone(None)


def test_zone_of_the_project_holds_where_none_is_active() -> None:
    """Asked each time, so that a changed setting is seen; UTC where a face says nothing."""
    set_default_zone(lambda: ZoneInfo("Asia/Tokyo"))
    try:
        assert to_utc(datetime(2026, 1, 1, 9)) == datetime(2026, 1, 1, tzinfo=UTC)
        assert from_utc(datetime(2026, 1, 1, tzinfo=UTC)).isoformat() == "2026-01-01T09:00:00+09:00"
        token = active_zone.set(UTC)
        assert current_zone() is UTC
        active_zone.reset(token)
    finally:
        set_default_zone(None)
    assert current_zone() is UTC
