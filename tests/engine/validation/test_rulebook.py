"""The book of rules: own rules, names, what is given to a rule."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import UsageError
from asok_engine.validation.rulebook import Rulebook
from asok_engine.validation.standard import STANDARD
from tests.engine.validation.judging import codes, message


def test_own_rule_gets_value_argument_and_data() -> None:
    """`fn(value, argument, data)`; what it gives is true or false."""
    book = Rulebook(STANDARD)
    seen: list[Any] = []

    def starts(value: Any, argument: str, data: Any) -> bool:
        seen.append((value, argument, dict(data)))
        return str(value).startswith(argument)

    book.register("starts", starts, "Must start with {arg}.")
    assert codes("starts:ab", "abc", rulebook=book, other="x") == []
    assert message("starts:ab", "xyz", rulebook=book) == "Must start with ab."
    assert seen[0] == ("abc", "ab", {"it": "abc", "other": "x"})


def test_own_rule_gets_the_value_that_a_typing_rule_made() -> None:
    """After `integer` a rule of the application works with a number."""
    book = Rulebook(STANDARD)
    book.register("even", lambda value, argument, data: value % 2 == 0, "Must be even.")
    assert codes("even|integer", "4", rulebook=book) == []
    assert codes("even|integer", "5", rulebook=book) == ["even"]


def test_registering_again_replaces_an_own_rule() -> None:
    """A page that is loaded anew brings its rule anew."""
    book = Rulebook(STANDARD)
    book.register("never", lambda *_: True, "no")
    book.register("never", lambda *_: False, "no")
    assert codes("never", "x", rulebook=book) == ["never"]


@pytest.mark.parametrize("name", ["required", "a|b", "a:b", ""])
def test_name_that_is_taken_or_cannot_be_written_is_refused(name: str) -> None:
    """An own `required` would change every form of the application."""
    with pytest.raises(UsageError, match="rule"):
        Rulebook(STANDARD).register(name, lambda *_: True, "x")


def test_unknown_rule_is_named_with_the_nearest() -> None:
    """A misspelt rule never passes silently."""
    with pytest.raises(UsageError, match="no rule 'requird'.*required"):
        codes("requird", "x")
    assert "required" in Rulebook(STANDARD)
    assert "email" in Rulebook(STANDARD).names()


def test_rule_without_its_argument_is_refused() -> None:
    """`min` alone means nothing."""
    with pytest.raises(UsageError, match="'min' of 'it' has no argument"):
        codes("min", "x")
