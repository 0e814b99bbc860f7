"""A statement for people's eyes has its parameters in their places."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from asok_engine.sql.display import display_sql


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a = ? AND b = ?", "a = 1 AND b = 'x'"),
        ("a = %s AND b = %s", "a = 1 AND b = 'x'"),
        ("b = $2 AND a = $1", "b = 'x' AND a = 1"),
    ],
)
def test_every_style_of_parameters_is_filled(text: str, shown: str) -> None:
    """Question marks, `%s` and numbered places get the values that belong there."""
    assert display_sql(text, (1, "x")) == shown


def test_signs_inside_of_quotes_are_left_alone() -> None:
    """A question mark in a string or a name is no place; a doubled percent sign is one."""
    assert display_sql("SELECT '?', \"a?\", `%s`, 5 %% 2 WHERE a = ?", (3,)) == (
        "SELECT '?', \"a?\", `%s`, 5 % 2 WHERE a = 3"
    )


def test_values_are_written_as_sql_has_them() -> None:
    """None, truths, bytes, moments and quotes have a form; what is long is cut."""
    moment = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    values = (None, True, False, 1.5, b"\x01\xff", moment, "it's")
    assert display_sql("? ? ? ? ? ? ?", values) == (
        "NULL TRUE FALSE 1.5 X'01ff' '2026-01-02 03:04:00+00:00' 'it''s'"
    )
    assert len(display_sql("?", ("x" * 5000,))) < 250
