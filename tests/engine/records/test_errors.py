"""Errors of records name the model, the field and what is near."""

from __future__ import annotations

from asok_engine.errors import InputError
from asok_engine.records.errors import (
    FieldProblem,
    InvalidRecord,
    NotLoaded,
    RecordNotFound,
    RefusedValue,
    unknown_name,
)


def test_unknown_name_says_what_was_meant() -> None:
    """A typing error is found at once; without one near, all names are listed."""
    error = unknown_name("titel", "Post", ["title", "views"])
    assert (error.status, error.message) == (400, "Post has no field 'titel'.")
    assert "Did you mean 'title'?" in str(error)
    assert "It has title, views." in str(unknown_name("xyz", "Post", ["views", "title"]))
    assert isinstance(error, ValueError)


def test_very_long_name_is_cut() -> None:
    """A name from outside does not fill the log."""
    assert len(unknown_name("a" * 10000, "Post", ["b"]).message) < 100


def test_report_has_messages_and_codes() -> None:
    """People read messages, programs read codes."""
    problem = FieldProblem("max_length", "is too long", max=3)
    error = InvalidRecord("no", problems={"title": [problem]})
    assert error.errors == {"title": ["is too long"]}
    assert error.problems["title"][0].parameters == {"max": 3}
    assert (error.field, error.status) == ("title", 422)
    assert InvalidRecord("no").field is None


def test_hook_names_the_field_of_its_error() -> None:
    """The message is told under the name of the field."""
    error = InvalidRecord("is taken", field="email")
    assert (error.field, error.errors) == ("email", {"email": ["is taken"]})


def test_kinds_are_found_by_their_bases() -> None:
    """A face or a page catches them by what they are."""
    assert issubclass(RecordNotFound, InputError)
    assert RecordNotFound.status == 404
    assert not issubclass(NotLoaded, AttributeError), "a template would show nothing"


def test_refused_value_is_the_clients_fault_and_names_the_field() -> None:
    """A page that lets it through answers with 422; what the field said stays."""
    problem = FieldProblem("integer", "must be a whole number")
    error = RefusedValue("author.id", problem)
    assert (error.status, error.code) == (422, "refused-value")
    assert error.message == "The value for 'author.id' must be a whole number."
    assert error.errors == {"author.id": ["must be a whole number"]}
    assert error.problem is problem
    assert isinstance(error, InputError)
    assert isinstance(error, ValueError)
