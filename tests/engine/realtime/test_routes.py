"""Socket routes and the handlers that they take."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.errors import SetupError, UsageError
from asok_engine.realtime.routes import SocketHandler, SocketRoutes


def plain(conn: Any, message: Any) -> None: ...


async def conversation(conn: Any) -> None: ...


def test_path_finds_its_route_and_parameters() -> None:
    """Patterns are those of pages; a path that has none gives None."""
    routes = SocketRoutes()
    routes.on_message("/chat/[room]", plain)
    found = routes.match("/chat/general")
    assert found is not None
    assert found[1] == {"room": "general"}
    assert routes.match("/chat") is None
    assert routes.match("/chat/a/b") is None


def test_handlers_of_one_pattern_are_one_route() -> None:
    """Connect, message and disconnect of a path belong together, in any order."""
    routes = SocketRoutes()
    routes.on_disconnect("/chat/[room]", plain)
    routes.on_connect("/chat/[room]", plain)
    routes.on_message("/chat/[room]", plain)
    assert routes.patterns() == ["/chat/[room]"]


def test_handler_may_come_after_the_first_look_up() -> None:
    """A module that is imported later may still add its handlers."""
    routes = SocketRoutes()
    assert routes.match("/late") is None
    routes.on_connect("/late", plain)
    assert routes.match("/late") is not None


def test_second_handler_for_the_same_is_refused() -> None:
    """Nobody would know which of two handlers runs."""
    routes = SocketRoutes()
    routes.on_message("/chat", plain)
    with pytest.raises(SetupError, match="second handler for the messages"):
        routes.on_message("/chat", conversation)
    with pytest.raises(SetupError, match="different parameter names"):
        routes.on_connect("/rooms/[a]", plain) or routes.on_message("/rooms/[b]", plain)


def test_handler_with_one_parameter_takes_the_conversation() -> None:
    """It must be async, because it waits between messages."""
    routes = SocketRoutes()
    routes.on_message("/feed", conversation)
    found = routes.match("/feed")
    assert found is not None
    assert found[0].conversation is not None
    assert found[0].message is None

    def blocking(conn: Any) -> None: ...

    with pytest.raises(SetupError, match="make it async def"):
        routes.on_message("/other", blocking)


def test_handler_that_cannot_be_called_is_refused() -> None:
    """Three parameters are one too many, and the error says what is given."""

    def three(conn: Any, message: Any, more: Any) -> None: ...

    with pytest.raises(UsageError, match="connection and a message"):
        SocketRoutes().on_message("/x", three)


def test_object_with_an_async_call_is_async() -> None:
    """Not only functions are handlers."""

    class Handler:
        async def __call__(self, conn: Any, message: Any) -> None: ...

    assert SocketHandler(Handler()).is_async
    assert not SocketHandler(plain).is_async


def test_first_common_subprotocol_of_ours_is_chosen() -> None:
    """The server's order decides; without a common one there is none."""
    routes = SocketRoutes()
    routes.on_message("/x", plain, ["v2", "v1"])
    found = routes.match("/x")
    assert found is not None
    assert found[0].choose_subprotocol(["v1", "v2"]) == "v2"
    assert found[0].choose_subprotocol(["v9"]) is None
