"""The test client drives WSGI and ASGI applications alike, and hides no error."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any
from wsgiref.validate import validator

import pytest

from asok_engine.errors import UsageError
from asok_engine.testing.client import TestClient

Fields = list[tuple[str, str]]
Answer = tuple[int, Fields, bytes]
Respond = Callable[[str, str, dict[str, str], bytes], Answer]


def asgi_app(respond: Respond) -> Any:
    """Make an ASGI application of a plain function."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            headers[name.decode()] = value.decode("latin-1")
        target = scope["path"] + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        status, fields, out = respond(scope["method"], target, headers, body)
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in fields]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        await send({"type": "http.response.body", "body": out})

    return app


def wsgi_app(respond: Respond) -> Any:
    """Make a WSGI application of the same function, under the standard library's validator."""

    def app(environ: Any, start_response: Any) -> Any:
        headers = {
            key.removeprefix("HTTP_").replace("_", "-").lower(): value
            for key, value in environ.items()
            if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH")
        }
        path = environ["PATH_INFO"].encode("latin-1").decode()
        target = path + ("?" + environ["QUERY_STRING"] if environ["QUERY_STRING"] else "")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or -1))
        status, fields, out = respond(environ["REQUEST_METHOD"], target, headers, body)
        start_response(f"{status} Status", fields)
        return [out]

    return validator(app)


@pytest.fixture(params=["asgi", "wsgi"])
def client_of(request: pytest.FixtureRequest) -> Callable[..., TestClient]:
    """Make a client of a responding function, over each protocol."""
    make = asgi_app if request.param == "asgi" else wsgi_app

    def client(respond: Respond, **options: Any) -> TestClient:
        return TestClient(make(respond), request.param, **options)

    return client


