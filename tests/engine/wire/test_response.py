"""An answer as data, and everything that a handler may return."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict, namedtuple
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import pytest

from asok_engine.errors import UsageError
from asok_engine.wire.headers import SharedFields
from asok_engine.wire.response import FileBody, FreshResponse, Response, bare, json_response, respond


@pytest.mark.parametrize(
    ("body", "sent", "content_type"),
    [
        ("text", b"text", "text/html; charset=utf-8"),
        ("Zoë", "Zoë".encode(), "text/html; charset=utf-8"),
        (b"bytes", b"bytes", "text/html; charset=utf-8"),
        (bytearray(b"array"), b"array", "text/html; charset=utf-8"),
        (memoryview(b"view"), b"view", "text/html; charset=utf-8"),
        ("", b"", ""),
        (None, b"", ""),
    ],
)
def test_body_is_bytes(body: Any, sent: bytes, content_type: str) -> None:
    """Text and everything like bytes; nothing is nothing, without a type."""
    response = Response(body)
    assert (response.body, response.content_type, response.is_stream) == (sent, content_type, False)


@pytest.mark.parametrize("body", [7, 1.5, True, object()])
def test_body_that_cannot_be_sent_is_refused_at_once(body: Any) -> None:
    """The sentence comes where the response is made, not from the server."""
    with pytest.raises(UsageError, match="cannot be sent"):
        Response(body)


@pytest.mark.parametrize(("status", "number"), [(404, 404), ("404 Not Found", 404), ("299 Odd", 299)])
def test_status_is_a_number_or_a_line(status: Any, number: int) -> None:
    """In the constructor and as an attribute."""
    response = Response("x", status)
    assert response.status_code == number
    response = Response("x")
    response.status = status
    assert response.status_code == number
    assert response.status.startswith(f"{number} ")


@pytest.mark.parametrize("status", [0, 42, 1000, -1, "abc", "", True, None, 200.0])
def test_status_that_is_none_is_refused(status: Any) -> None:
    """No number reaches a server that it would choke on."""
    with pytest.raises(UsageError, match="is no HTTP status"):
        Response("x", status)
    with pytest.raises(UsageError):
        Response("x").status = status


def test_headers_are_checked_where_they_are_given() -> None:
    """In the constructor as anywhere."""
    response = Response("x", headers={"X-One": "1", "content-type": "text/css"})
    assert (response.headers["x-one"], response.content_type) == ("1", "text/css")
    for bad in ({"X-One": "a\r\nb"}, {"X One": "1"}, {"Set-Cookie": "a=1"}):
        with pytest.raises(UsageError):
            Response("x", headers=bad)


def test_content_type_is_a_field() -> None:
    """Given, replaced, and absent where nothing was said."""
    response = Response("x", content_type="text/plain")
    response.content_type = "text/css"
    assert response.raw == {b"content-type": b"text/css"}
    assert Response().content_type == ""


def test_cookies_stand_beside_the_fields() -> None:
    """One line each, after the others."""
    response = Response("x")
    response.set_cookie("a", "1 2;3", max_age=60, secure=True)
    response.delete_cookie("b", path="/x")
    assert response.fields() == [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"set-cookie", b"a=1%202%3B3; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax"),
        (b"set-cookie", b"b=; Max-Age=0; Path=/x; HttpOnly; SameSite=Lax"),
    ]


def test_shared_fields_stand_before_those_of_one_response() -> None:
    """They are sent first, as bytes or as text; whoever looks at the fields sees one mapping of all."""
    response = Response("x")
    response.set_cookie("a", "1")
    own = response.raw
    response.shared = SharedFields({b"x-content-type-options": b"nosniff", b"x-frame-options": b"DENY"})
    names = ["x-content-type-options", "x-frame-options", "content-type", "set-cookie"]
    assert [name.decode() for name, _ in response.fields()] == names
    assert response.texts() == [(name.decode(), value.decode("latin-1")) for name, value in response.fields()]
    before = response.fields()
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    own[b"x-late"] = b"1"
    assert [name.decode() for name, _ in response.fields()] == [*names[:3], "x-late", names[3]]
    assert dict(response.fields()) == {
        **dict(before),
        b"x-frame-options": b"SAMEORIGIN",
        b"x-late": b"1",
    }


def test_cookie_with_a_prefix_can_be_deleted() -> None:
    """Browsers accept it only with the attributes that the prefix demands."""
    response = Response()
    response.delete_cookie("__Host-id")
    assert b"Secure" in response.cookies[0]


def test_text_of_a_response_is_readable() -> None:
    """For tests and for links that look into an answer; a stream has none."""
    response = Response("one two")
    assert (response.text, str(response), "two" in response) == ("one two", "one two", True)
    with pytest.raises(UsageError, match="streamed"):
        _ = Response(iter(["x"])).text


def test_repr_says_status_type_and_size() -> None:
    """And no content."""
    assert repr(Response("secret", 201)) == "<Response 201 Created text/html; charset=utf-8, 6 bytes>"
    assert repr(Response(status=204)) == "<Response 204 No Content no content type, 0 bytes>"
    assert "stream" in repr(Response(iter([])))
    assert "7 bytes" in repr(Response(FileBody("/x", 10, 0.0, 3)))


def test_length_of_a_file_body_is_that_of_its_slice() -> None:
    """From the offset to the end, or as long as was said."""
    assert (
        len(FileBody("/x", 10, 0.0)),
        len(FileBody("/x", 10, 0.0, 4)),
        len(FileBody("/x", 10, 0.0, 4, 2)),
    ) == (10, 6, 2)


# --- what a handler may return ------------------------------------------------------------------


@dataclass
class Point:
    """A dataclass."""

    x: int
    on: date


class Name(msgspec.Struct):
    """A Struct."""

    name: str


class Markup:
    """Something that knows its HTML."""

    def __html__(self) -> str:
        return "<b>bold</b>"


class Text(str):
    """Text of a kind of its own."""


HTML, JSON = "text/html; charset=utf-8", "application/json"


@pytest.mark.parametrize(
    ("result", "body", "content_type"),
    [
        ("text", b"text", HTML),
        (Text("own"), b"own", HTML),
        (b"\x00", b"\x00", "application/octet-stream"),
        (bytearray(b"a"), b"a", "application/octet-stream"),
        ({"a": [1, None]}, b'{"a":[1,null]}', JSON),
        ([1, 2], b"[1,2]", JSON),
        (OrderedDict(a=1), b'{"a":1}', JSON),
        (Point(1, date(2026, 1, 2)), b'{"x":1,"on":"2026-01-02"}', JSON),
        (Name("x"), b'{"name":"x"}', JSON),
        (Markup(), b"<b>bold</b>", HTML),
    ],
    ids=lambda value: type(value).__name__,
)
def test_result_becomes_an_answer(result: Any, body: bytes, content_type: str) -> None:
    """Text is HTML, data is JSON, bytes are a download."""
    response = respond(result, "page")
    assert (response.status_code, response.body, response.content_type) == (200, body, content_type)


def test_response_stays_what_it_is_and_belongs_to_one_request() -> None:
    """A copy is answered with, also of a class of the user's own, because the object may answer others."""

    class Mine(Response):
        pass

    for response in (Response("x", 201, {"X-One": "1"}), Mine("x", 201, {"X-One": "1"})):
        answer = respond(response, "page")
        assert type(answer) is type(response)
        assert (answer.body, answer.status_code, answer.headers["X-One"]) == (b"x", 201, "1")
        answer.set_cookie("a", "b")
        answer.headers["X-Two"] = "2"
        assert response.cookies == ()
        assert "X-Two" not in response.headers
        assert respond(answer, "link") is answer


