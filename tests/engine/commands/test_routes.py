"""Listed routes are readable, and JSON when asked."""

from __future__ import annotations

from asok_engine.commands.routes import table


def test_columns_are_aligned() -> None:
    """Each column is as wide as its widest cell; no line ends in spaces."""
    text = table(("PATTERN", "METHODS"), [("/", "GET"), ("/a/very/long/one", "GET POST")])
    assert text == "PATTERN           METHODS\n/                 GET\n/a/very/long/one  GET POST"
