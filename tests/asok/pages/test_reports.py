"""The laws of problems and notes."""

from __future__ import annotations

from pathlib import Path

from asok.pages.reports import PageNote, PageProblem
from asok_engine.errors import SetupError


def test_problem_becomes_an_error_with_its_cause() -> None:
    """The error to raise carries the sentence, the fix and what the page's code raised; each time anew."""
    cause = ValueError("no")
    problem = PageProblem(Path("page.py"), 3, "page.py, line 3: ValueError: no.", "Say yes.", cause)
    error = problem.to_error()
    assert isinstance(error, SetupError)
    assert str(error) == str(problem) == "page.py, line 3: ValueError: no. Say yes."
    assert error.fix == "Say yes."
    assert error.__cause__ is cause
    assert problem.to_error() is not error


def test_note_is_its_sentence() -> None:
    """A note prints as what it says."""
    assert str(PageNote(Path("x.py"), "x.py is no page.")) == "x.py is no page."
