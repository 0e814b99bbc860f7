"""The error that carries problems."""

from __future__ import annotations

from asok_engine.errors import SetupError
from asok_engine.settings.problem import Problem, SettingsError, UnknownSetting

ONE = Problem("A", "A is wrong.", "Correct A.")
TWO = Problem("B", "B is missing.")


def test_one_problem_is_the_message_and_its_fix() -> None:
    """The debug page shows the fix by itself."""
    error = SettingsError([ONE])
    assert (str(error), error.fix) == ("A is wrong. Correct A.", "Correct A.")


def test_several_problems_are_a_list() -> None:
    """Each stands on its own line, and the error is a RuntimeError found at start."""
    error = SettingsError([ONE, TWO])
    assert str(error) == "2 settings are wrong:\n  - A is wrong. Correct A.\n  - B is missing."
    assert error.problems == (ONE, TWO)
    assert isinstance(error, SetupError)
    assert isinstance(error, RuntimeError)


def test_an_unknown_setting_is_a_key_error_that_reads_as_a_sentence() -> None:
    """Mappings may raise it, and its text is not the quoted repr of a key."""
    error = UnknownSetting([ONE])
    assert isinstance(error, KeyError)
    assert str(error) == "A is wrong. Correct A."
