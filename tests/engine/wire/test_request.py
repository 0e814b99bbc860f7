"""Every public name of a request, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from asok_engine.errors import (
    Abort,
    BodyTooLarge,
    ForbiddenError,
    InputError,
    MalformedBody,
    MissingField,
    NotFoundError,
    Redirect,
    UnauthorizedError,
    UnsupportedBody,
    UsageError,
)
from asok_engine.wire.events import Event
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response
from asok_engine.wire.uploads import UploadedFile
from asok_engine.wire.values import Values
from tests.engine.dispatch.exchanges import MemoryExchange, make_request


def posted(body: bytes, content_type: str, path: str = "/") -> Request:
    """Make a request whose body was read."""
    request = make_request(path, "POST", {"Content-Type": content_type})
    request._body = body
    return request


# --- what came in -------------------------------------------------------------------------


def test_query_keeps_repeated_and_blank_values() -> None:
    """`query` and `args` are one; the last value by name, all of them by getlist."""
    request = make_request("/?a=1&a=2&blank=&n=%C3%A9+x")
    assert request.query is request.args
    assert (request.query["a"], request.query.getlist("a")) == ("2", ["1", "2"])
    assert (request.query["blank"], request.query["n"], request.query.get("none")) == ("", "é x", None)
    assert request.raw_query_string == b"a=1&a=2&blank=&n=%C3%A9+x"


def test_too_many_fields_are_refused() -> None:
    """A thousand are read, one more is 413, in the query as in the form."""
    many = "&".join(f"a{n}=1" for n in range(1000))
    assert len(make_request(f"/?{many}").query) == 1000
    with pytest.raises(BodyTooLarge):
        _ = make_request(f"/?{many}&b=1").query
    with pytest.raises(BodyTooLarge):
        _ = posted(f"{many}&b=1".encode(), "application/x-www-form-urlencoded").form


def test_cookies_are_read() -> None:
    """By mapping, by name, with a default."""
    request = make_request(headers={"Cookie": "a=1; b=%C3%A9"})
    assert request.cookies == request.cookies_dict == {"a": "1", "b": "é"}
    assert (request.cookie("a"), request.cookie("x"), request.cookie("x", "y")) == ("1", None, "y")
    assert make_request().cookies == {}


def test_media_type_is_bare() -> None:
    """Without parameters, in lower case."""
    assert posted(b"", "Text/HTML; charset=x").media_type == "text/html"
    assert make_request().media_type == ""


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("APPLICATION/JSON", True),
        ("application/vnd.api+json", True),
        ("text/plain", False),
        ("text/json-ish", False),
        ("", False),
    ],
)
def test_json_is_known_by_its_type(content_type: str, is_json: bool) -> None:
    """A form of another site can send text/plain, and must not be taken for JSON."""
    request = posted(b'{"a":1}', content_type)
    assert request.is_json is is_json
    if is_json:
        assert request.json_body == request.get_json() == request.json() == {"a": 1}
    else:
        with pytest.raises(UnsupportedBody):
            _ = request.json_body


def test_json_is_read_in_every_form() -> None:
    """Called, indexed, as a mapping."""
    request = posted(b'{"name":"x","n":2}', "application/json")
    assert (request.json["name"], request.json.get("n"), request.json.get("none", 3)) == ("x", 2, 3)
    assert ("name" in request.json, "none" in request.json) == (True, False)
    assert (dict(request.json), len(request.json)) == ({"name": "x", "n": 2}, 2)
    with pytest.raises(MissingField, match="'none' was not sent"):
        request.json["none"]


def test_json_that_is_no_object_cannot_be_indexed() -> None:
    """It can be read whole; a name in a list is the client's mistake."""
    request = posted(b"[1,2]", "application/json")
    assert request.json() == [1, 2]
    with pytest.raises(MalformedBody, match="list; an object"):
        request.json["name"]


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"a":NaN}', b"[" * 100_000, b"\xff"])
def test_malformed_json_is_the_client_s_mistake(body: bytes) -> None:
    """400, never None and never a defect."""
    with pytest.raises(MalformedBody):
        posted(body, "application/json").json()


