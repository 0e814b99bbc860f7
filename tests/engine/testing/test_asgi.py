"""ASGI applications are called as a strict server calls them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from asok_engine.errors import SetupError
from asok_engine.testing.client import TestClient


def test_asgi_stream_gives_pieces_as_they_come() -> None:
    """The first piece is here before the second is made, and leaving is noticed by the application."""
    may_go_on = threading.Event()
    noticed = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
        )
        await send({"type": "http.response.body", "body": b"first\nse", "more_body": True})
        await asyncio.to_thread(may_go_on.wait, 5)
        await send({"type": "http.response.body", "body": b"cond\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        noticed.set()

    with TestClient(app).stream("GET", "/") as response:
        assert response.status_code == 200
        lines = response.lines()
        assert next(lines) == "first"
        may_go_on.set()
        assert next(lines) == "second"
        assert not noticed.is_set()
    assert noticed.is_set()


def test_asgi_stream_without_an_end_fails_the_test() -> None:
    """A body that the application leaves unfinished is a broken answer."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    with pytest.raises(ConnectionAbortedError, match="before its body was complete"):
        TestClient(app).get("/")


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], "ended without an answer"),
        (["body"], "a body before its start"),
        (["start", "start"], "begun twice"),
        (["start", "body", "body"], "goes on after its end"),
    ],
)
def test_asgi_messages_out_of_order_fail_the_test(messages: list[str], expected: str) -> None:
    """A server would choke on these, so the test does too."""
    known: dict[str, Any] = {
        "start": {"type": "http.response.start", "status": 200, "headers": []},
        "body": {"type": "http.response.body", "body": b""},
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for name in messages:
            await send(known[name])

    with pytest.raises(RuntimeError, match=expected):
        TestClient(app).get("/")


def lifespan_app(log: list[str], startup: str = "complete") -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            log.append("start")
            await send({"type": f"lifespan.startup.{startup}", "message": "no database"})
            if startup == "complete":
                await receive()
                log.append("stop")
                await send({"type": "lifespan.shutdown.complete"})
            return
        log.append("request")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    return app


def test_with_block_starts_and_stops_the_application() -> None:
    """Start-up runs before the first call, shutdown after the last."""
    log: list[str] = []
    with TestClient(lifespan_app(log)) as client:
        assert log == ["start"]
        client.get("/")
    assert log == ["start", "request", "stop"]


def test_failed_startup_fails_the_test() -> None:
    """An application that does not start says why."""
    with pytest.raises(SetupError, match="no database"), TestClient(lifespan_app([], "failed")):
        pytest.fail("the block ran")
