"""The named hooks: who is called, and what a failing receiver does not do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from asok_engine.errors import UsageError
from asok_engine.telemetry import hooks
from asok_engine.telemetry.hooks import HOOKS, Hook


@pytest.fixture
def hook() -> Iterator[Hook]:
    yield Hook("made_up", ("value",), "A hook of this test.")


def test_receivers_get_the_sender_and_the_arguments_in_order(hook: Hook) -> None:
    """Receivers are called in the order in which they were connected."""
    seen: list[Any] = []
    hook.connect(lambda sender, **named: seen.append(("first", sender, named)))
    hook.connect(lambda sender, **named: seen.append(("second", sender, named)))
    hook.send("app", value=5)
    assert seen == [("first", "app", {"value": 5}), ("second", "app", {"value": 5})]


def test_a_failing_receiver_is_logged_and_stops_nobody(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    """The sender and the receivers after it go on; the traceback is in the log."""
    seen: list[Any] = []

    @hook.connect
    def fail(sender: object, **named: Any) -> None:
        raise LookupError("in a receiver")

    hook.connect(lambda sender, **named: seen.append(named))
    with caplog.at_level(logging.ERROR):
        hook.send("app", value=1)
    assert seen == [{"value": 1}]
    (record,) = caplog.records
    assert record.name == "asok.hooks"
    assert "fail" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], LookupError)


def test_leaving_the_process_is_not_held_up(hook: Hook) -> None:
    """SystemExit and KeyboardInterrupt are not a receiver's failure."""

    @hook.connect
    def leave(sender: object, **named: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hook.send("app", value=1)


def test_connecting_twice_calls_once(hook: Hook) -> None:
    """A module that is set up twice does not double its effect."""
    seen: list[int] = []

    def receive(sender: object, value: int) -> None:
        seen.append(value)

    hook.connect(receive)
    hook.connect(receive)
    hook.send("app", value=1)
    assert seen == [1]


def test_a_disconnected_receiver_is_not_called(hook: Hook) -> None:
    """Disconnect says whether there was something, and ends the calls."""
    seen: list[int] = []

    def receive(sender: object, value: int) -> None:
        seen.append(value)

    hook.connect(receive)
    assert hook
    assert hook.disconnect(receive) is True
    assert hook.disconnect(receive) is False
    assert not hook
    hook.send("app", value=1)
    assert seen == []


def test_a_receiver_may_disconnect_itself_while_it_is_called(hook: Hook) -> None:
    """A send walks the receivers that were there when it began."""
    seen: list[str] = []

    def once(sender: object, **named: Any) -> None:
        seen.append("once")
        hook.disconnect(once)

    hook.connect(once)
    hook.connect(lambda sender, **named: seen.append("always"))
    hook.send("app", value=1)
    hook.send("app", value=1)
    assert seen == ["once", "always", "always"]


def test_an_async_receiver_is_refused(hook: Hook) -> None:
    """Nobody would await it, so connecting it is an error that names it."""

    async def receive(sender: object, **named: Any) -> None: ...

    with pytest.raises(UsageError, match="receive.*made_up.*async"):
        hook.connect(receive)
    assert not hook


def test_every_hook_is_listed_once_and_described() -> None:
    """The list for the reference holds each hook of the module, with a sentence."""
    in_module = {name: value for name, value in vars(hooks).items() if isinstance(value, Hook)}
    assert {hook.name: hook for hook in HOOKS} == in_module
    assert all(hook.meaning.endswith(".") for hook in HOOKS)
    assert not any(HOOKS)
