"""The face's error names are the engine's errors."""

from __future__ import annotations

import inspect

import pytest

from asok import exceptions
from asok_engine import errors
from asok_engine.templates.errors import TemplateError


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("AsokException", errors.FrameworkError),
        ("AbortException", errors.Abort),
        ("RedirectException", errors.Redirect),
        ("NotFoundError", errors.NotFoundError),
        ("ForbiddenError", errors.ForbiddenError),
        ("UnauthorizedError", errors.UnauthorizedError),
        ("RateLimitExceeded", errors.TooManyRequests),
        ("TemplateError", TemplateError),
    ],
)
def test_each_name_is_the_engine_s_class(name: str, engine: type[Exception]) -> None:
    """So one `except` catches what either of them raises."""
    assert getattr(exceptions, name) is engine
    assert name in exceptions.__all__


def test_all_of_them_are_exceptions_of_asok() -> None:
    """`except AsokException` is a net for everything that the framework raises on purpose."""
    for name in exceptions.__all__:
        kind = getattr(exceptions, name)
        assert inspect.isclass(kind)
        assert issubclass(kind, exceptions.AsokException)


def test_limit_that_is_exceeded_knows_when_to_come_back() -> None:
    """Handlers read `retry_after`."""
    with pytest.raises(exceptions.RateLimitExceeded) as caught:
        raise exceptions.RateLimitExceeded(retry_after=12)
    assert caught.value.retry_after == 12