def test_generators_are_streams() -> None:
    """Plain and async generators and iterators are sent piece by piece, not collected."""

    def plain() -> Iterator[str]:
        yield "x"

    async def waits() -> AsyncIterator[str]:
        yield "x"

    for result in (plain(), waits(), iter(["x"])):
        response = respond(result, "page")
        assert response.is_stream
        assert response.body is result
    file = respond(FileBody("/x", 1, 0.0), "page")
    assert not file.is_stream


@pytest.mark.parametrize(
    ("result", "status", "body", "extra"),
    [
        (("gone", 410), 410, b"gone", None),
        (({"a": 1}, "201 Created"), 201, b'{"a":1}', None),
        (("x", 202, {"X-One": "1", "Content-Type": "text/css"}), 202, b"x", "1"),
        ((Response("x", 500), 200), 200, b"x", None),
    ],
)
def test_tuple_sets_status_and_headers(result: Any, status: int, body: bytes, extra: str | None) -> None:
    """(body, status) and (body, status, headers)."""
    response = respond(result, "page")
    assert (response.status_code, response.body, response.headers.get("X-One")) == (status, body, extra)


@pytest.mark.parametrize(
    "result",
    [
        None,
        7,
        1.5,
        True,
        {1, 2},
        object(),
        Point,
        ("x",),
        ("x", {"a": 1}),
        (1, 2, 3, 4),
        ((None, 200)),
        namedtuple("P", "a b c d")(1, 2, 3, 4),
    ],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_a_sentence(result: Any) -> None:
    """It names who returned it and what may be returned."""
    with pytest.raises(UsageError) as caught:
        respond(result, "src/pages/x/page.py:get")
    assert "src/pages/x/page.py:get returned" in str(caught.value)
    assert "Return" in caught.value.fix


def test_tuple_with_a_bad_part_is_refused() -> None:
    """A header that would split, a status that is none."""
    for result in (("x", 200, {"X-One": "a\nb"}), ("x", 42), ("x", "soon")):
        with pytest.raises(UsageError):
            respond(result, "page")


def test_forgotten_await_is_told() -> None:
    """A coroutine is no answer; it is closed, so that Python does not warn as well."""

    async def load() -> str:
        return "x"

    coroutine = load()
    with pytest.raises(UsageError, match="page returned a coroutine that nobody awaits"):
        respond(coroutine, "page")
    with pytest.raises(RuntimeError):
        asyncio.run(coroutine)


def test_long_result_is_cut_in_the_message() -> None:
    """A megabyte does not land in the log."""
    with pytest.raises(UsageError) as caught:
        respond(frozenset(range(10_000)), "page")
    assert len(str(caught.value)) < 400


# --- JSON ------------------------------------------------------------------------------------------


def test_json_answer_has_type_and_status() -> None:
    """A number or a line."""
    response = json_response({"é": 1}, "201 Created")
    assert (response.status_code, response.content_type, json.loads(response.text)) == (201, JSON, {"é": 1})


def test_json_answer_refuses_what_json_lacks() -> None:
    """NaN is not null."""
    with pytest.raises(UsageError, match="finite"):
        json_response({"a": float("nan")})
    with pytest.raises(UsageError):
        json_response({}, 42)


def test_answer_of_the_engine_belongs_to_its_request_at_once() -> None:
    """It needs no copy, and can do all that a Response can."""
    made = bare(b"x", b"text/plain", 201)
    assert type(made) is FreshResponse
    assert respond(made, "page") is made
    made.set_cookie("a", "1")
    assert (made.status, made.content_type, made.text, len(made.cookies)) == (
        "201 Created",
        "text/plain",
        "x",
        1,
    )


def test_bare_answers_share_nothing() -> None:
    """Fields of one answer never show up in another."""
    first, second = bare(b"x", b"text/plain"), bare(b"y", b"text/plain")
    first.headers["X-One"] = "1"
    first.set_cookie("a", "1")
    assert (dict(second.headers), second.cookies) == ({"Content-Type": "text/plain"}, ())


def test_type_and_tag_become_fields_when_fields_are_asked_for() -> None:
    """An answer keeps them beside its fields while there are no others; nobody can tell."""
    response, untouched = bare(b"x", b"text/plain"), bare(b"x", b"text/plain")
    response.plain_tag = untouched.plain_tag = b'"t"'
    assert response.content_type == "text/plain"
    response.raw[b"x-one"] = b"1"
    assert response.fields() == [(b"content-type", b"text/plain"), (b"etag", b'"t"'), (b"x-one", b"1")]
    assert untouched.texts() == [("content-type", "text/plain"), ("etag", '"t"')]
    assert untouched.texts(1)[2:] == [("content-length", "1")]
    assert response.texts(1)[3:] == [("content-length", "1")]
    response.content_type = "text/css"
    assert (response.content_type, untouched.content_type) == ("text/css", "text/plain")