def test_form_overlays_the_query() -> None:
    """A field of the body replaces the one of the query, with all its values."""
    request = posted(b"a=3&a=4&c=", "application/x-www-form-urlencoded", "/?a=1&b=2")
    assert request.form == {"a": "4", "b": "2", "c": ""}
    assert request.form.getlist("a") == ["3", "4"]
    assert request.post_form == {"a": "4", "c": ""}
    assert make_request("/?a=1").form == {"a": "1"}
    assert posted(b"a=1", "text/plain").post_form == {}


def upload(name: str) -> UploadedFile:
    """Make an uploaded file."""
    import io

    return UploadedFile(name, "text/plain", 1, io.BytesIO(b"x"))


def test_files_are_found_by_field() -> None:
    """The last one by name, all of one name, all of them."""
    request = make_request("/", "POST")
    first, second, other = upload("1"), upload("2"), upload("3")
    request._files = {"doc": [first, second], "photo": [other]}
    assert request.files == {"doc": second, "photo": other}
    assert request.all_files == request.file_list() == [first, second, other]
    assert request.file_list("doc") == [first, second]
    assert (request.file("doc"), request.file("none"), request.file_list("none")) == (second, None, [])
    assert make_request().files == {}


def test_body_is_there_or_says_why_not() -> None:
    """Bytes, nothing, parsed as a form, or streamed."""
    assert posted(b"x", "text/plain").body == b"x"
    assert make_request().body == b""
    parsed = make_request("/", "POST")
    parsed._fields = Values()
    with pytest.raises(UsageError, match="multipart"):
        _ = parsed.body
    streamed = make_request("/", "POST")
    streamed._reader = iter([b"a", b"b"])
    with pytest.raises(UsageError, match="chunks"):
        _ = streamed.body
    assert list(streamed.chunks()) == [b"a", b"b"]
    with pytest.raises(UsageError, match="STREAM_BODY"):
        make_request().chunks()


# --- who and where ---------------------------------------------------------------------------


def test_addresses_are_put_together() -> None:
    """As the client wrote them; the path encoded as it was sent."""
    request = make_request("/a/b?x=1&y=2", host="Example.test:8000", raw_path=b"/a/%62")
    assert request.url == request.full_url == "http://Example.test:8000/a/%62?x=1&y=2"
    assert request.base_url == "http://Example.test:8000/a/%62"
    assert (request.host, request.hostname, request.host_url) == (
        "Example.test:8000",
        "example.test",
        "http://Example.test:8000/",
    )
    assert (request.scheme, request.is_secure) == ("http", False)


def test_mount_prefix_is_part_of_addresses() -> None:
    """Behind root_path the client asked for more than the application sees."""
    request = make_request("/a?x=1", root_path="/app é", scheme="https")
    assert request.url == "https://testserver/app%20%C3%A9/a?x=1"
    assert (request.root_path, request.is_secure) == ("/app é", True)


@pytest.mark.parametrize(
    ("server", "host"), [(("s", 80), "s"), (("s", 443), "s"), (("s", None), "s"), (("s", 81), "s:81")]
)
def test_request_without_host_names_the_server(server: Any, host: str) -> None:
    """HTTP/1.0 clients send none."""
    assert make_request(host=None, server=server).host == host


def test_host_that_is_none_has_no_name() -> None:
    """Nothing is made of a Host field with a path or a user in it."""
    for host in ("evil.test/x", "user@evil.test", "a b", "[::1"):
        assert make_request(host=host).hostname == ""
    assert make_request(host="[::1]:80").hostname == "::1"


def test_client_is_the_peer() -> None:
    """Its address, its browser."""
    request = make_request(
        headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"}
    )
    assert request.ip == "203.0.113.9"
    assert request.user_agent.startswith("Mozilla")
    assert (request.browser.name, request.browser.os, request.browser.is_mobile) == (
        "Firefox",
        "Linux",
        False,
    )
    assert (make_request().user_agent, make_request(peer="").ip) == ("", "")