def echo(method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
    answer = {"method": method, "target": target, "headers": headers, "body": body.decode("latin-1")}
    out = b"" if method == "HEAD" else json.dumps(answer).encode()
    fields = [("Content-Type", "application/json")]
    return 200, fields if method == "HEAD" else [*fields, ("Content-Length", str(len(out)))], out


def test_every_method_path_query_and_body_arrive(client_of: Callable[..., TestClient]) -> None:
    """What a test sends is what the application sees, over both protocols."""
    client = client_of(echo)
    seen = client.get("/straße/a b", params={"q": "x&y"}, headers={"X-One": "1"}).json
    assert (seen["method"], seen["target"]) == ("GET", "/straße/a b?q=x%26y")
    assert seen["headers"]["x-one"] == "1"
    assert seen["headers"]["host"] == "localhost"
    for method in ("post", "put", "patch", "delete"):
        seen = getattr(client, method)("/form", {"a": "1"}).json
        assert (seen["method"], seen["body"]) == (method.upper(), "a=1")
        assert seen["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert client.options("/").json["method"] == "OPTIONS"
    assert client.head("/").body == b""
    assert client.post("/", json_body={"a": 1}).json["body"] == '{"a": 1}'
    assert client.post("/", json=[1]).json["headers"]["content-type"] == "application/json"


def test_address_in_a_query_stays_in_the_query(client_of: Callable[..., TestClient]) -> None:
    """A test of `next` need not quote it; an address of its own is one at the beginning only."""
    client = client_of(echo)
    for path in ("/login?next=https://evil.example/", "login?next=https://evil.example/"):
        seen = client.get(path).json
        assert (seen["target"], seen["headers"]["host"]) == ("/login?next=https://evil.example/", "localhost")
    seen = client.get("http://127.0.0.1/login?next=/").json
    assert (seen["target"], seen["headers"]["host"]) == ("/login?next=/", "127.0.0.1")


def test_upload_arrives_as_multipart(client_of: Callable[..., TestClient]) -> None:
    """Files go out as a real multipart body."""
    seen = client_of(echo).post("/", {"title": "t"}, files={"doc": ("a.txt", b"content")}).json
    assert seen["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert 'name="doc"; filename="a.txt"' in seen["body"]
    assert seen["headers"]["content-length"] == str(len(seen["body"]))


def test_body_in_pieces_has_no_length() -> None:
    """An iterable body is sent chunked, and arrives whole."""
    seen = TestClient(asgi_app(echo)).post("/", iter([b"one ", b"two"])).json
    assert seen["body"] == "one two"
    assert "content-length" not in seen["headers"]
    assert seen["headers"]["transfer-encoding"] == "chunked"


def test_cookies_are_kept_and_sent_back(client_of: Callable[..., TestClient]) -> None:
    """A cookie that was set comes with the next call; extra cookies come with one call only."""

    def respond(method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        out = headers.get("cookie", "").encode()
        return 200, [("Content-Type", "text/plain"), ("Set-Cookie", "a=1; Path=/; HttpOnly")], out

    client = client_of(respond)
    first = client.get("/")
    assert first.text == ""
    assert first.cookies == {"a": "1"}
    cookie = first.cookie("a")
    assert cookie is not None and cookie.http_only
    assert client.get("/", cookies={"b": "2"}).text == "a=1; b=2"
    assert client.get("/").text == "a=1"
    client.cookies.clear()
    assert client.get("/").text == ""


def redirecting(method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
    plain = ("Content-Type", "text/plain")
    if target == "/see":
        return 303, [plain, ("Location", "end?from=see")], b""
    if target == "/keep":
        return 307, [plain, ("Location", "/end")], b""
    if target == "/out":
        return 302, [plain, ("Location", "https://elsewhere.example/")], b""
    if target == "/loop":
        return 302, [plain, ("Location", "/loop")], b""
    return 200, [plain], f"{method} {target} {body.decode()}".encode()


def test_redirects_are_followed_when_asked(client_of: Callable[..., TestClient]) -> None:
    """303 becomes GET, 307 keeps method and body; the way there is the history."""
    client = client_of(redirecting)
    assert client.post("/see", {"a": "1"}).status_code == 303
    followed = client.post("/see", {"a": "1"}, follow=True)
    assert followed.text == "GET /end?from=see "
    assert [step.status_code for step in followed.history] == [303]
    assert followed.url == "http://localhost/end?from=see"
    assert client.post("/keep", {"a": "1"}, follow=True).text == "POST /end a=1"
    assert client_of(redirecting, follow_redirects=True).get("/see").status == "200 OK"


def test_redirect_to_another_host_is_not_followed(client_of: Callable[..., TestClient]) -> None:
    """No other host is played by the application; a circle of redirects ends with an error."""
    client = client_of(redirecting, follow_redirects=True)
    assert client.get("/out").headers["location"] == "https://elsewhere.example/"
    with pytest.raises(UsageError, match="redirected 20 times"):
        client.get("/loop")


def test_response_is_read_plainly(client_of: Callable[..., TestClient]) -> None:
    """Status, fields in any case, text in its charset and membership."""

    def respond(method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        fields = [("Content-Type", "text/plain; charset=latin-1"), ("X-Tag", "a"), ("X-Tag", "b")]
        return 404, fields, "Zoë".encode("latin-1")

    response = client_of(respond).get("/")
    assert (response.status, response.status_code) == ("404 Not Found", 404)
    assert response.headers["x-TAG"] == "a, b"
    assert response.headers.getlist("x-tag") == ["a", "b"]
    assert "x-other" not in response.headers
    assert response.text == "Zoë"
    assert "oë" in response
    assert b"Zo" in response
    with pytest.raises(UsageError, match="not JSON: 'Zoë'"):
        _ = response.json


def test_exception_of_the_application_fails_the_test(client_of: Callable[..., TestClient]) -> None:
    """What the application does not answer itself is raised in the test."""

    def respond(*_: Any) -> Answer:
        raise LookupError("inside")

    with pytest.raises(LookupError, match="inside"):
        client_of(respond).get("/")


def test_wrong_length_fails_the_test(client_of: Callable[..., TestClient]) -> None:
    """A Content-Length that is not the body's length is never hidden."""

    def respond(*_: Any) -> Answer:
        return 200, [("Content-Type", "text/plain"), ("Content-Length", "9")], b"four"

    with pytest.raises(RuntimeError, match="announced 9 bytes of body and sent 4"):
        client_of(respond).get("/")


def test_answered_error_is_kept_or_raised(client_of: Callable[..., TestClient]) -> None:
    """An exception that was logged and answered with 500 is on the response, or raised when asked."""

    def respond(*_: Any) -> Answer:
        try:
            raise LookupError("hidden")
        except LookupError as error:
            logging.getLogger("asok").error("failed", exc_info=error)
        return 500, [("Content-Type", "text/plain")], b"sorry"

    response = client_of(respond).get("/")
    assert response.status_code == 500
    assert isinstance(response.error, LookupError)
    with pytest.raises(LookupError, match="hidden"):
        client_of(respond, raise_errors=True).get("/")


async def test_client_works_inside_a_running_loop(client_of: Callable[..., TestClient]) -> None:
    """A test that is a coroutine may call it too."""
    assert client_of(echo).get("/inside").json["target"] == "/inside"


def test_unknown_protocol_and_scheme_are_named() -> None:
    """A slip in the test is a sentence, not a puzzle."""
    with pytest.raises(UsageError, match="'ftp'"):
        TestClient(echo, "ftp")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="ftp://x/"):
        TestClient(echo).get("ftp://x/")


def test_each_client_has_an_address_of_its_own() -> None:
    """What one client has used up of a rate limit is not missing for the next; an address can be given."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["client"][0].encode()})

    one, two = TestClient(app), TestClient(app)
    assert one.get("/").text == one.get("/").text
    assert one.get("/").text != two.get("/").text
    assert one.get("/").text.startswith("127.")
    assert TestClient(app, client=("192.0.2.1", 1)).get("/").text == "192.0.2.1"


def test_form_is_sent_as_a_browser_sends_it() -> None:
    """What is filled in replaces what stood there; the rest goes along, to where the form says."""
    page = (
        b'<form method="post" action="/save"><input name="t" value="k"><input name="n" value="x"></form>'
        b'<form action="/find?old=1"><input name="q" value="tea"></form>'
    )

    def respond(method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        if method == "GET" and target == "/":
            return 200, [("content-type", "text/html; charset=utf-8")], page
        return 200, [("content-type", "text/plain")], f"{method} {target} {body.decode()}".encode()

    for app, protocol in ((asgi_app(respond), "asgi"), (wsgi_app(respond), "wsgi")):
        client = TestClient(app, protocol)  # type: ignore[arg-type]
        form = client.get("/").form()
        assert client.submit(form).text == "POST /save t=k&n=x"
        assert client.submit(form, {"n": "y", "more": ["1", "2"]}).text == "POST /save t=k&n=y&more=1&more=2"
        assert "form-data" in client.submit(form, files={"f": b"x"}).text
        assert client.submit(client.get("/").form(1), {"q": "a b"}).text == "GET /find?q=a+b "
