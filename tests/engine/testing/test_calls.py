"""One call means the same to every caller."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.testing.asgi import AsgiCaller
from asok_engine.testing.calls import Call, Caller
from asok_engine.testing.wsgi import WsgiCaller


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    body = (await receive())["body"]
    text = (
        f"{scope['method']} {scope['path']}?{scope['query_string'].decode()} {scope['client'][0]} ".encode()
    )
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"1"), (b"x-a", b"2")]})
    await send({"type": "http.response.body", "body": text + body})


def wsgi_app(environ: Any, start_response: Any) -> Any:
    body = environ["wsgi.input"].read()
    path = environ["PATH_INFO"].encode("latin-1").decode()
    text = f"{environ['REQUEST_METHOD']} {path}?{environ['QUERY_STRING']} {environ['REMOTE_ADDR']} ".encode()
    start_response("201 Created", [("x-a", "1"), ("x-a", "2")])
    return [text, body]


@pytest.mark.parametrize("caller", [AsgiCaller(asgi_app), WsgiCaller(wsgi_app)])
def test_call_arrives_and_its_answer_comes_back(caller: Caller) -> None:
    """Method, path, query, peer and body there; status, repeated fields and body back."""
    call = Call(
        method="POST",
        scheme="http",
        host="localhost",
        port=80,
        raw_path="/stra%C3%9Fe",
        query="a=1",
        headers=[("Host", "localhost"), ("Content-Length", "4")],
        content=b"body",
        client=("192.0.2.1", 1234),
    )
    answer = caller.open(call)
    body = b"".join(iter(answer.next_piece, None))
    assert answer.status_code == 201
    assert answer.fields == [("x-a", "1"), ("x-a", "2")]
    assert body == "POST /straße?a=1 192.0.2.1 body".encode()
    assert answer.next_piece() is None
    answer.close()
