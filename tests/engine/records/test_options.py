"""Meta is read, and a key that means nothing stops the start."""

from __future__ import annotations

import pytest

from asok_engine.errors import SetupError
from asok_engine.records.options import plural, read_options, table_name
from asok_engine.sql.tables import Check, Index


@pytest.mark.parametrize(
    ("model", "table"),
    [
        ("Post", "posts"),
        ("BlogCategory", "blog_categories"),
        ("HTTPLog", "http_logs"),
        ("Address", "addresses"),
        ("Day", "days"),
        ("Box2", "box2s"),
    ],
)
def test_table_is_named_after_the_model(model: str, table: str) -> None:
    """Snake case, plural."""
    assert table_name(model) == table


def test_plural_goes_by_the_ending() -> None:
    """Good enough to read; a model may name its table."""
    assert [plural(word) for word in ("city", "boy", "match", "bus", "tag")] == [
        "cities",
        "boys",
        "matches",
        "buses",
        "tags",
    ]


def test_options_are_read_in_their_forms() -> None:
    """One name or several, a tuple of columns or an index with a name."""

    class Meta:
        db_table = "things"
        ordering = "-id"
        unique_together = ("a", "b")
        indexes = ["a", ("a", "b"), Index(("b",), name="ix_b")]
        constraints = [Check("a > 0")]
        ai_agent_exposed = True

    options = read_options("Thing", Meta, {})
    assert options.table_name == "things"
    assert options.ordering == ("-id",)
    assert options.unique_together == (("a", "b"),)
    assert [index.columns for index in options.indexes] == [("a",), ("a", "b"), ("b",)]
    assert options.constraints == (Check("a > 0"),)
    assert options.extra == {"ai_agent_exposed": True}


def test_names_on_the_class_count_too() -> None:
    """The older forms of both faces."""
    options = read_options("Thing", None, {"__tablename__": "x", "__abstract__": True})
    assert (options.table_name, options.abstract) == ("x", True)


def test_unknown_key_is_an_error() -> None:
    """An option that is ignored in silence lies."""
    meta = type("Meta", (), {"orderin": ("id",)})
    with pytest.raises(SetupError, match="Did you mean 'ordering'"):
        read_options("Thing", meta, {})
