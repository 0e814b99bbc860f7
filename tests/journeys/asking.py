"""A client for the journeys: plain sockets and http.client, so that nothing is mended on the way."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    complete: bool = True

    def header(self, name: str) -> str:
        """Give one header's value, "" when absent."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def cookies(self) -> list[str]:
        """Give every Set-Cookie line."""
        return [value for key, value in self.headers if key.lower() == "set-cookie"]

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()


class Site:
    """One served application; `read_log` gives what the server has written, `kind` is its name."""

    def __init__(self, port: int, read_log: Callable[[], str], kind: str = "") -> None:
        self.port = port
        self.kind = kind
        self._read_log = read_log
        self._mark = 0

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request on a connection of its own."""
        self._mark = len(self._read_log())
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            link.request(method, path, body, headers or {})
            return _read(link)
        finally:
            link.close()

    def get(self, path: str) -> Answer:
        """GET without further headers."""
        return self.ask("GET", path)

    def post(self, path: str, body: bytes, content_type: str) -> Answer:
        """POST a body of a type."""
        return self.ask("POST", path, body, {"Content-Type": content_type})

    def chunked(self, method: str, path: str, pieces: Iterable[bytes]) -> Answer:
        """Send a body without Content-Length."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            link.putrequest(method, path)
            link.putheader("Transfer-Encoding", "chunked")
            link.endheaders()
            try:
                for piece in pieces:
                    link.send(b"%x\r\n%s\r\n" % (len(piece), piece))
                link.send(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                # The server has answered and closed without reading the rest.
                pass
            return _read(link)
        finally:
            link.close()

    def raw(self, request: bytes, timeout: float = 10) -> bytes:
        """Send bytes as they are and read until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as link:
            link.sendall(request)
            parts = []
            try:
                while part := link.recv(65536):
                    parts.append(part)
            except ConnectionResetError:
                pass
            return b"".join(parts)

    def pieces(self, path: str) -> tuple[list[bytes], list[float]]:
        """Read an answer as it comes; give the pieces and when each came."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            link.request("GET", path)
            response = link.getresponse()
            pieces, times = [], []
            while piece := response.read1(65536):
                pieces.append(piece)
                times.append(time.monotonic())
            return pieces, times
        finally:
            link.close()

    def log(self) -> str:
        """Give all that the server has written, once it has had a moment to write it."""
        time.sleep(0.05)
        return self._read_log()

    def log_since_mark(self) -> str:
        """Give what the server has written since the last request began."""
        time.sleep(0.05)
        return self._read_log()[self._mark :]


def _read(link: http.client.HTTPConnection) -> Answer:
    response = link.getresponse()
    try:
        body, complete = response.read(), True
    except http.client.IncompleteRead as cut:
        body, complete = cut.partial, False
    return Answer(response.status, response.getheaders(), body, complete)


def multipart(fields: Iterable[tuple[str, str | None, str | bytes]]) -> tuple[bytes, str]:
    """Encode (name, filename, content) fields; give the body and its content type."""
    boundary = "journey-7f3a"
    parts = []
    for name, filename, content in fields:
        data = content.encode() if isinstance(content, str) else content
        extra = (
            f'; filename="{filename}"\r\nContent-Type: application/octet-stream'
            if filename is not None
            else ""
        )
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
        parts.append(head.encode() + data + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
