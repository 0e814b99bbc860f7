"""Bodies of test requests are what a browser sends."""

from __future__ import annotations

import io
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from asok_engine.errors import UsageError
from asok_engine.testing.bodies import EncodedBody, encode_body, query_string


def content(body: EncodedBody) -> bytes:
    assert isinstance(body.content, bytes)
    return body.content


def parts(body: EncodedBody) -> list[tuple[str, str | None, str, bytes]]:
    """Read a multipart form with the standard library's mail parser."""
    message = BytesParser().parsebytes(
        b"Content-Type: " + body.content_type.encode() + b"\r\n\r\n" + content(body)
    )
    read = []
    for part in message.walk():
        if part.is_multipart():
            continue
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        assert isinstance(name, str) and isinstance(payload, bytes)
        read.append((name, part.get_filename(), part.get_content_type(), payload))
    return read


def test_fields_become_a_url_encoded_form() -> None:
    """Repeated, blank and non-ASCII values survive."""
    body = encode_body({"name": "Zoë & co", "tag": ["a", "b"], "blank": "", "none": None, "yes": True})
    assert body.content_type == "application/x-www-form-urlencoded"
    assert parse_qsl(content(body).decode(), keep_blank_values=True) == [
        ("name", "Zoë & co"),
        ("tag", "a"),
        ("tag", "b"),
        ("blank", ""),
        ("none", ""),
        ("yes", "true"),
    ]


def test_json_is_sent_as_json_also_when_it_is_falsy() -> None:
    """An empty list and zero are bodies too."""
    assert encode_body(json=[]) == EncodedBody(b"[]", "application/json")
    assert encode_body(json=0) == EncodedBody(b"0", "application/json")
    assert encode_body({"a": 1}, content_type="application/json") == EncodedBody(
        b'{"a": 1}', "application/json"
    )


def test_files_become_a_multipart_form(tmp_path: Path) -> None:
    """Every way to give a file yields a part with its name, type and content."""
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG")
    with picture.open("rb") as opened:
        body = encode_body(
            {"title": "Zoë"},
            files={
                "path": picture,
                "open": opened,
                "pair": ("a.txt", "text"),
                "triple": ("b.bin", b"\x00\r\n--", "x/y"),
                "bare": b"bytes",
                "memory": io.BytesIO(b"in memory"),
                "many": [("1.txt", b"1"), ("2.txt", b"2")],
            },
        )
    read = parts(body)
    assert ("title", None, "text/plain", "Zoë".encode()) in read
    assert ("path", "cat.png", "image/png", b"\x89PNG") in read
    assert ("open", "cat.png", "image/png", b"\x89PNG") in read
    assert ("pair", "a.txt", "text/plain", b"text") in read
    assert ("triple", "b.bin", "x/y", b"\x00\r\n--") in read
    assert ("bare", "bare", "application/octet-stream", b"bytes") in read
    assert ("memory", "memory", "application/octet-stream", b"in memory") in read
    assert [part for part in read if part[0] == "many"] == [
        ("many", "1.txt", "text/plain", b"1"),
        ("many", "2.txt", "text/plain", b"2"),
    ]


def test_quotes_and_line_ends_in_names_cannot_break_a_part() -> None:
    """Names are escaped as browsers escape them (HTML 4.10.21.8)."""
    body = encode_body(files={'a"b': ('x"\r\ny.txt', b"")})
    assert b'name="a%22b"; filename="x%22%0D%0Ay.txt"' in content(body)


def test_multipart_without_files_is_possible() -> None:
    """The content type alone asks for a multipart form."""
    body = encode_body({"a": "1"}, content_type="multipart/form-data")
    assert parts(body) == [("a", None, "text/plain", b"1")]


def test_two_bodies_are_refused() -> None:
    """A test that gives two bodies learns it."""
    with pytest.raises(UsageError, match="json and another body"):
        encode_body({"a": 1}, json={"b": 2})
    with pytest.raises(UsageError, match="data of type bytes"):
        encode_body(b"raw", files={"f": b""})


def test_pieces_are_left_as_pieces() -> None:
    """An iterable of bytes has no length and is not joined."""
    body = encode_body(iter([b"a", b"b"]))
    assert not isinstance(body.content, bytes)
    assert list(body.content) == [b"a", b"b"]


def test_parameters_are_encoded() -> None:
    """Parameters may be fields or a ready string."""
    assert query_string({"q": "a b", "n": [1, 2]}) == "q=a+b&n=1&n=2"
    assert query_string("?q=1") == "q=1"
