"""Errors of models have the names that applications use, and the status that a page answers with."""

from __future__ import annotations

from asok.orm import errors
from asok_engine.errors import InputError


def test_model_error_takes_a_message_and_a_field() -> None:
    """As a hook of a model raises it."""
    error = errors.ModelError("is in the past", field="date")
    assert (error.field, error.errors, error.status) == ("date", {"date": ["is in the past"]}, 422)
    assert str(error) == "is in the past"


def test_errors_have_the_status_of_their_fault() -> None:
    """The client's faults are told as such; an outage is one."""
    assert issubclass(errors.ModelError, InputError)
    assert issubclass(errors.NotUnique, errors.ModelError)
    found = {name: getattr(errors, name).status for name in ("NotUnique", "RecordNotFound", "PoolExhausted")}
    assert found == {"NotUnique": 409, "RecordNotFound": 404, "PoolExhausted": 503}
