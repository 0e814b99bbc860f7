"""What the log says of an application that does not start."""

import logging
import os

import pytest

from asok_engine.errors import SetupError
from asok_engine.servers.starting import tell_of_failed_start


def told(caplog: pytest.LogCaptureFixture, error: Exception) -> logging.LogRecord:
    """Tell of an error, and give the one record of it."""
    tell_of_failed_start(error)
    (record,) = caplog.records
    return record


def test_what_says_itself_what_is_wrong_is_told_without_frames(caplog: pytest.LogCaptureFixture) -> None:
    """The sentence is the whole record."""
    record = told(caplog, SetupError("Setting DATABASE_URL is empty."))
    assert record.levelno == logging.CRITICAL
    assert record.getMessage() == "The application did not start: Setting DATABASE_URL is empty."
    assert record.exc_info is None


def test_cause_within_the_framework_or_python_adds_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A folder that cannot be made, a package that is missing: the sentence has what the system said."""
    error = SetupError("The folder cannot be made: gone.")
    with pytest.raises(OSError) as gone:
        os.makedirs(os.devnull + "/below")
    error.__cause__ = gone.value.with_traceback(
        gone.value.__traceback__.tb_next if gone.value.__traceback__ else None
    )
    record = told(caplog, error)
    assert record.exc_text is None
    assert record.exc_info is None


def test_code_that_cannot_be_read_is_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """File, line and what is wrong are in the sentence; a second worker says them once more."""
    error = SetupError("src/pages/page.py, line 1: SyntaxError: expected ':'.")
    error.__cause__ = SyntaxError("expected ':'")
    assert told(caplog, error).exc_text is None


@pytest.mark.parametrize("is_setup", [True, False])
def test_what_other_code_raised_is_told_with_its_frames(
    caplog: pytest.LogCaptureFixture, is_setup: bool
) -> None:
    """Also where it has become a sentence of ours: somebody may need to see the way there."""
    try:
        exec(compile("{}['a']", "/site/src/models/user.py", "exec"), {})
    except KeyError as raised:
        error: Exception = raised
    if is_setup:
        cause, error = error, SetupError("It could not be read.")
        error.__cause__ = cause
    text = told(caplog, error).exc_text
    assert text is not None
    assert 'File "/site/src/models/user.py", line 1' in text
    assert text.endswith("It could not be read." if is_setup else "KeyError: 'a'")
