"""Other web servers: only of the open internet, by the address that was looked at, with their certificate checked."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from asok_engine.backends.web_link import WebLink, WebUnavailable
from asok_engine.errors import SetupError, UsageError
from tests.mailbox import make_certificate

WAYS = pytest.mark.parametrize("how", ["plain", "async"])


class Handler(BaseHTTPRequestHandler):
    """Tells what it was sent."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        told = {
            "method": self.command,
            "path": self.path,
            "host": self.headers["Host"],
            "authorization": self.headers.get("Authorization"),
            "body": self.rfile.read(length).decode(),
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    do_POST = do_GET


def serve(context: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@pytest.fixture
def echo() -> Iterator[int]:
    """A server without TLS; its port."""
    server = serve()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def ask(link: WebLink, how: str, *given: Any) -> Any:
    return link.ask(*given) if how == "plain" else asyncio.run(link.ask_async(*given))


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name have these addresses; give the names that were asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host in addresses or host == "127.0.0.1":
            return real(host, port, *rest, **more)
        asked.append(host)
        return [item for each in addresses for item in real(each, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@WAYS
def test_loopback_is_asked_in_development_only(echo: int, how: str) -> None:
    """A provider on one's own machine is for DEBUG."""
    url = f"http://127.0.0.1:{echo}/a?b=c"
    told = ask(WebLink(allows_loopback=True), how, url)
    assert (told["method"], told["path"], told["host"]) == ("GET", "/a?b=c", f"127.0.0.1:{echo}")
    with pytest.raises(WebUnavailable, match="is not https"):
        ask(WebLink(), how, url)


@WAYS
def test_form_and_headers_are_sent(echo: int, how: str) -> None:
    """As a token request needs them."""
    link = WebLink(allows_loopback=True)
    told = ask(link, how, f"http://127.0.0.1:{echo}/", {"a": "b c&"}, {"Authorization": "Basic x"})
    assert (told["method"], told["body"], told["authorization"]) == ("POST", "a=b+c%26", "Basic x")


@WAYS
@pytest.mark.parametrize("allows_private", [False, True])
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "169.254.169.254",
        "fe80::1",
        "0.0.0.0",
        "224.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "::127.0.0.1",
        "fec0::1",
        "fd00:ec2::254",
    ],
)
def test_no_name_leads_to_this_machine_or_its_cloud(
    monkeypatch: pytest.MonkeyPatch, how: str, address: str, allows_private: bool
) -> None:
    """Also not where a network of one's own is allowed (reliability 103)."""
    resolve_to(monkeypatch, address)
    with pytest.raises(WebUnavailable, match="not an address of the open internet"):
        ask(WebLink(allows_private=allows_private), how, "https://provider.example/")


@WAYS
@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "192.168.1.1", "172.16.0.1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "100.64.0.1"],
)
def test_private_network_is_asked_where_that_was_said(
    monkeypatch: pytest.MonkeyPatch, how: str, address: str
) -> None:
    """One address of several that is inside is enough to refuse all."""
    resolve_to(monkeypatch, "93.184.215.14", address)
    with pytest.raises(WebUnavailable, match="not an address of the open internet"):
        ask(WebLink(), how, "https://provider.example/")


@WAYS
@pytest.mark.parametrize(
    "url",
    ["https://2130706433/", "https://0177.0.0.1/", "https://0x7f.1/", "https://127.1/", "https://localhost/"],
)
def test_odd_notations_of_this_machine_are_it(how: str, url: str) -> None:
    """What the system makes of a name is looked at, not the name."""
    with pytest.raises(WebUnavailable):
        ask(WebLink(), how, url)


@WAYS
@pytest.mark.parametrize(
    "url",
    [
        "file:///path/secrets",
        "ftp://provider.example/",
        "https:///a",
        "https://a@provider.example/",
        "",
        "https://h:99999/",
    ]
    + [
        "https://pro\nvider.example/",
        "javascript:alert(1)",
        "http://provider.example/",
        "//provider.example",
    ],
)
def test_what_is_no_https_address_is_not_asked(monkeypatch: pytest.MonkeyPatch, how: str, url: str) -> None:
    """Nothing is even resolved."""
    asked = resolve_to(monkeypatch, "93.184.215.14")
    with pytest.raises(WebUnavailable):
        ask(WebLink(), how, url)
    assert asked == []


@WAYS
def test_name_is_resolved_once_and_its_address_kept(
    monkeypatch: pytest.MonkeyPatch, echo: int, how: str
) -> None:
    """A name that changes its mind between the look and the connection changes nothing (DNS rebinding)."""
    asked = resolve_to(monkeypatch, "127.0.0.1")
    told = ask(WebLink(allows_loopback=True), how, f"http://provider.example:{echo}/")
    assert told["host"] == f"provider.example:{echo}"
    assert asked == ["provider.example"]


@WAYS
def test_certificate_is_checked_against_the_name(tmp_path: Path, how: str) -> None:
    """Signed by somebody who is trusted, for the name that was asked for and not for its address."""
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = serve(context)
    try:
        port = server.server_address[1]
        trusting = ssl.create_default_context(cafile=str(certificate))
        link = WebLink(allows_loopback=True, verify=trusting)
        assert ask(link, how, f"https://127.0.0.1:{port}/")["host"] == f"127.0.0.1:{port}"
        with pytest.raises(WebUnavailable, match="ConnectError"):
            ask(link, how, f"https://localhost:{port}/")
        with pytest.raises(WebUnavailable, match="ConnectError"):
            ask(WebLink(allows_loopback=True), how, f"https://127.0.0.1:{port}/")
    finally:
        server.shutdown()
        server.server_close()


@WAYS
def test_nobody_there_is_one_error(how: str, free_port: int) -> None:
    """Whatever the library calls it."""
    with pytest.raises(WebUnavailable) as failed:
        ask(WebLink(allows_loopback=True), how, f"http://127.0.0.1:{free_port}/")
    assert (failed.value.status, failed.value.answered) == (502, 0)


async def test_plain_code_on_an_event_loop_is_told(free_port: int) -> None:
    """It would hold everybody up."""
    with pytest.raises(UsageError, match="_async"):
        WebLink(allows_loopback=True).ask(f"http://127.0.0.1:{free_port}/")


def test_missing_library_is_told_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(SetupError, match=r'pip install "asok\[auth\]"'):
        WebLink().ask("https://provider.example/")
