"""The setting CSRF, and what keeps other sites from acting in a visitor's name, from outside."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import BOTH, KEY, make_app

Protocol = Literal["asgi", "wsgi"]
PROTOCOLS = pytest.mark.parametrize("protocol", ["asgi", "wsgi"])
SESSION, SEED = "__Host-asok_session", "__Host-asok_csrf"
FORM = "application/x-www-form-urlencoded"

PAGES = {
    # A page with a form says nothing of tokens: the form gets one.
    "page.html": '<html><head></head><body><form method="post"><input name="name"></form></body></html>',
    "page.py": "async def get(request):\n    return request.html('page.html')\n\n"
    "async def post(request):\n    return 'done ' + str(request.form.get('name'))\n",
    "plain/page.py": "def post(request):\n    return 'done'\n\nput = patch = delete = post\n",
    "json/page.py": "async def post(request):\n    return {'got': request.json_body}\n",
    "hook/page.py": "CSRF = False\n\ndef post(request):\n    return 'hooked'\n",
    "asks/page.py": "CSRF = False\n\ndef post(request):\n    request.verify_csrf()\n    return 'asked'\n",
    "body/page.py": "STREAM_BODY = True\n\ndef post(request):\n"
    "    return b''.join(request.chunks()).decode()\n",
    "act/page.py": "async def action_save(request):\n    return 'saved'\n",
    "keep/page.py": "def get(request):\n    request.session['cart'] = [1]\n    return 'kept'\n",
    "enter/page.py": "def get(request):\n    request.session.rotate('user:1')\n    return request.csrf_token()\n",
    "leave/page.py": "def get(request):\n    request.session.end()\n    return 'left'\n",
    "token/page.py": "def get(request):\n    return request.csrf_token() + ' ' + request.csrf_token()\n",
    "script/page.html": '<html><head></head><body data-method="post"></body></html>',
    "bare/page.html": "<html><head></head><body><form><input name=q></form></body></html>",
    "abroad/page.html": '<form method="post" action="https://pay.example/x"></form>',
    "streamed/page.html": '<html><head></head><body><form method="post"></form></body></html>',
    "streamed/page.py": "def get(request):\n    return request.stream('page.html')\n",
    "late/page.py": "def get(request):\n    def pieces():\n        yield 'begun '\n"
    "        yield request.csrf_token()\n    return request.stream(pieces())\n",
    "403/page.html": "<h1>No</h1><p>{{ error_message }}</p>",
}


def client_of(root: Path, protocol: Protocol = "asgi", **settings: Any) -> TestClient:
    """Make a client of the pages."""
    return TestClient(make_app(root, {"RATE_LIMIT": False, **settings}, pages=PAGES), protocol)


def token_of(client: TestClient, path: str = "/") -> str:
    """Give the token of a page's form."""
    return client.get(path).form()["csrf_token"]


# --- the setting ------------------------------------------------------------------------


@BOTH
@PROTOCOLS
@pytest.mark.setting("asok.CSRF")
def test_csrf_demands_a_token_unless_it_is_off(tmp_path: Path, protocol: Protocol, by: str) -> None:
    """On by default; off, nothing is checked and no form gets a field."""
    for number, (settings, status, has_field) in enumerate(
        (({}, 403, True), ({"CSRF": True}, 403, True), ({"CSRF": False}, 200, False))
    ):
        app = make_app(tmp_path / str(number), settings, by=by, pages=PAGES)
        with TestClient(app, protocol) as client:
            assert ("csrf_token" in client.get("/").form()) is has_field
            assert client.post("/plain").status_code == status
            for method in ("put", "patch", "delete"):
                assert getattr(client, method)("/plain").status_code == status


# --- what passes --------------------------------------------------------------------------


@PROTOCOLS
def test_form_of_a_page_can_be_sent(tmp_path: Path, protocol: Protocol) -> None:
    """The field stands in the form without having been written there, once, and works more than once."""
    with client_of(tmp_path, protocol) as client:
        page = client.get("/")
        assert page.text.count("csrf_token") == 1
        for name in ("Ada", "Grace"):
            assert client.submit(page.form(), {"name": name}).text == f"done {name}"


@PROTOCOLS
def test_token_is_taken_from_field_header_and_json(tmp_path: Path, protocol: Protocol) -> None:
    """And from a multipart form; a body that is streamed has the header only."""
    with client_of(tmp_path, protocol) as client:
        token = token_of(client)
        header = {"X-CSRF-Token": token}
        assert client.post("/plain", {"csrf_token": token}).status_code == 200
        assert client.post("/plain", {"csrf_token": token}, files={"f": b"x"}).status_code == 200
        assert client.post("/plain", headers=header).status_code == 200
        assert client.put("/plain", b"raw", headers=header).status_code == 200
        assert client.post("/json", json={"csrf_token": token, "a": 1}).status_code == 200
        assert client.post("/act", {"_action": "save", "csrf_token": token}).text == "saved"
        assert client.post("/body", b"whole", headers=header).text == "whole"
        assert client.post("/body", {"csrf_token": token}).status_code == 403


