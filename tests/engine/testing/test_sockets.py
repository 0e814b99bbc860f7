"""`client.websocket`: handlers are called in plain tests, with cookies, rooms, refusals and ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asok import Asok, TestClient, WebSocketServer
from asok.testing import SocketRefused
from asok_engine.dispatch.sockets import SocketEnd
from asok_engine.errors import UsageError
from tests.asok.effects.sites import make_app


@pytest.fixture
def app(tmp_path: Path) -> Asok:
    """An application with a chat."""
    pages = {"cart/page.py": "def get(request):\n    request.session['cart'] = 3\n    return 'filled'\n"}
    app = make_app(tmp_path, {"WS_ADAPTER": "memory", "SESSION_SECURE": False}, pages=pages)
    ws = WebSocketServer(app=app)
    left: list[Any] = []
    app.share(left=left)

    @ws.on("/chat/[room]", subprotocols=["v1"])
    async def said(conn: Any, message: str | bytes) -> None:
        if message == "bye":
            conn.close(4000, "as you wish")
        elif message == "bang":
            raise ValueError("bang")
        else:
            ws.broadcast(conn.path, message)

    @ws.on("/cart")
    def cart(conn: Any, message: str) -> None:
        conn.send_json(
            {"cart": conn.session.get("cart"), "said": message, "page": conn.request.query["page"]}
        )

    @ws.on_disconnect("/chat/[room]")
    def gone(conn: Any) -> None:
        left.append((conn.params["room"], conn.close_code))

    return app


def test_clients_talk_and_leave(app: Asok) -> None:
    """Everybody at the path hears; the disconnect handler has run when the block is left."""
    with TestClient(app) as client:
        with (
            client.websocket("/chat/1", subprotocols=["v0", "v1"]) as one,
            client.websocket("/chat/1") as two,
        ):
            assert (one.subprotocol, two.subprotocol) == ("v1", None)
            one.send("hello")
            assert one.receive() == two.receive() == "hello"
            two.send(b"\x00\x01")
            assert one.receive() == b"\x00\x01"
        assert app.shared_values["left"] == [("1", 1000), ("1", 1000)]


def test_socket_has_the_session_of_the_client(app: Asok) -> None:
    """Its cookies go with the handshake, as from a page of the application."""
    with TestClient(app) as client:
        client.get("/cart")
        with client.websocket("/cart", params={"page": "2"}) as socket:
            socket.send_json("now")
            assert socket.receive_json() == {"cart": 3, "said": '"now"', "page": "2"}


def test_ends_and_refusals_are_told(app: Asok) -> None:
    """How the application closes, what it answers to a handshake, and that nothing comes."""
    with TestClient(app) as client:
        with client.websocket("/chat/1") as socket:
            with pytest.raises(TimeoutError, match="Nothing came over"):
                socket.receive(0.05)
            socket.send("bye")
            assert list(socket) == []
            assert (socket.close_code, socket.close_reason) == (4000, "as you wish")
            with pytest.raises(SocketEnd):
                socket.receive()
        with client.websocket("/chat/1") as socket:
            socket.send("bang")
            with pytest.raises(SocketEnd):
                socket.receive()
            assert socket.close_code == 1011
        with pytest.raises(SocketRefused, match="refused with 404") as refused:
            client.websocket("/nowhere")
        assert refused.value.status == 404
        with pytest.raises(SocketRefused) as refused:
            client.websocket("/chat/1", headers={"Origin": "https://evil.example"})
        assert refused.value.status == 403


def test_slips_are_said(app: Asok) -> None:
    """WSGI has no sockets, and a message is text or bytes."""
    with pytest.raises(UsageError, match="WSGI has no WebSockets"):
        TestClient(app, "wsgi").websocket("/chat/1")
    with TestClient(app) as client, client.websocket("/chat/1") as socket:
        with pytest.raises(UsageError, match="text or bytes"):
            socket.send({"a": 1})  # type: ignore[arg-type]
