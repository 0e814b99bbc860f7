"""WSGI applications are called as a strict server calls them (PEP 3333)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from asok_engine.testing.client import TestClient


def test_wsgi_reads_a_body_in_pieces() -> None:
    """A WSGI application reads a chunked body to its end."""

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [environ["wsgi.input"].read(3), b"|", environ["wsgi.input"].read()]

    assert TestClient(app, "wsgi").post("/", iter([b"ab", b"", b"cde"])).body == b"abc|de"


def test_wsgi_stream_gives_pieces_as_they_come_and_is_closed() -> None:
    """A WSGI iterable is advanced piece by piece and closed when the client leaves."""
    log: list[str] = []

    def pieces() -> Iterator[bytes]:
        try:
            log.append("one made")
            yield b"one"
            log.append("two made")
            yield b"two"
        finally:
            log.append("closed")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return pieces()

    with TestClient(app, "wsgi").stream("GET", "/") as response:
        assert next(iter(response)) == b"one"
        assert log == ["one made"]
    assert log == ["one made", "closed"]
    assert TestClient(app, "wsgi").get("/").body == b"onetwo"


def test_wsgi_status_and_body_types_are_checked() -> None:
    """A status without a reason and a piece of text are no WSGI (PEP 3333)."""

    def without_reason(environ: Any, start_response: Any) -> Any:
        start_response("200", [])
        return [b""]

    def text(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return ["text"]

    def nothing(environ: Any, start_response: Any) -> Any:
        return []

    with pytest.raises(ValueError, match="'200'"):
        TestClient(without_reason, "wsgi").get("/")
    with pytest.raises(TypeError, match="is str, not bytes"):
        TestClient(text, "wsgi").get("/")
    with pytest.raises(RuntimeError, match="without an answer"):
        TestClient(nothing, "wsgi").get("/")


def test_wsgi_application_is_started_by_its_own_methods() -> None:
    """WSGI has no lifespan: an application that has startup and shutdown gets them called."""
    log: list[str] = []

    class App:
        def startup(self) -> None:
            log.append("start")

        def shutdown(self) -> None:
            log.append("stop")

    with TestClient(App(), "wsgi"):
        assert log == ["start"]
    assert log == ["start", "stop"]
