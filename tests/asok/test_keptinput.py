"""Input that waits for the page behind a redirect: a while, without secrets, and not too much of it."""

from __future__ import annotations

import time

import pytest

from asok import keptinput
from asok.keptinput import is_secret, keep_for_next, take_kept
from asok_engine.backends.sessions.session import Session
from asok_engine.validation.report import Report
from asok_engine.wire.values import Values


def make() -> Session:
    return Session(lambda: "an-id")


def report() -> Report:
    found = Report()
    found.add("name", "min", "Too short.", {"arg": "2"})
    return found


def test_what_was_kept_is_there_once() -> None:
    """With every value of a name that repeats."""
    session = make()
    keep_for_next(session, "F", Values([("a", "1"), ("a", "2"), ("b", "x")]), report())
    kept = take_kept(session)
    assert kept is not None
    assert (kept.form, kept.values.getlist("a"), kept.values["b"]) == ("F", ["1", "2"], "x")
    assert [(p.path, p.code, p.message) for p in kept.report] == [("name", "min", "Too short.")]
    assert take_kept(session) is None


def test_secrets_are_not_kept() -> None:
    """By their names, and those that a form knows."""
    session = make()
    values = Values([("password", "p"), ("csrf_token", "t"), ("pin", "1234"), ("name", "n")])
    keep_for_next(session, "", values, report(), ["pin"])
    assert "1234" not in str(session.own)
    kept = take_kept(session)
    assert kept is not None
    assert dict(kept.values) == {"name": "n"}
    assert is_secret("new_Password2")
    assert not is_secret("name")


def test_long_text_is_left_out_and_the_rest_stays() -> None:
    """A session is no place for a novel."""
    session = make()
    keep_for_next(session, "", Values([("novel", "x" * 30_000), ("name", "n")]), report())
    kept = take_kept(session)
    assert kept is not None
    assert dict(kept.values) == {"name": "n"}
    assert kept.report


def test_old_input_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is shown the errors of yesterday."""
    session = make()
    keep_for_next(session, "", Values(), report())
    later = time.time() + 601
    monkeypatch.setattr(keptinput.time, "time", lambda: later)
    assert take_kept(session) is None
    session.own["input"] = "tampered"
    assert take_kept(session) is None
