"""Which names are near enough to be meant, and which are somebody's own."""

from __future__ import annotations

import pytest

from asok_engine.settings.spelling import did_you_mean, distance, nearest

NAMES = ["DEBUG", "SECRET_KEY", "CSP", "MAIL_TLS", "GZIP", "GZIP_MIN_SIZE"]


@pytest.mark.parametrize(
    ("left", "right", "slips"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("DEBUG", "DEBUG", 0),
        ("DEBGU", "DEBUG", 1),
        ("SECERT", "SECRET", 1),
        ("ab", "cd", 2),
    ],
)
def test_distance_counts_slips(left: str, right: str, slips: int) -> None:
    """A letter too many, too few, wrong or swapped counts one, in both directions."""
    assert distance(left, right) == distance(right, left) == slips


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DEBG", ["DEBUG"]),
        ("debug", ["DEBUG"]),
        ("SECERT_KEY", ["SECRET_KEY"]),
        ("SECRETKEYS", ["SECRET_KEY"]),
        ("GZIP_MINSIZE", ["GZIP_MIN_SIZE"]),
        ("GZIPP", ["GZIP"]),
        ("CSS", []),
        ("MAIL_TO", []),
        ("STRIPE_KEY", []),
    ],
)
def test_a_slip_finds_its_name_and_another_word_does_not(name: str, meant: list[str]) -> None:
    """Short names allow one slip, long ones two, and three letters none."""
    assert nearest(name, NAMES) == meant


def test_the_question_is_empty_without_names() -> None:
    """Nothing near is nothing said."""
    assert did_you_mean([]) == ""
    assert did_you_mean(["A", "B"]) == "Did you mean A or B?"
