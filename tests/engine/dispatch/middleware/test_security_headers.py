"""Every response carries the security headers, and a nonce belongs to one response only."""

from __future__ import annotations

import pytest

from asok_engine.dispatch.middleware.security_headers import SecurityHeaders
from asok_engine.security.csp import allow_connect, build_csp
from asok_engine.security.nonce import make_nonce
from asok_engine.security.response_headers import security_headers
from asok_engine.wire.response import Response
from tests.engine.dispatch.exchanges import make_request, page

POLICY = build_csp()


def middleware() -> SecurityHeaders:
    """Compose it as a face does."""
    return SecurityHeaders(
        https=security_headers(True, https=True, debug=False, csp=POLICY.header),
        http=security_headers(True, https=False, debug=False, csp=POLICY.header),
        csp_with_nonce=POLICY.with_nonce,
    )


def finished(response: Response, nonce: str = "", scheme: str = "https") -> Response:
    """Give a response as it leaves the middleware."""
    request = make_request(scheme=scheme)
    if nonce:
        request.nonce_value = nonce
    middleware().finish(request, response)
    return response


@pytest.mark.parametrize(
    "response",
    [
        page(),
        page(status=404),
        page(status=500),
        Response(b"", 302, {"Location": "/"}),
        Response(b"", 304),
        Response(b"", 204),
    ],
)
def test_every_kind_of_response_is_hardened(response: Response) -> None:
    """Pages, redirects, errors and empty answers have the same headers."""
    headers = finished(response).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"] == POLICY.header
    assert headers["Strict-Transport-Security"].startswith("max-age=")


def test_plain_http_is_told_nothing_about_https() -> None:
    """Strict-Transport-Security over http is ignored by browsers and wrong (RFC 6797 7.2)."""
    headers = finished(page(), scheme="http").headers
    assert "Strict-Transport-Security" not in headers
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_scheme_that_a_trusted_proxy_told_counts() -> None:
    """Behind a proxy that ends TLS the visitor uses https."""
    request, response = make_request(scheme="http"), page()
    request._scheme = "https"
    middleware().finish(request, response)
    assert "Strict-Transport-Security" in response.headers


def test_header_of_the_handler_wins() -> None:
    """A page that may be framed says so itself."""
    response = page()
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    headers = finished(response).headers
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Content-Type"] == "text/html; charset=utf-8"


def test_page_without_a_nonce_is_constant_and_cacheable() -> None:
    """Two answers to the same question do not differ, so any cache may keep one."""
    first, second = finished(page()), finished(page())
    assert first.fields() == second.fields()
    assert "nonce" not in first.headers["Content-Security-Policy"]
    assert "Cache-Control" not in first.headers


def test_nonce_is_allowed_for_scripts_and_styles() -> None:
    """The nonce that the template printed is the one that the policy names."""
    nonce = make_nonce()
    policy = finished(page(), nonce).headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert f"'nonce-{nonce}'" in directives["script-src"]
    assert f"'nonce-{nonce}'" in directives["style-src"]
    assert "nonce" not in directives["img-src"]


@pytest.mark.parametrize(
    "cache_control", [None, "public, max-age=3600", "max-age=60", "s-maxage=10", "no-cache", "x-private"]
)
def test_nonce_is_never_replayed_by_a_shared_cache(cache_control: str | None) -> None:
    """A page with a nonce is kept for nobody else, whatever its handler has said (case 100)."""
    response = page()
    if cache_control is not None:
        response.headers["Cache-Control"] = cache_control
    assert finished(response, make_nonce()).headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("cache_control", ["no-store", "private, max-age=60", "max-age=0,private"])
def test_stricter_cache_control_of_the_handler_is_kept(cache_control: str) -> None:
    """What keeps shared caches out already needs no change."""
    response = page()
    response.headers["Cache-Control"] = cache_control
    assert finished(response, make_nonce()).headers["Cache-Control"] == cache_control