def test_environ_comes_from_the_exchange() -> None:
    """Once."""

    class Counting(MemoryExchange):
        asked = 0

        def environ(self) -> dict[str, Any]:
            self.asked += 1
            return {"n": self.asked}

    request = Request.from_exchange(Counting(), "GET", "/", "")
    assert request.environ is request.environ
    assert request.environ["n"] == 1


def test_repr_names_method_and_path() -> None:
    """For log lines and debuggers."""
    assert repr(make_request("/x?secret=1", "POST")) == "<Request POST /x>"


# --- the draft of the answer -----------------------------------------------------------------


def sent(request: Request, response: Response | None = None) -> Response:
    """Merge the draft as the chain does."""
    return request.answered(response if response is not None else Response("page"))


def test_status_is_read_called_and_set() -> None:
    """`status` is a line and a function, `status_code` a number and a function."""
    request = make_request()
    assert (request.status, request.status_code, request.code) == ("200 OK", 200, 200)
    assert request.status(404) is request
    assert (request.status, request.status_code, request.code) == ("404 Not Found", 404, 404)
    request.status = "503 Service Unavailable"
    assert request.status_code() == 503
    assert request.status_code(418).header("X-Tea", "yes") is request
    assert (request.status_code == 418, request.status_code >= 400, str(request.status)) == (
        True,
        True,
        "418 I'm a Teapot",
    )
    request.status_code = 201
    assert sent(request).status_code == 201


@pytest.mark.parametrize("status", [99, 1000, "soon", None, True])
def test_status_that_is_none_is_refused(status: Any) -> None:
    """Where it is set."""
    for setting in (
        lambda r: r.status(status),
        lambda r: setattr(r, "status", status),
        lambda r: setattr(r, "status_code", status),
    ):
        with pytest.raises(UsageError):
            setting(make_request())


def test_headers_and_cookies_are_merged_into_the_answer() -> None:
    """What the handler said beats what the answer has; cookies add up."""
    request = make_request()
    request.header("X-One", "1").header("Cache-Control", "no-store")
    request.response_headers["X-Two"] = "2"
    request.content_type = "text/css"
    assert request.content_type == "text/css"
    request.set_cookie("a", "1").delete_cookie("b")
    response = Response("x", headers={"Cache-Control": "public"})
    response.set_cookie("own", "1")
    merged = sent(request, response)
    assert merged is response
    assert {name: merged.headers[name] for name in ("X-One", "X-Two", "Cache-Control", "Content-Type")} == {
        "X-One": "1",
        "X-Two": "2",
        "Cache-Control": "no-store",
        "Content-Type": "text/css",
    }
    assert len(merged.cookies) == 3


def test_answer_without_a_draft_stays_as_it_is() -> None:
    """And a draft counts once."""
    request = make_request()
    response = Response("x", 202)
    assert dict(sent(request, response).headers) == {"Content-Type": "text/html; charset=utf-8"}
    request.status(500)
    sent(request)
    assert sent(request, Response("x", 202)).status_code == 202
    assert (request.status_code, request.content_type) == (200, "")


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: s=1", "a\nb", "a\x00b"])
def test_header_cannot_split_the_response(value: str) -> None:
    """Refused where it is said."""
    request = make_request()
    for setting in (
        lambda: request.header("X-Name", value),
        lambda: request.response_headers.__setitem__("X-Name", value),
        lambda: setattr(request, "content_type", value),
        lambda: request.header(value, "x"),
    ):
        with pytest.raises(UsageError):
            setting()
    with pytest.raises(UsageError, match="set_cookie"):
        request.header("Set-Cookie", "a=1")


def test_cookie_is_secure_where_the_client_is() -> None:
    """On https by default, elsewhere when it is asked for."""
    for scheme, options, secure in (
        ("https", {}, True),
        ("http", {}, False),
        ("http", {"secure": True}, True),
    ):
        request = make_request(scheme=scheme)
        request.set_cookie("a", "x;y\r\n", max_age=5, **options)
        line = sent(request).cookies[0].decode()
        assert line.startswith("a=x%3By%0D%0A; Max-Age=5; Path=/")
        assert ("; Secure" in line) is secure
        assert "HttpOnly" in line


