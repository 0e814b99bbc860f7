"""All middlewares together: every response passes them, whoever made it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asok_engine.backends.counters.memory import MemoryCounters
from asok_engine.backends.counters.redis import RedisCounters
from asok_engine.backends.redis_link import RedisLink
from asok_engine.dispatch.bodies import BodyReader
from asok_engine.dispatch.chain import Handler
from asok_engine.dispatch.errors import ErrorAnswers
from asok_engine.dispatch.kernel import Endpoint, Kernel
from asok_engine.dispatch.middleware.compression import Compression, is_compressible
from asok_engine.dispatch.middleware.conditional import Conditional
from asok_engine.dispatch.middleware.cors import Cors
from asok_engine.dispatch.middleware.health import health_handler
from asok_engine.dispatch.middleware.hosts import Hosts
from asok_engine.dispatch.middleware.proxies import Proxies
from asok_engine.dispatch.middleware.rate_limit import ClientLimit
from asok_engine.dispatch.middleware.request_id import RequestId
from asok_engine.dispatch.middleware.secure_redirect import SecureRedirect
from asok_engine.dispatch.middleware.security_headers import SecurityHeaders
from asok_engine.dispatch.routes import RouteTable
from asok_engine.dispatch.threads import BackgroundLoop, Threads
from asok_engine.security.csp import build_csp
from asok_engine.security.nonce import make_nonce
from asok_engine.security.response_headers import security_headers
from asok_engine.wire.proxies import TrustedProxies
from asok_engine.wire.request import Request
from asok_engine.wire.response import Response
from tests.engine.dispatch.exchanges import make_request

APP = "https://app.example.com"
WORDS = "<p>many words, many words, many words</p>\n" * 30


def home(request: Request) -> str:
    return WORDS


def moved(request: Request) -> Any:
    request.redirect("/elsewhere")


def broken(request: Request) -> Any:
    raise KeyError("a defect")


def styled(request: Request) -> str:
    request.nonce_value = make_nonce()
    return f"<style nonce={request.nonce_value}></style>" + WORDS


def signed_in(request: Request) -> str:
    request.set_cookie("visitor", "42")
    return WORDS


async def upload(request: Request) -> dict[str, int]:
    return {"size": len(request.body)}


def kernel(counters: Any = None, rate: str = "1000/m") -> Kernel:
    """Compose everything in the order that a face uses."""
    routes = RouteTable()
    handlers = {"/": home, "/moved": moved, "/broken": broken, "/styled": styled, "/signed-in": signed_in}
    for path, call in handlers.items():
        routes.add(path, {"GET": Endpoint(Handler(call, path, is_async=False))}, source=path)
    routes.add("/upload", {"POST": Endpoint(Handler(upload, "upload", is_async=True))}, source="upload")
    routes.add("/health", {"GET": Endpoint(health_handler())}, source="health")
    routes.compile()
    loop = BackgroundLoop()
    policy = build_csp()
    request_id, cors = RequestId(), Cors([APP])
    limit = ClientLimit(counters or MemoryCounters(), rate, exempt_paths=["/health"])
    waits = limit.guard_async if isinstance(counters, RedisCounters) else None
    made = Kernel(
        routes=routes,
        errors=ErrorAnswers(loop),
        bodies=BodyReader(1000),
        threads=Threads(2),
        loop=loop,
        guards=[
            (request_id.guard, None),
            (Proxies(TrustedProxies("10.0.0.5")).guard, None),
            (Hosts(["testserver"], exempt_paths=["/health"]).guard, None),
            (SecureRedirect(["/health"]).guard, None),
            (limit.guard, waits),
            (cors.guard, None),
        ],
        finishers=[
            Conditional(varies_by_coding=is_compressible).finish,
            Compression().finish,
            SecurityHeaders(
                https=security_headers(True, https=True, debug=False, csp=policy.header),
                http=security_headers(True, https=False, debug=False, csp=policy.header),
                csp_with_nonce=policy.with_nonce,
            ).finish,
            cors.finish,
            request_id.finish,
        ],
    )
    made.compose("asgi")
    made.compose("wsgi")
    return made


KERNEL = kernel()


async def answered(form: str, request: Request, by: Kernel = KERNEL) -> Response:
    """Answer as an event loop does, or as a plain server does."""
    return by.handle(request) if form == "plain" else await by.handle_async(request)


@pytest.mark.parametrize("form", ["plain", "loop"])
@pytest.mark.parametrize(
    ("path", "method", "headers", "host", "status"),
    [
        ("/", "GET", {}, "testserver", 200),
        ("/", "HEAD", {}, "testserver", 200),
        ("/moved", "GET", {}, "testserver", 302),
        ("/nothing", "GET", {}, "testserver", 404),
        ("/", "DELETE", {}, "testserver", 405),
        ("/", "OPTIONS", {}, "testserver", 204),
        ("/", "TRACE", {}, "testserver", 405),
        ("/", "FOO", {}, "testserver", 405),
        ("/broken", "GET", {}, "testserver", 500),
        ("/", "GET", {}, "evil.example", 400),
        ("/upload", "POST", {"Content-Length": "5000"}, "testserver", 413),
        ("/upload", "POST", {"Content-Encoding": "gzip"}, "testserver", 415),
        ("/", "OPTIONS", {"Access-Control-Request-Method": "GET"}, "testserver", 204),
        ("/", "OPTIONS", {"Access-Control-Request-Method": "FOO"}, "testserver", 400),
        ("/health", "GET", {}, "192.0.2.1:8000", 200),
    ],
)
async def test_every_response_passes_every_middleware(
    form: str, path: str, method: str, headers: dict[str, str], host: str, status: int
) -> None:
    """Pages, redirects, refusals and failures carry the same headers on every kind of server."""
    request = make_request(path, method, {"Origin": APP, **headers}, host=host, scheme="https")
    response = await answered(form, request)
    assert response.status_code == status
    sent = response.headers
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Strict-Transport-Security"].startswith("max-age=")
    assert "default-src 'self'" in sent["Content-Security-Policy"]
    assert sent["Access-Control-Allow-Origin"] == APP
    assert "Origin" in sent["Vary"]
    assert sent["X-Request-ID"] == request.id
    assert len(request.id) == 21


@pytest.mark.parametrize("form", ["plain", "loop"])
async def test_method_override_is_ignored(form: str) -> None:
    """The method is the one of the request line (case 76)."""
    for headers in (
        {"X-HTTP-Method-Override": "POST"},
        {"X-HTTP-Method": "POST"},
        {"X-Method-Override": "POST"},
    ):
        request = make_request("/upload?_method=POST", "GET", headers, scheme="https")
        assert (await answered(form, request)).status_code == 405


@pytest.mark.parametrize("form", ["plain", "loop"])
async def test_page_is_tagged_compressed_and_recognised(form: str) -> None:
    """The whole life of a page in a browser: fetched, kept, asked for again."""
    accept = {"Accept-Encoding": "gzip, br, zstd"}
    first = await answered(form, make_request(headers=accept, scheme="https"))
    assert first.headers["Content-Encoding"] == "zstd"
    assert first.headers["Vary"] == "Accept-Encoding, Origin"
    known = {"If-None-Match": first.headers["ETag"]}
    again = await answered(form, make_request(headers=accept | known, scheme="https"))
    assert (again.status_code, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Vary"] == "Accept-Encoding, Origin"


@pytest.mark.parametrize("form", ["plain", "loop"])
async def test_nonce_is_on_its_own_page_only(form: str) -> None:
    """The page that asked for a nonce has a fresh one each time and is kept by nobody else (case 100)."""
    pages = [await answered(form, make_request("/styled", scheme="https")) for _ in range(2)]
    nonces = {str(page.headers["Content-Security-Policy"]).partition("'nonce-")[2][:22] for page in pages}
    assert len(nonces) == 2
    for page in pages:
        assert "ETag" not in page.headers
        assert page.headers["Cache-Control"] == "private, no-cache"
    plain = await answered(form, make_request("/", scheme="https"))
    assert "nonce" not in plain.headers["Content-Security-Policy"]
    assert "ETag" in plain.headers


@pytest.mark.parametrize("form", ["plain", "loop"])
async def test_cookie_is_kept_out_of_shared_caches(form: str) -> None:
    """What sets a cookie is for one visitor."""
    response = await answered(form, make_request("/signed-in", scheme="https"))
    assert response.cookies
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "ETag" not in response.headers


@pytest.mark.parametrize("form", ["plain", "loop"])
async def test_proxy_that_ends_tls_makes_no_loop(form: str) -> None:
    """The trusted proxy says https, so nobody is redirected; a stranger who says it is."""
    told = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    assert (await answered(form, make_request(headers=told, peer="10.0.0.5"))).status_code == 200
    stranger = await answered(form, make_request(headers=told, peer="198.51.100.7"))
    assert stranger.status_code == 301
    assert stranger.headers["Location"] == "https://testserver/"


@pytest.mark.parametrize("form", ["plain", "loop"])
async def test_limit_answers_429_and_leaves_the_health_check_alone(form: str) -> None:
    """Whoever asks too often is told when to come back, with all headers."""
    limited = kernel(rate="3/m")
    statuses = [(await answered(form, make_request(scheme="https"), limited)).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = await answered(
        form, make_request(headers={"Accept": "application/json"}, scheme="https"), limited
    )
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(refused.text)["status"] == 429
    assert (await answered(form, make_request("/health", scheme="https"), limited)).status_code == 200


async def test_processes_share_one_limit_in_redis_and_none_opens_without_it(redis_server: Any) -> None:
    """Two processes count together; when Redis is gone both answer 503, and recover when it is back."""
    links = [RedisLink(redis_server.url), RedisLink(redis_server.url)]
    first, second = (kernel(RedisCounters(link), "3/m") for link in links)
    try:
        statuses = [
            (await answered(form, make_request(scheme="https"), by)).status_code
            for form, by in (
                ("loop", first),
                ("plain", second),
                ("loop", second),
                ("plain", first),
                ("loop", first),
            )
        ]
        assert statuses == [200, 200, 200, 429, 429]
        redis_server.stop()
        for form in ("loop", "plain"):
            response = await answered(form, make_request(scheme="https", peer="198.51.100.7"), first)
            assert response.status_code == 503
            assert response.headers["X-Content-Type-Options"] == "nosniff"
    finally:
        redis_server.start()
        for link in links:
            await link.close_async()
