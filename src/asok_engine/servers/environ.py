"""A WSGI environ for a request that came in another way (PEP 3333, RFC 3875).

Made only when someone asks for `request.environ` on an ASGI or RSGI server.
"""

from __future__ import annotations

import io
import sys
from typing import Any

from asok_engine.wire.headers import Headers

__all__ = ["made_environ"]


def made_environ(
    *,
    method: str,
    path: str,
    root_path: str,
    query_string: str,
    scheme: str,
    server: tuple[str, int | None],
    peer: tuple[str, int],
    http_version: str,
    headers: Headers,
) -> dict[str, Any]:
    """Build the environ from parts; its input is empty, because the body was read already."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": _as_latin_1(root_path),
        "PATH_INFO": _as_latin_1(path),
        "QUERY_STRING": query_string,
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "SERVER_PROTOCOL": f"HTTP/{http_version}",
        "REMOTE_ADDR": peer[0],
        "REMOTE_PORT": str(peer[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name in headers:
        value = headers[name]
        key = name.upper().replace("-", "_")
        # Why: "x_real_ip" and "x-real-ip" would become one key, and the client could forge it.
        if "_" in name:
            continue
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return environ


def _as_latin_1(text: str) -> str:
    # PEP 3333: text in an environ is the bytes that were sent, each as one character.
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
