"""Calls a WSGI application in this process, in the thread of the test, as a strict server does (PEP 3333)."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from asok_engine.testing.calls import Call, OpenAnswer

__all__ = ["WsgiApp", "WsgiCaller"]

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiCaller:
    """Calls one WSGI application."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def open(self, call: Call) -> OpenAnswer:
        """Send a request and return when its answer has begun."""
        answer = _Answer(f"{call.method} {call.raw_path}")
        answer.begin(self._app(_environ(call), answer.start_response))
        return OpenAnswer(answer.status, answer.fields, answer.next_piece, answer.close)

    def start(self) -> None:
        """Start the application if it says how; WSGI itself has no start."""
        startup = getattr(self._app, "startup", None)
        if startup is not None:
            startup()

    def stop(self) -> None:
        """Stop the application if it says how."""
        shutdown = getattr(self._app, "shutdown", None)
        if shutdown is not None:
            shutdown()


class _Answer:
    """One answer: what `start_response` was told, and the iterable that gives the body."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._begun = False
        self._closed = False
        self._ready: list[bytes] = []
        self.status = 0
        self.fields: list[tuple[str, str]] = []

    def start_response(
        self, status: str, fields: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if self._begun and exc_info is None:
            raise RuntimeError(f"The answer to {self._name} was begun twice.")
        code, _, reason = status.partition(" ")
        if not (code.isdigit() and len(code) == 3 and reason):
            raise ValueError(
                f"The answer to {self._name} has the status {status!r}; '200 OK' is the form (PEP 3333)."
            )
        for name, value in fields:
            if type(name) is not str or type(value) is not str:
                raise TypeError(f"The header field {name!r}: {value!r} is not text.")
        self.status, self.fields = int(code), list(fields)
        self._begun = True
        return self._ready.append

    def begin(self, body: Iterable[bytes]) -> None:
        self._body = body
        try:
            self._pieces: Iterator[bytes] = iter(body)
            while not self._begun:
                # A generator calls start_response when it is first advanced.
                self._ready.append(self._checked(next(self._pieces)))
        except StopIteration:
            self.close()
            raise RuntimeError(f"The application ended without an answer to {self._name}.") from None
        except BaseException:
            self.close()
            raise

    def _checked(self, piece: bytes) -> bytes:
        if not isinstance(piece, bytes):
            raise TypeError(f"A piece of the answer to {self._name} is {type(piece).__name__}, not bytes.")
        return piece

    def next_piece(self) -> bytes | None:
        while not self._closed:
            if self._ready:
                piece = self._ready.pop(0)
            else:
                try:
                    piece = self._checked(next(self._pieces))
                except StopIteration:
                    self.close()
                    break
                except BaseException:
                    self.close()
                    raise
            if piece:
                return piece
        return None

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            close = getattr(self._body, "close", None)
            if close is not None:
                close()


class _Pieces(io.RawIOBase):
    """A request body that comes in pieces, as a file that is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _environ(call: Call) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(call.raw_path).decode("latin-1"),
        "QUERY_STRING": call.query,
        "RAW_URI": call.raw_path + (f"?{call.query}" if call.query else ""),
        "SERVER_NAME": call.host,
        "SERVER_PORT": str(call.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": call.client[0],
        "REMOTE_PORT": str(call.client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": call.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }
    if isinstance(call.content, bytes):
        environ["wsgi.input"] = io.BytesIO(call.content)
    else:
        environ["wsgi.input"] = io.BufferedReader(_Pieces(call.content))
        environ["wsgi.input_terminated"] = True
    for name, value in call.headers:
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        if key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{value}"
        environ[key] = value
    return environ
