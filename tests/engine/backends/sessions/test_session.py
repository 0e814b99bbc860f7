"""A session as a dictionary: what counts as changed, and what may be in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import pytest

from asok_engine.backends.sessions.session import Session
from asok_engine.errors import UsageError

STORED = {"n": b"1", "cart": b'{"rows":[1,2]}', "@csrf": b'"seed"'}


def make(stored: Mapping[str, bytes] | None = None) -> Session:
    """Make a session whose ids are id1, id2 and so on."""
    numbers = itertools.count(1)
    return Session(lambda: f"id{next(numbers)}", "came-in" if stored else "", stored)


def test_untouched_session_is_not_modified() -> None:
    """Reading changes nothing; the framework's own values are apart from the visitor's."""
    session = make(STORED)
    assert session["cart"]["rows"] == [1, 2]
    assert dict(session) == {"n": 1, "cart": {"rows": [1, 2]}}
    assert session.own == {"csrf": "seed"}
    assert session.modified is False
    assert session.changes() == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda s: s.update(n=2), {"n": b"2"}),
        (lambda s: s["cart"]["rows"].append(3), {"cart": b'{"rows":[1,2,3]}'}),
        (lambda s: s["cart"].setdefault("deep", {}).update(a=1), {"cart": b'{"rows":[1,2],"deep":{"a":1}}'}),
        (lambda s: s.pop("n"), {"n": None}),
        (lambda s: s.clear(), {"n": None, "cart": None}),
        (lambda s: s.own.pop("csrf"), {"@csrf": None}),
        (lambda s: s.own.update(other=1), {"@other": b"1"}),
        (lambda s: s.update(n=True), {"n": b"true"}),
        (lambda s: (s.pop("n"), s.update(m=1)), {"n": None, "m": b"1"}),
        (lambda s: s.update(n=1), {}),
    ],
)
def test_changes_are_what_differs(
    change: Callable[[Session], object], expected: Mapping[str, bytes | None]
) -> None:
    """Also deep inside a value, and also when a value is put back as it was."""
    session = make(STORED)
    change(session)
    assert session.changes() == expected
    assert session.modified is bool(expected)


def test_modified_can_be_said() -> None:
    """For code that sets it by habit; saving takes it back."""
    session = make(STORED)
    session.modified = True
    assert session.modified is True
    session.saved("h", {})
    assert session.modified is False


@pytest.mark.parametrize(("key", "value"), [("@x", 1), (7, 1), ("x", object()), ("x", {"a": {1, object()}})])
def test_what_cannot_be_kept_is_named(key: object, value: object) -> None:
    """The key is in the message."""
    session = make()
    session[key] = value  # type: ignore[index]
    with pytest.raises(UsageError, match=str(key)):
        session.changes()


def test_value_that_is_not_json_is_missing() -> None:
    """A record that was tampered with is as if it had not been there (case 104)."""
    session = make({"a": b"\x80pickle", "b": b"2"})
    assert dict(session) == {"b": 2}


def test_rotating_makes_another_id_and_forgets_the_form_seed() -> None:
    """Tokens of before are not good afterwards; whose session it is may change with it."""
    session = make(STORED)
    assert session.sid == "came-in"
    session.rotate("user:1", remember=True)
    assert (session.sid, session.user_key, session.is_remembered) == ("id1", "user:1", True)
    assert "csrf" not in session.own
    assert dict(session)["n"] == 1
    session.rotate()
    assert (session.sid, session.user_key, session.is_remembered) == ("id2", "user:1", True)


def test_ended_session_is_empty_and_may_begin_anew() -> None:
    """What is put in afterwards has nothing to do with before."""
    session = make(STORED)
    session.end()
    assert (dict(session), session.own, session.ended, session.is_live) == ({}, {}, True, False)
    session["bye"] = 1
    assert session.changes() == {"bye": b"1"}
    assert session.sid == "id1"
    assert session.user_key == ""


def test_repr_shows_names_and_no_values() -> None:
    """A log line or a debug page may show it."""
    assert repr(make({"token": b'"very-secret"'})) == "<Session with token>"
    assert repr(make()) == "<Session with nothing>"
