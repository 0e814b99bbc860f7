"""The error tree is what its first lines draw, and each error says enough."""

from __future__ import annotations

import inspect
import re

import pytest

from asok_engine import errors
from asok_engine.errors import (
    Abort,
    BackendUnavailable,
    FrameworkError,
    InputError,
    NotFoundError,
    OutsideError,
    Redirect,
    SetupError,
    Stop,
    TooManyRequests,
    UsageError,
)

KINDS = [
    value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, FrameworkError)
]


def test_drawn_tree_is_the_tree() -> None:
    """Each line of the drawing names a class below the one it hangs from."""
    drawn: dict[str, str] = {}
    parents: list[str] = ["FrameworkError"]
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│ ]*)[├└]── (\w+)", line)
        if found:
            depth = len(found[1]) // 4
            drawn[found[2]] = parents[depth]
            parents[depth + 1 :] = [found[2]]
    assert drawn
    assert drawn == {
        kind.__name__: kind.__bases__[0].__name__ for kind in KINDS if kind is not FrameworkError
    }


def test_every_error_is_exported_with_a_code_and_a_promise() -> None:
    """The code is unique and stable; the docstring is the default message."""
    assert {kind.__name__ for kind in KINDS} == set(errors.__all__)
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    for kind in KINDS:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code), kind
        assert (kind.__doc__ or "").partition("\n")[0].endswith("."), kind


def test_message_and_fix_are_apart_and_together() -> None:
    """Programs read them apart, people together."""
    error = UsageError("It is blue.", fix="Paint it red.")
    assert (error.message, error.fix, str(error)) == (
        "It is blue.",
        "Paint it red.",
        "It is blue. Paint it red.",
    )
    assert str(UsageError("It is blue.")) == "It is blue."
    assert str(UsageError("Blue are:\n  it\n", fix="Paint it red.")) == "Blue are:\n  it\nPaint it red."


def test_default_message_is_the_promise() -> None:
    """An error without words still says what it is."""
    assert NotFoundError().message == "There is nothing at this address."
    assert str(TooManyRequests()) == "Too many requests came in too short a time."


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("InputError", 400),
        ("BodyTooLarge", 413),
        ("MalformedBody", 400),
        ("UnsupportedBody", 415),
        ("NotFoundError", 404),
        ("UnauthorizedError", 401),
        ("ForbiddenError", 403),
        ("TooManyRequests", 429),
        ("OutsideError", 500),
        ("BackendUnavailable", 503),
    ],
)
def test_status_belongs_to_the_kind(name: str, status: int) -> None:
    """And one error may carry another without changing its kind."""
    kind = getattr(errors, name)
    assert kind().status == status
    if issubclass(kind, InputError) and kind is not TooManyRequests:
        assert kind("x", status=422).status == 422
        assert kind("x").status == status


def test_input_error_keeps_its_report() -> None:
    """Copies, so that the caller's lists stay the caller's."""
    report, headers = {"email": ["is no address"]}, {"X-One": "1"}
    error = InputError("Wrong.", errors=report, headers=headers)
    report["email"].append("more")
    headers["X-Two"] = "2"
    assert error.errors == {"email": ["is no address"]}
    assert error.headers == {"X-One": "1"}
    assert (InputError().errors, InputError().headers) == ({}, {})


def test_too_many_requests_knows_when_to_come_back() -> None:
    """In whole seconds, also as a header."""
    error = TooManyRequests(retry_after=30)
    assert (error.retry_after, error.headers) == (30, {"Retry-After": "30"})


def test_early_ends_carry_what_to_answer() -> None:
    """They are no failures of the client."""
    assert (Redirect("/x").url, Redirect("/x").status, Redirect("/x", 301).status) == ("/x", 302, 301)
    assert (Abort(418, "tea").status, Abort(418, "tea").text, Abort(418).text) == (418, "tea", "")
    for error in (Redirect("/x"), Abort(404)):
        assert isinstance(error, Stop)
        assert not isinstance(error, InputError)


def test_setup_error_is_what_the_seed_promises() -> None:
    """A start without SECRET_KEY raises RuntimeError."""
    assert issubclass(SetupError, RuntimeError)


def test_cause_of_an_outside_error_is_kept() -> None:
    """The original error stays for the log."""
    try:
        try:
            raise ConnectionRefusedError("port 6379")
        except ConnectionRefusedError as refused:
            raise BackendUnavailable("Redis does not answer.") from refused
    except OutsideError as error:
        assert isinstance(error.__cause__, ConnectionRefusedError)
