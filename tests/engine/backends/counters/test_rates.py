"""How rates are read."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.backends.counters.rates import Rate, parse_rate
from asok_engine.errors import SetupError


@pytest.mark.parametrize(
    ("text", "limit", "seconds"),
    [
        ("5/s", 5, 1),
        ("5/m", 5, 60),
        ("5/h", 5, 3600),
        ("5/d", 5, 86400),
        ("1/sec", 1, 1),
        ("10/second", 10, 1),
        ("10/seconds", 10, 1),
        ("10/min", 10, 60),
        ("10/minute", 10, 60),
        ("100/hour", 100, 3600),
        ("7/days", 7, 86400),
        ("3/15m", 3, 900),
        ("3 / 15 minutes", 3, 900),
        ("100 per minute", 100, 60),
        (" 5/M ", 5, 60),
        ((5, 60), 5, 60),
        ((5, 0.5), 5, 0.5),
        (Rate(5, 60), 5, 60),
    ],
)
def test_each_accepted_form_is_read(text: Any, limit: int, seconds: float) -> None:
    """Every documented way to write a rate means what it says."""
    assert parse_rate(text) == (limit, seconds)


@pytest.mark.parametrize(
    "bad",
    ["", "5", "5/", "/m", "5/x", "5m", "0/m", "-5/m", "5/0m", "1.5/m", "five/m", "5/m/h", "5/m; 3/h", "٥/m"]
    + ["9" * 5000 + "/m", None, 5, (5,), (5, 0), (0, 60), (5, -1), (5, float("nan")), (5, float("inf"))]
    + [(True, 60), ("5", 60), (5, "60"), (5.0, 60), (1, 2, 3), []],
)
def test_a_rate_that_cannot_be_read_stops_the_start(bad: Any) -> None:
    """Nothing is guessed: the message shows the value and the accepted forms."""
    with pytest.raises(SetupError, match=r"5/m.*100/hour.*\(5, 60\)"):
        parse_rate(bad)


def test_a_rate_has_named_parts() -> None:
    """The parts are read by name, the window in seconds."""
    rate = parse_rate("5/m")
    assert (rate.limit, rate.window_seconds) == (5, 60.0)
    assert isinstance(rate.window_seconds, float)