@PROTOCOLS
def test_bearer_call_needs_no_token(tmp_path: Path, protocol: Protocol) -> None:
    """No other site can make a browser send that header (D7); Basic it could."""
    with client_of(tmp_path, protocol) as client:
        assert client.post("/json", json={}, headers={"Authorization": "bearer abc"}).status_code == 200
        assert client.post("/json", json={}, headers={"Authorization": "Basic YTpi"}).status_code == 403


@PROTOCOLS
def test_page_can_do_without_and_can_ask_by_itself(tmp_path: Path, protocol: Protocol) -> None:
    """`CSRF = False` is for hooks that others call; `verify_csrf` asks where it matters."""
    with client_of(tmp_path, protocol) as client:
        assert client.post("/hook").text == "hooked"
        assert client.post("/asks").status_code == 403
        assert client.post("/asks", {"csrf_token": token_of(client)}).text == "asked"


def test_scripts_find_the_token_in_the_head(tmp_path: Path) -> None:
    """The meta element stands in pages that send something, and in no other."""
    with client_of(tmp_path) as client:
        for path in ("/", "/script"):
            found = re.search(
                r'<meta name="csrf-token" content="([0-9a-f]{64})"></head>', client.get(path).text
            )
            assert found, path
            assert client.post("/plain", headers={"X-CSRF-Token": found[1]}).status_code == 200
        assert "csrf" not in client.get("/bare").text


