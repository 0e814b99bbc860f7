"""What the log says of an application that does not start."""

import logging

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


@pytest.mark.parametrize("is_setup", [True, False])
def test_anything_else_is_told_with_its_traceback(caplog: pytest.LogCaptureFixture, is_setup: bool) -> None:
    """Also where a setup error has a cause, which somebody may need to see."""
    error: Exception = ValueError("no")
    if is_setup:
        error = SetupError("It could not be read.")
        error.__cause__ = OSError("gone")
    record = told(caplog, error)
    assert record.exc_info is not None
    assert record.exc_info[1] is error
