"""An environ that is made follows PEP 3333, and a client cannot forge the server's entries in it."""

from __future__ import annotations

from typing import Any
from wsgiref.validate import validator

import pytest

from asok_engine.servers.environ import made_environ
from asok_engine.wire.headers import Headers


def made(*fields: tuple[bytes, bytes], **parts: Any) -> dict[str, Any]:
    """Make an environ with some parts replaced."""
    return made_environ(
        **{
            "method": "GET",
            "path": "/café",
            "root_path": "/é",
            "query_string": "a=1",
            "scheme": "https",
            "server": ("server.test", 443),
            "peer": ("203.0.113.9", 5000),
            "http_version": "2",
            "headers": Headers(fields),
            **parts,
        }
    )


def test_parts_stand_where_they_belong() -> None:
    """Text is Latin-1 of its UTF-8 bytes, as the specification wants it."""
    environ = made(
        (b"content-type", b"text/plain"), (b"content-length", b"3"), (b"x-one", b"a"), (b"x-one", b"b")
    )
    assert environ["PATH_INFO"] == "/cafÃ©"
    assert (environ["SCRIPT_NAME"], environ["QUERY_STRING"]) == ("/Ã©", "a=1")
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("server.test", "443")
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("203.0.113.9", "5000")
    assert (environ["SERVER_PROTOCOL"], environ["wsgi.url_scheme"]) == ("HTTP/2", "https")
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"], environ["HTTP_X_ONE"]) == (
        "text/plain",
        "3",
        "a, b",
    )
    assert environ["wsgi.input"].read() == b""


def test_field_with_an_underscore_is_left_out() -> None:
    """X_Forwarded_For would become the entry of X-Forwarded-For, which only a proxy may set."""
    environ = made((b"x-real-ip", b"10.0.0.1"), (b"x_real_ip", b"6.6.6.6"), (b"x_forwarded_for", b"6.6.6.6"))
    assert environ["HTTP_X_REAL_IP"] == "10.0.0.1"
    assert "HTTP_X_FORWARDED_FOR" not in environ


def test_unknown_port_is_zero() -> None:
    """A server on a socket file has no port."""
    assert made(server=("unix", None))["SERVER_PORT"] == "0"


@pytest.mark.filterwarnings("ignore::wsgiref.validate.WSGIWarning")
def test_validator_of_the_standard_library_takes_it() -> None:
    """What a WSGI library gets from us is a valid environ."""

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["PATH_INFO"].encode("latin-1")]

    pieces: Any = validator(application)(made(), lambda *_: lambda data: None)
    assert b"".join(pieces) == "/café".encode()
    pieces.close()
