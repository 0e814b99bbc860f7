"""Other sites may read our answers exactly as far as the settings say."""

from __future__ import annotations

from typing import Any

import pytest

from asok_engine.dispatch.middleware.cors import Cors
from asok_engine.errors import InputError, SetupError
from asok_engine.wire.response import Response
from tests.engine.dispatch.exchanges import make_request, page

APP = "https://app.example.com"


def finished(
    cors: Cors, origin: str | None = APP, response: Response | None = None, **request: Any
) -> Response:
    """Give a response as it leaves the middleware."""
    headers = {"Origin": origin} if origin is not None else {}
    response = response or page()
    cors.finish(make_request(headers=headers, **request), response)
    return response


def preflight(
    cors: Cors, origin: str = APP, method: str = "POST", asked: str | None = None
) -> Response | None:
    """Give the whole answer to a preflight."""
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    if asked is not None:
        headers["Access-Control-Request-Headers"] = asked
    request = make_request("/api", "OPTIONS", headers)
    response = cors.guard(request)
    if response is not None:
        cors.finish(request, response)
    return response


def test_listed_origin_may_read_the_answer() -> None:
    """The origin is named back, and caches are told that it matters."""
    headers = finished(Cors([APP, "http://localhost:3000"])).headers
    assert headers["Access-Control-Allow-Origin"] == APP
    assert headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://evil-app.example.com",
        "https://app.example.com/",
        "https://app.example.com, https://evil.example",
        "null",
        "",
        "https://app\xadexample.com",
    ],
)
def test_foreign_origin_gets_no_cors_header(origin: str) -> None:
    """What is not exactly a listed origin is foreign; caches still keep the answers apart."""
    cors = Cors([APP, "https://app.example.com:443"], allow_credentials=True)
    for response in (finished(cors, origin), preflight(cors, origin)):
        assert response is not None
        assert not [name for name in response.headers if name.startswith("Access-Control")]
        assert response.headers["Vary"].startswith("Origin")


def test_answer_without_an_origin_still_varies() -> None:
    """A cache must not give the answer made for a plain visit to another site."""
    assert finished(Cors([APP]), None).headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "response", [page(status=404), page(status=500), Response(b"", 302, {"Location": "/x"})]
)
def test_errors_and_redirects_are_marked_too(response: Response) -> None:
    """A script that may read the page may read why it failed."""
    assert finished(Cors([APP]), response=response).headers["Access-Control-Allow-Origin"] == APP


def test_vary_of_the_handler_is_kept() -> None:
    """The origin is added to what the answer depends on already, once."""
    response = Response(b"x", headers={"Vary": "Cookie"})
    assert finished(Cors([APP]), response=response).headers["Vary"] == "Cookie, Origin"
    assert finished(Cors([APP]), response=response).headers["Vary"] == "Cookie, Origin"


def test_header_of_the_handler_wins() -> None:
    """A handler that has decided for itself is not contradicted."""
    response = Response(b"x", headers={"Access-Control-Allow-Origin": "https://other.example"})
    cors = Cors([APP], allow_credentials=True)
    headers = finished(cors, response=response).headers
    assert headers["Access-Control-Allow-Origin"] == "https://other.example"
    assert "Access-Control-Allow-Credentials" not in headers


def test_everyone_is_a_star_and_nothing_varies() -> None:
    """An answer that everyone may read is the same for everyone."""
    headers = finished(Cors("*")).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in headers
    assert finished(Cors(["*"]), None).headers["Access-Control-Allow-Origin"] == "*"


def test_everyone_with_credentials_stops_the_start() -> None:
    """No setting lets every site act as the visitor."""
    with pytest.raises(SetupError, match="any site could act as the visitor"):
        Cors(["*", APP], allow_credentials=True)


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://a.example.com", True),
        ("https://a-1.example.com", True),
        ("https://a.b.example.com", False),
        ("https://example.com", False),
        ("https://.example.com", False),
        ("http://a.example.com", False),
        ("https://a.example.com:444", False),
        ("https://a.exampleXcom", False),
        ("https://evil.com/.example.com", False),
        ("https://a.example.com\n", False),
    ],
)
def test_star_in_an_origin_stands_for_one_label(origin: str, is_allowed: bool) -> None:
    """A wildcard covers the direct subdomains and nothing else."""
    headers = finished(Cors(["https://*.example.com"]), origin).headers
    assert ("Access-Control-Allow-Origin" in headers) is is_allowed