# --- answers ------------------------------------------------------------------------------------


def test_answers_have_their_type_and_status() -> None:
    """Text, JSON, and the two shapes of an API."""
    request = make_request()
    text = request.text("x", 202)
    assert (text.text, text.status_code, text.content_type) == ("x", 202, "text/plain; charset=utf-8")
    for response in (request.json({"a": 1}, 201), request.json(data={"a": 1}, status="201 Created")):
        assert (response.text, response.status_code, response.content_type) == (
            '{"a":1}',
            201,
            "application/json",
        )
    assert request.json(None).text == "null"
    assert request.json([]).status_code == 200
    assert request.api([1], 201).text == '{"data":[1],"status":201}'
    assert request.api().text == '{"data":null,"status":200}'
    assert (
        request.api_error("no", 422, {"a": ["x"]}).text == '{"error":"no","status":422,"errors":{"a":["x"]}}'
    )
    assert request.api_error("no").text == '{"error":"no","status":400}'
    with pytest.raises(UsageError):
        request.text("x", 42)
    with pytest.raises(TypeError):
        request.json(1, 2, 3)


def test_stream_takes_any_iterable() -> None:
    """With a type of its own, or as HTML."""
    pieces = iter(["a"])
    response = make_request().stream(pieces, "text/csv")
    assert (response.body is pieces, response.content_type) == (True, "text/csv")
    assert make_request().stream(pieces).content_type == "text/html; charset=utf-8"
    with pytest.raises(UsageError):
        make_request().stream(pieces, "text/csv\r\nX: y")


FRAMES = b'retry: 500\n\ndata: one\ndata: two\n\ndata: {"a":1}\n\nid: 7\nevent: ping\ndata: x\n\n'
ITEMS: list[Any] = ["one\ntwo", {"a": 1}, Event("x", event="ping", id="7")]


def test_events_are_framed_from_plain_and_async_sources() -> None:
    """Text, data and events; the first line tells the browser when to come back."""

    async def waits() -> AsyncIterator[Any]:
        for item in ITEMS:
            yield item

    async def collected(pieces: Any) -> bytes:
        return b"".join([piece async for piece in pieces])

    plain = make_request().events(ITEMS, retry_ms=500)
    body: Any = plain.body
    assert b"".join(body) == FRAMES
    assert asyncio.run(collected(make_request().events(waits(), retry_ms=500).body)) == FRAMES
    assert plain.content_type.startswith("text/event-stream")
    assert (plain.headers["Cache-Control"], plain.headers["X-Accel-Buffering"]) == ("no-cache", "no")


@pytest.mark.parametrize("retry_ms", [None, 100])
def test_closing_the_events_closes_their_source(retry_ms: int | None) -> None:
    """At once, whatever piece was the last."""
    closed: list[str] = []

    def plain() -> Iterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append("plain")

    async def waits() -> AsyncIterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append("async")

    async def leave(pieces: Any) -> None:
        for _ in range(1 if retry_ms is None else 2):
            await anext(pieces)
        await pieces.aclose()
        assert closed == ["plain", "async"]

    source = plain()
    pieces: Any = make_request().events(source, retry_ms=retry_ms).body
    for _ in range(1 if retry_ms is None else 2):
        next(pieces)
    pieces.close()
    assert closed == ["plain"]
    asyncio.run(leave(make_request().events(waits(), retry_ms=retry_ms).body))


# --- early ends ---------------------------------------------------------------------------------