def test_policy_of_the_handler_gets_no_nonce() -> None:
    """A handler that writes its own policy is taken at its word, and still not cached by others."""
    response = page()
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    headers = finished(response, make_nonce()).headers
    assert headers["Content-Security-Policy"] == "default-src 'none'"
    assert headers["Cache-Control"] == "private, no-cache"


def test_switched_off_headers_stay_off_with_a_nonce() -> None:
    """Without a policy a nonce brings none."""
    request, response = make_request(), page()
    request.nonce_value = make_nonce()
    SecurityHeaders(https={}, http={}).finish(request, response)
    assert "Content-Security-Policy" not in response.headers


def test_data_has_the_policy_that_is_given_for_it() -> None:
    """Only data, and only where there is a policy at all."""
    made = SecurityHeaders(
        https={},
        http=security_headers(True, https=False, debug=False, csp=POLICY.header),
        data_policy="x 'y'",
    )
    for scheme, content_type, expected in (
        ("http", "application/json", "x 'y'"),
        ("http", "text/html; charset=utf-8", POLICY.header),
        ("http", "image/svg+xml", POLICY.header),
        ("https", "application/json", None),
    ):
        response = Response("{}", content_type=content_type)
        made.finish(make_request(scheme=scheme), response)
        assert response.headers.get("Content-Security-Policy") == expected


def test_what_the_setting_adds_never_stands_beside_the_same_field() -> None:
    """An answer that has a type and a tag keeps its own, also where the setting names these fields."""
    composed = SecurityHeaders(https={}, http={"ETag": '"all"', "Content-Type": "x/y", "X-One": "1"})
    response = page()
    response.plain_tag = b'"own"'
    composed.finish(make_request(), response)
    expected = {b"etag": b'"own"', b"content-type": b"text/html; charset=utf-8", b"x-one": b"1"}
    assert sorted(response.fields()) == sorted(expected.items())


@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-8"])
def test_data_carries_what_matters_for_data(content_type: str) -> None:
    """Data keeps the policy, nosniff and HSTS; headers about documents and windows are left out."""
    headers = finished(Response("{}", content_type=content_type)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == POLICY.header
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert "X-Frame-Options" not in headers
    assert "Cross-Origin-Opener-Policy" not in headers


@pytest.mark.parametrize(
    "content_type", ["text/html", "image/svg+xml", "application/xml", "text/css", "made/up"]
)
def test_whatever_may_become_a_document_carries_all_of_them(content_type: str) -> None:
    """Only what is known to be data is spared; everything else is treated as a document."""
    assert finished(Response("x", content_type=content_type)).headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("nonce", ["", make_nonce()], ids=["without-nonce", "with-nonce"])
def test_page_with_sockets_may_connect_to_them(nonce: str) -> None:
    """What a page connects to is allowed on that response, with and without a nonce, and on no other."""
    composed = SecurityHeaders(
        https=security_headers(True, https=True, debug=False, csp=POLICY.header),
        http=security_headers(True, https=False, debug=False, csp=POLICY.header),
        csp_with_nonce=POLICY.with_nonce,
        allow_connect=allow_connect,
    )
    with_sockets, without = make_request(scheme="https"), make_request(scheme="https")
    with_sockets.nonce_value = without.nonce_value = nonce
    with_sockets.__dict__["connect_source"] = "ws://localhost:8001"
    first, second = page(), page()
    composed.finish(with_sockets, first)
    composed.finish(without, second)
    assert b"connect-src 'self' ws://localhost:8001;" in first.headers["Content-Security-Policy"].encode()
    assert b"ws://" not in second.headers["Content-Security-Policy"].encode()


def test_policy_of_a_handler_stays_as_it_is_beside_sockets() -> None:
    """Who writes a policy decides about it."""
    composed = SecurityHeaders(https={}, http={}, allow_connect=allow_connect)
    request, response = make_request(scheme="https"), page()
    request.__dict__["connect_source"] = "ws://localhost:8001"
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    composed.finish(request, response)
    assert response.raw[b"content-security-policy"] == b"default-src 'none'"