@pytest.mark.parametrize(
    "written", ["HTTPS://App.Example.com", "https://app.example.com/", "https://app.example.com:443"]
)
def test_origin_is_understood_as_people_write_it(written: str) -> None:
    """Case, a slash at the end and the usual port make no difference in the settings."""
    assert finished(Cors([written])).headers["Access-Control-Allow-Origin"] == APP


@pytest.mark.parametrize(
    "bad", ["app.example.com", "https://", "null", "https://a.com/path", "https://a b", "", "https://*"]
)
def test_text_that_is_no_origin_stops_the_start(bad: str) -> None:
    """A typo is named, not ignored."""
    with pytest.raises(SetupError, match="is no origin"):
        Cors([bad])


@pytest.mark.parametrize("option", ["allow_methods", "allow_headers", "expose_headers"])
def test_name_that_would_split_a_header_stops_the_start(option: str) -> None:
    """Settings cannot put line breaks into responses (case 98)."""
    with pytest.raises(SetupError, match="cannot name"):
        Cors([APP], **{option: ["X-Good", "X-Bad\r\nSet-Cookie: a=b"]})


def test_credentials_and_exposed_headers_are_told() -> None:
    """What a listed origin may do stands on every answer to it."""
    headers = finished(Cors([APP], allow_credentials=True, expose_headers=["X-Total"])).headers
    assert headers["Access-Control-Allow-Credentials"] == "true"
    assert headers["Access-Control-Expose-Headers"] == "X-Total"


def test_preflight_is_answered_without_the_application() -> None:
    """A listed origin learns methods, headers and how long it may remember them."""
    response = preflight(Cors([APP], max_age_seconds=60))
    assert response is not None
    headers = response.headers
    assert response.status_code == 204
    assert response.body == b""
    assert headers["Access-Control-Allow-Origin"] == APP
    assert headers["Access-Control-Allow-Methods"] == "GET, POST, PUT, PATCH, DELETE, OPTIONS"
    assert "Authorization" in headers["Access-Control-Allow-Headers"]
    assert headers["Access-Control-Max-Age"] == "60"
    assert headers["Vary"] == "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
    assert "Content-Type" not in headers


def test_preflight_for_a_method_that_is_not_allowed_is_refused() -> None:
    """The answer says which methods are allowed."""
    with pytest.raises(InputError, match="GET, POST are allowed") as refused:
        preflight(Cors([APP], allow_methods=["get", "post"]), method="DELETE")
    assert refused.value.status == 400


def test_star_in_headers_allows_what_is_asked_for() -> None:
    """The requested names come back as they were asked for."""
    response = preflight(Cors([APP], allow_headers=["*"]), asked="x-one, x-two")
    assert response is not None
    assert response.headers["Access-Control-Allow-Headers"] == "x-one, x-two"


@pytest.mark.parametrize("asked", ["x-one\x00", 'x-"one"', "x" * 2001, "x-öne"])
def test_hostile_requested_headers_are_not_echoed(asked: str) -> None:
    """Only names can come back (case 98)."""
    response = preflight(Cors([APP], allow_headers=["*"]), asked=asked)
    assert response is not None
    assert response.headers["Access-Control-Allow-Headers"] == ""


def test_other_requests_go_on() -> None:
    """OPTIONS without the fields of a preflight, and every other method, reach the application."""
    cors = Cors([APP])
    assert cors.guard(make_request(method="OPTIONS", headers={"Origin": APP})) is None
    assert (
        cors.guard(make_request(method="OPTIONS", headers={"Access-Control-Request-Method": "GET"})) is None
    )
    asking = {"Origin": APP, "Access-Control-Request-Method": "GET"}
    assert cors.guard(make_request(method="GET", headers=asking)) is None
