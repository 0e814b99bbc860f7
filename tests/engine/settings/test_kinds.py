"""What each kind of value accepts, from text and from code, and that nothing else falls back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asok_engine.settings import kinds
from asok_engine.settings.kinds import Kind

ACCEPTED: list[tuple[Kind, Any, Any]] = [
    *[(kinds.BOOL, word, True) for word in ("1", "true", "YES", " On ", True, 1)],
    *[(kinds.BOOL, word, False) for word in ("0", "false", "No", "OFF", False, 0)],
    (kinds.integer(), " 500 ", 500),
    (kinds.integer(1, 65535), 65535, 65535),
    (kinds.number(), "2.5", 2.5),
    (kinds.number(), 3, 3.0),
    (kinds.TEXT, "", ""),
    (kinds.FILE, Path("a/b"), "a/b"),
    (kinds.LIST, "a, b ,,c", ["a", "b", "c"]),
    (kinds.LIST, '["a,b", "c"]', ["a,b", "c"]),
    (kinds.LIST, "", []),
    (kinds.LIST, [""], []),
    (kinds.LIST, ("a", " b "), ["a", "b"]),
    (kinds.LIST, {"b", "a"}, ["a", "b"]),
    (kinds.REFERENCES, "app.One,app.Two", ["app.One", "app.Two"]),
    (kinds.REFERENCES, [Path, ("app.One", {"a": 1})], [Path, ("app.One", {"a": 1})]),
    (kinds.REFERENCE, "app.One", "app.One"),
    (kinds.REFERENCE, Path, Path),
    (kinds.DICT, '{"a": 1}', {"a": 1}),
    (kinds.DICT, "", {}),
    (kinds.BOOL_OR_DICT, "off", False),
    (kinds.BOOL_OR_DICT, '{"X-Frame-Options": null}', {"X-Frame-Options": None}),
    (kinds.CALLABLE, len, len),
    (kinds.optional(kinds.integer()), "none", None),
    (kinds.optional(kinds.integer()), "", None),
    (kinds.optional(kinds.TEXT), None, None),
    (kinds.optional(kinds.integer()), "7", 7),
    (kinds.choice("Lax", "None"), "none", "None"),
    (kinds.choice("console", or_dotted=True), "mine.Backend", "mine.Backend"),
    (kinds.choices("console", "file"), "FILE, console", ["file", "console"]),
]

REFUSED: list[tuple[Kind, Any]] = [
    *[(kinds.BOOL, value) for value in ("maybe", "", "2", 2, None, 1.0, [])],
    *[
        (kinds.integer(), value)
        for value in ("abc", "", "1.5", "-1", True, 1.0, None, "1_000", "٣", "9" * 30)
    ],
    (kinds.integer(1, 65535), 0),
    (kinds.integer(1, 65535), "65536"),
    *[(kinds.number(), value) for value in ("nan", "inf", "1e999", "x", True, -0.1, None)],
    (kinds.number(exclusive=True), 0),
    (kinds.TEXT, 5),
    (kinds.TEXT, None),
    (kinds.FILE, ""),
    (kinds.FILE, "a\0b"),
    (kinds.FILE, b"bytes"),
    (kinds.LIST, "[1, 2]"),
    (kinds.LIST, "[broken"),
    (kinds.LIST, {"a": 1}),
    (kinds.LIST, 5),
    (kinds.REFERENCES, [5]),
    (kinds.REFERENCE, " "),
    (kinds.DICT, "[1]"),
    (kinds.DICT, "not json"),
    (kinds.DICT, {1: 2}),
    (kinds.BOOL_OR_DICT, "perhaps"),
    (kinds.CALLABLE, "name.of.function"),
    (kinds.choice("memory", "redis"), "mongo"),
    (kinds.choice("memory", "redis"), ""),
    (kinds.choice("console", or_dotted=True), "smpt"),
    (kinds.choice("console", or_dotted=True), "not a.name"),
    (kinds.choices("console", "file"), "syslog"),
]


@pytest.mark.parametrize(("kind", "given", "value"), ACCEPTED)
def test_accepted_forms_become_the_value(kind: Kind, given: Any, value: Any) -> None:
    """Text and values of code are read by the same rule, to a value of the exact type."""
    result = kind.read(given)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(("kind", "given"), REFUSED)
def test_everything_else_is_refused(kind: Kind, given: Any) -> None:
    """A kind raises ValueError and never gives a default in place of a wrong value."""
    with pytest.raises(ValueError):
        kind.read(given)


def test_a_read_list_is_not_the_given_one() -> None:
    """What the caller does with its list afterwards does not change a setting."""
    given = ["a"]
    result = kinds.LIST.read(given)
    given.append("b")
    assert result == ["a"]


def test_the_expectation_names_bounds_and_words() -> None:
    """Messages are made from the kind, so the kind says its bounds."""
    assert kinds.integer(1, 65535).expected == "a whole number from 1 to 65535"
    assert kinds.integer(0).expected == "a whole number of at least 0"
    assert kinds.number(exclusive=True).expected == "a number above 0"
    assert kinds.choice("a", "b").expected == "one of a, b"
    assert kinds.optional(kinds.TEXT).annotation == "str | None"
