"""Counting connections and messages."""

from __future__ import annotations

import resource

import pytest

from asok_engine.errors import UsageError
from asok_engine.realtime.limits import Admission, Limits, MessageRate, open_files_limit


def test_connections_of_an_address_are_limited_and_given_back() -> None:
    """One address gets its share; when one leaves, another may come."""
    admission = Admission(Limits(max_per_address=2))
    assert [admission.enter("203.0.113.5") for _ in range(3)] == [0, 0, 429]
    assert admission.enter("203.0.113.6") == 0
    admission.leave("203.0.113.5")
    assert admission.enter("203.0.113.5") == 0
    assert admission.count == 3


def test_all_connections_are_limited() -> None:
    """Beyond the limit of the process the answer is 503, whoever asks."""
    admission = Admission(Limits(max_connections=2))
    assert [admission.enter(f"203.0.113.{n}") for n in range(3)] == [0, 0, 503]


def test_loopback_is_not_counted_by_address() -> None:
    """Behind a proxy that is not trusted everybody comes from here."""
    admission = Admission(Limits(max_per_address=1))
    assert [admission.enter("127.0.0.1"), admission.enter("127.0.0.1"), admission.enter("::1")] == [0, 0, 0]


def test_limit_of_open_files_is_never_used_up() -> None:
    """A process that may open 512 files takes no 10 000 connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        assert open_files_limit() == 448
        assert Admission(Limits(max_connections=10_000)).max_connections == 448
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_burst_passes_and_a_flood_does_not() -> None:
    """The bucket lets a burst through and then as many a second as it fills with."""
    rate = MessageRate(10.0, 20, now=0.0)
    assert [rate.allows(0.0) for _ in range(21)] == [True] * 20 + [False]
    assert [rate.allows(1.0) for _ in range(11)] == [True] * 10 + [False]
    assert [rate.allows(100.0) for _ in range(21)].count(True) == 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_connections": 0},
        {"max_message_bytes": -1},
        {"max_followed": 0},
        {"max_rooms": 0},
        {"ping_seconds": 0},
    ],
)
def test_limit_that_limits_everything_is_refused(wrong: dict[str, int]) -> None:
    """A zero is a slip; None says that there is no limit."""
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Limits(**wrong)
    assert Limits(ping_seconds=None).ping_seconds is None