def redirected(request: Request, url: str, *more: Any, **options: Any) -> Redirect:
    """Redirect, and give what was raised."""
    with pytest.raises(Redirect) as caught:
        request.redirect(url, *more, **options)
    return caught.value


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("/next", "/next"),
        ("?page=2", "?page=2"),
        ("#top", "#top"),
        ("/é?q=ü", "/%C3%A9?q=%C3%BC"),
        ("/a%2Fb", "/a%2Fb"),
        ("http://testserver/x", "http://testserver/x"),
        ("https://app.test/x", "https://app.test/x"),
    ],
)
def test_redirect_stays_on_this_site(url: str, target: str) -> None:
    """Paths, and addresses of our own hosts."""

    class Bound(Request):
        app_host = "app.test"

    request = Bound.from_exchange(MemoryExchange([("host", "testserver")]), "GET", "/", "")
    assert (redirected(request, url).url, redirected(request, url).status) == (target, 302)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "//evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "https:evil.test",
            "http:/evil.test",
            "javascript:alert(1)",
        ),
        *("https://evil.test", "http://testserver@evil.test", "http://testserver.evil.test", "/\t/evil.test"),
        *(
            "/a\r\nX: y",
            "///evil.test",
            " //evil.test",
            "http://testserver\\@evil.test",
            "data:text/html,x",
            "/\x00",
        ),
    ],
)
def test_redirect_off_the_site_is_refused(url: str) -> None:
    """As browsers read them, these lead elsewhere or into the headers."""
    with pytest.raises(UsageError):
        make_request().redirect(url)


def test_redirect_elsewhere_is_said_out_loud() -> None:
    """`safe=False` takes another host, and still no line break."""
    assert redirected(make_request(), "https://other.test/x", safe=False).url == "https://other.test/x"
    assert redirected(make_request(), "/x", 303).status == 303
    with pytest.raises(UsageError):
        make_request().redirect("https://other.test/\r\nX: y", safe=False)


@pytest.mark.parametrize(
    ("referrer", "target"),
    [
        (None, "/home"),
        ("http://testserver/list?p=2", "http://testserver/list?p=2"),
        ("https://evil.test/", "/home"),
        ("javascript:alert(1)", "/home"),
        ("nonsense\\", "/home"),
    ],
)
def test_back_leads_to_the_page_before_or_to_the_default(referrer: str | None, target: str) -> None:
    """Never to another site."""
    request = make_request(headers={"Referer": referrer} if referrer else {})
    with pytest.raises(Redirect) as caught:
        request.back("/home")
    assert caught.value.url == target


@pytest.mark.parametrize(
    ("stop", "kind", "status"),
    [
        (lambda r: r.abort(418, "tea"), Abort, 418),
        (lambda r: r.abort("409 Conflict"), Abort, 409),
        (lambda r: r.not_found(), NotFoundError, 404),
        (lambda r: r.abort_404("gone"), NotFoundError, 404),
        (lambda r: r.forbidden(), ForbiddenError, 403),
        (lambda r: r.abort_403(), ForbiddenError, 403),
        (lambda r: r.unauthorized(), UnauthorizedError, 401),
        (lambda r: r.abort_401(), UnauthorizedError, 401),
        (lambda r: r.method_not_allowed(["post", "GET"]), InputError, 405),
    ],
)
def test_handler_may_stop_early(stop: Any, kind: type[Exception], status: int) -> None:
    """Each raises, so nothing after it runs."""
    with pytest.raises(kind) as caught:
        stop(make_request())
    assert caught.value.status == status  # type: ignore[attr-defined]


def test_early_end_carries_its_message_and_headers() -> None:
    """What is said is shown; 405 names the methods."""
    with pytest.raises(Abort) as aborted:
        make_request().abort(418, "tea")
    assert aborted.value.text == "tea"
    with pytest.raises(InputError) as refused:
        make_request().method_not_allowed(["post", "GET", "GET"])
    assert refused.value.headers == {"Allow": "GET, POST"}
    with pytest.raises(UsageError):
        make_request().abort(42)


def test_parsed_parts_are_computed_once() -> None:
    """And on the class they are the descriptor, so that documentation tools find the promise."""
    request = make_request("/?a=1", headers={"Cookie": "a=1"})
    for name in ("headers", "query", "cookies", "media_type", "form", "browser"):
        assert getattr(request, name) is getattr(request, name)
        assert getattr(Request, name).__doc__