@PROTOCOLS
def test_streamed_page_has_its_token_too(
    tmp_path: Path, protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    """The cookie goes before the page; where that is too late, the error says what to do."""
    with client_of(tmp_path, protocol) as client:
        assert client.submit(client.get("/streamed").form()).status_code == 405
        stranger = TestClient(client.app, protocol)
        with pytest.raises(ConnectionAbortedError):
            stranger.get("/late")
        assert "before the stream begins" in caplog.text
        assert client.get("/late").text.startswith("begun ")


# --- what is refused ------------------------------------------------------------------------


@PROTOCOLS
def test_missing_and_foreign_tokens_are_refused(tmp_path: Path, protocol: Protocol) -> None:
    """None, another visitor's, another session's, one of before the sign-in, one in the address (case 84)."""
    with client_of(tmp_path, protocol) as client:
        other = TestClient(client.app, protocol)
        assert client.post("/plain").status_code == 403
        mine = token_of(client)
        foreign = token_of(other)
        assert client.post("/plain", {"csrf_token": foreign}).status_code == 403
        assert client.post(f"/plain?csrf_token={mine}").status_code == 403
        for wrong in ("", "x", mine[:-1], mine + "A", "A" * 64, "ü" * 64, mine[::-1], "a" * 100_000):
            assert client.post("/plain", {"csrf_token": wrong}).status_code == 403, wrong[:50]
        client.get("/enter")
        other.get("/enter")
        assert client.post("/plain", {"csrf_token": mine}).status_code == 403
        assert client.post("/plain", {"csrf_token": token_of(other)}).status_code == 403
        signed_in = token_of(client)
        assert client.post("/plain", {"csrf_token": signed_in}).status_code == 200
        client.get("/leave")
        assert client.post("/plain", {"csrf_token": signed_in}).status_code == 403


@PROTOCOLS
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "https://localhost"}, 200),
        ({"Referer": "http://localhost/form?x=1"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 200),
        ({"Origin": "http://sub.localhost"}, 403),
        ({"Origin": "http://localhost:8080"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "http://localhost@evil.example"}, 403),
        ({"Referer": "https://evil.example/localhost"}, 403),
        ({"Referer": "garbage"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example", "Referer": "http://localhost/"}, 403),
        ({"Origin": "http://partner.example", "Sec-Fetch-Site": "cross-site"}, 200),
    ],
)
def test_headers_that_speak_of_another_site_are_refused(
    tmp_path: Path, protocol: Protocol, headers: Mapping[str, str], status: int
) -> None:
    """Also with a good token; a trusted origin may, with a token (case 84)."""
    settings = {
        "APP_URL": "http://shop.example",
        "ALLOWED_HOSTS": ["localhost"],
        "CORS_ORIGINS": ["http://partner.example"],
        "CORS_ALLOW_CREDENTIALS": True,
    }
    with client_of(tmp_path, protocol, **settings) as client:
        token = token_of(client)
        assert client.post("/plain", {"csrf_token": token}, headers=headers).status_code == status
        assert client.post("/plain", headers=headers).status_code == 403


def test_https_page_does_not_take_a_form_of_its_http_twin(tmp_path: Path) -> None:
    """Whoever changes plain http on the way could have made that page."""
    app = make_app(tmp_path, pages=PAGES)
    with TestClient(app, base_url="https://localhost") as client:
        token = token_of(client)
        for origin, status in (("https://localhost", 200), ("https://localhost:443", 200)):
            answer = client.post("/plain", {"csrf_token": token}, headers={"Origin": origin})
            assert answer.status_code == status
    app = make_app(tmp_path / "2", {"APP_URL": "https://localhost"}, pages=PAGES)
    with TestClient(app, base_url="https://localhost") as client:
        token = token_of(client)
        answer = client.post("/plain", {"csrf_token": token}, headers={"Origin": "http://localhost"})
        assert answer.status_code == 403


@PROTOCOLS
def test_json_as_plain_text_is_refused(tmp_path: Path, protocol: Protocol) -> None:
    """A form of another site can send text/plain that reads as JSON (cases 30, 84)."""
    with client_of(tmp_path, protocol) as client:
        token = token_of(client)
        answer = client.post("/json", f'{{"csrf_token": "{token}"}}', content_type="text/plain")
        assert answer.status_code == 403


@PROTOCOLS
def test_refusal_says_what_to_do_and_is_logged(
    tmp_path: Path, protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    """A person reads the site's own page, a program a problem; the log says why (ASVS V16.3.3)."""
    with client_of(tmp_path, protocol) as client, caplog.at_level(logging.WARNING, "asok.security"):
        page = client.post("/plain")
        assert page.text.startswith("<h1>No</h1><p>This form is out of date")
        problem = client.post("/json", json={}, headers={"Accept": "application/json"})
        assert problem.headers["Content-Type"] == "application/problem+json"
        assert "send it once more" in problem.json["detail"]
        assert client.post("/plain", headers={"Origin": "https://evil.example"}).status_code == 403
    said = [record.getMessage() for record in caplog.records if record.name == "asok.security"]
    assert "no token" in said[0]
    assert "https://evil.example" in said[-1]


def test_debug_tells_the_developer_what_is_missing(tmp_path: Path) -> None:
    """In DEBUG the answer names csrf_input, in production it does not."""
    with client_of(tmp_path / "1", DEBUG=True) as client:
        assert "csrf_input()" in client.post("/plain").text
    with client_of(tmp_path / "2") as client:
        assert "csrf_input()" not in client.post("/plain").text


# --- tokens and cookies ---------------------------------------------------------------------


def test_token_is_masked_anew_in_every_answer(tmp_path: Path) -> None:
    """One text within an answer, another in the next, so that compression tells nothing (BREACH)."""
    with client_of(tmp_path) as client:
        answers = [client.get("/token").text.split() for _ in range(5)]
        assert all(first == second for first, second in answers)
        assert len({first for first, _ in answers}) == 5
        assert all(client.post("/plain", {"csrf_token": first}).status_code == 200 for first, _ in answers)


def test_visitor_gets_a_cookie_only_with_a_form(tmp_path: Path) -> None:
    """A page without a form that sends is anonymous and cacheable; one with is private (show 6)."""
    with client_of(tmp_path) as client:
        for path in ("/bare", "/abroad"):
            answer = client.get(path)
            assert "Set-Cookie" not in answer.headers
            assert "Cache-Control" not in answer.headers
            assert "Vary" not in answer.headers
        answer = client.get("/")
        cookie = answer.cookie(SEED)
        assert cookie is not None
        assert (cookie.http_only, cookie.secure, cookie.same_site) == (True, True, "Lax")
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Vary"] == "Cookie"
        again = client.get("/")
        assert "Set-Cookie" not in again.headers
        assert "private" in again.headers["Cache-Control"]


def test_form_that_goes_abroad_gets_no_token(tmp_path: Path) -> None:
    """The token is not for another site."""
    with client_of(tmp_path) as client:
        assert "csrf_token" not in client.get("/abroad").form()


def test_open_forms_stay_good_when_a_session_begins(tmp_path: Path) -> None:
    """Putting something into a cart does not spoil the form in the other tab."""
    with client_of(tmp_path) as client:
        token = token_of(client)
        client.get("/keep")
        assert SESSION in client.cookies
        assert client.post("/plain", {"csrf_token": token}).status_code == 200
        client.cookies.clear()
        assert client.post("/plain", {"csrf_token": token}).status_code == 403


def test_token_that_a_sign_in_answers_with_is_good(tmp_path: Path) -> None:
    """What is made in the same request after the id has changed belongs to the new id."""
    with client_of(tmp_path) as client:
        token = client.get("/enter").text
        assert client.post("/plain", {"csrf_token": token}).status_code == 200


@BOTH
@pytest.mark.setting("asok.SECRET_KEY_FALLBACKS")
def test_form_outlives_a_change_of_the_key(tmp_path: Path, by: str) -> None:
    """A token made with the earlier key is good while that key is a fallback (case 91)."""
    fresh = "another-key-abcdefghijklmnopqrstuvwxyz-0123"
    with TestClient(make_app(tmp_path, by=by, pages=PAGES)) as client:
        token, cookies = token_of(client), dict(client.cookies)
    for fallbacks, status in (([KEY], 200), ([], 403)):
        settings = {"SECRET_KEY": fresh, "SECRET_KEY_FALLBACKS": fallbacks}
        with TestClient(make_app(tmp_path, settings, by=by, pages=PAGES)) as client:
            client.cookies.update(cookies)
            assert client.post("/plain", {"csrf_token": token}).status_code == status
