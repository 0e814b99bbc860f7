"""The handshake of the stand-alone server as a Request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.datastructures import Headers as WireHeaders
from websockets.http11 import Request as HandshakeRequest

from asok_engine.errors import InputError
from asok_engine.realtime.handshake import HandshakeExchange, handshake_request, is_complete
from asok_engine.wire.request import Request


class Transport(asyncio.BaseTransport):
    """A transport that only tells addresses."""

    def __init__(self, **told: Any) -> None:
        super().__init__(told)


def shaken(target: str, *fields: tuple[str, str], **told: Any) -> Request:
    told = {"peername": ("192.0.2.7", 4711), "sockname": ("127.0.0.1", 8001), **told}
    exchange = HandshakeExchange(HandshakeRequest(target, WireHeaders(fields)), Transport(**told))
    return handshake_request(Request, exchange)


def test_request_has_what_a_handshake_has() -> None:
    """Path, query, headers, cookies and addresses are read as those of a page's request are."""
    request = shaken("/chat/caf%C3%A9?token=a%20b", ("Host", "app.example:8001"), ("Cookie", "who=7; x=1"))
    assert (request.method, request.path, request.query["token"]) == ("GET", "/chat/café", "a b")
    assert request.cookies == {"who": "7", "x": "1"}
    assert (request.ip, request.scheme, request.host) == ("192.0.2.7", "http", "app.example:8001")
    assert request.headers["HOST"] == "app.example:8001"


def test_tls_and_ipv6_are_told() -> None:
    """A socket address with four parts and an encrypted connection are usual as well."""
    request = shaken("/", peername=("::1", 5, 0, 0), sslcontext=object())
    assert (request.ip, request.scheme) == ("::1", "https")


@pytest.mark.parametrize("target", ["/%ff", "/a%00b", "/a%0d%0ab"])
def test_path_that_cannot_be_one_is_refused(target: str) -> None:
    """Bad UTF-8 and control characters never reach a handler."""
    with pytest.raises(InputError):
        shaken(target)


def test_environ_is_there_for_those_who_want_it() -> None:
    """Code that reads request.environ meets the usual names."""
    environ = shaken("/a?b=c", ("X-Real-IP", "1.2.3.4")).exchange.environ()
    assert environ["PATH_INFO"] == "/a"
    assert environ["QUERY_STRING"] == "b=c"
    assert environ["HTTP_X_REAL_IP"] == "1.2.3.4"


def test_end_of_the_header_section_is_found() -> None:
    """What stands behind the empty line is no header."""
    assert is_complete(b"GET / HTTP/1.1\r\nA: b\r\n") is None
    assert is_complete(b"GET / HTTP/1.1\r\n\r\nrest") == 18
