"""Answers are read as plainly as a test wants it."""

from __future__ import annotations

import pytest

from asok_engine.errors import UsageError
from asok_engine.testing.response import StreamedResponse, TestResponse


def response(body: bytes, *fields: tuple[str, str], status: int = 200) -> TestResponse:
    return TestResponse(
        status_code=status, fields=fields, body=body, method="GET", url="http://h/x", host="h", now=0.0
    )


def test_fields_are_found_in_any_case_and_kept_apart() -> None:
    """A repeated field joins for reading and is listed value by value."""
    headers = response(b"", ("X-Tag", "a"), ("x-tag", "b")).headers
    assert headers["X-TAG"] == "a, b"
    assert headers.getlist("x-tag") == ["a", "b"]
    assert "x-other" not in headers
    assert headers.get("x-other") is None
    assert dict(headers) == {"X-Tag": "a, b"}


def test_status_has_its_phrase_when_there_is_one() -> None:
    """A status line as HTTP names it; an unknown number stands alone."""
    assert response(b"", status=404).status == "404 Not Found"
    assert response(b"", status=799).status == "799"


def test_text_is_read_in_the_charset_that_is_named() -> None:
    """utf-8 unless the content type says otherwise."""
    assert response("é".encode()).text == "é"
    assert response("é".encode("latin-1"), ("Content-Type", 'text/plain; charset="latin-1"')).text == "é"
    assert "é" in response("é".encode())
    assert b"\xc3" in response("é".encode())


def test_json_that_is_none_shows_the_body() -> None:
    """The error tells what came instead, and how it called itself."""
    assert response(b'{"a": [1]}').json == {"a": [1]}
    with pytest.raises(
        UsageError, match=r"http://h/x answered 500 .* with text/html, which is not JSON: '<h1>"
    ):
        _ = response(b"<h1>no", ("Content-Type", "text/html"), status=500).json


def test_cookies_of_an_answer_are_values_and_attributes() -> None:
    """`cookies` are values; `cookie` gives one with what the browser is told."""
    answer = response(b"", ("Set-Cookie", "a=1; HttpOnly"), ("Set-Cookie", "b=2"))
    assert answer.cookies == {"a": "1", "b": "2"}
    cookie = answer.cookie("a")
    assert cookie is not None and cookie.http_only
    assert answer.cookie("c") is None


def test_lines_are_whole_however_the_pieces_fall() -> None:
    """A line may come in several pieces and a piece may hold several lines."""
    pieces = iter([b"on", b"e\r\ntwo\nth", b"ree"])
    streamed = StreamedResponse(
        lambda: next(pieces, None),
        status_code=200,
        fields=[],
        method="GET",
        url="http://h/",
        host="h",
        now=0.0,
    )
    assert list(streamed.lines()) == ["one", "two", "three"]
