"""The script of passkeys: in the pages that use it and in no other, for their visitor, within the policy."""

from __future__ import annotations

import re
from pathlib import Path

from asok import TestClient
from tests.asok.effects.sites import make_app

BUTTON = '<button type="button" data-passkey="sign-in" hidden>In</button>'
PAGES = {
    "page.html": "<!doctype html><html><head><title>T</title></head><body><p>Nothing here</p></body></html>",
    "in/page.html": f"<!doctype html><html><head><title>T</title></head><body>{BUTTON}</body></html>",
    "bare/page.html": f"<p>Hello</p>{BUTTON}",
}


def test_page_with_a_button_gets_the_script_and_its_token(tmp_path: Path) -> None:
    """A file of the same origin, kept for ever, with this visitor's form token; nothing inline."""
    client = TestClient(make_app(tmp_path, pages=PAGES))
    answer = client.get("/in")
    found = re.search(
        r'<script src="(/assets/asok-passkeys\.[0-9a-f]{12}\.js)" data-prefix="" data-token="([^"]+)"',
        answer.text,
    )
    assert found is not None
    assert answer.text.index("<script") < answer.text.index("</head>")
    assert "private" in answer.headers["cache-control"] or "no-store" in answer.headers["cache-control"]
    script = client.get(found[1])
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]
    assert "navigator.credentials.get" in script.text
    assert client.get("/bare").text.count("<script src=") == 1


def test_page_without_a_button_has_neither_script_nor_cookie(tmp_path: Path) -> None:
    """What a page does not use it does not pay for."""
    client = TestClient(make_app(tmp_path, pages=PAGES))
    answer = client.get("/")
    assert "passkeys" not in answer.text
    assert "set-cookie" not in answer.headers


def test_application_without_buttons_has_no_script(tmp_path: Path) -> None:
    """It is not even an address."""
    client = TestClient(make_app(tmp_path / "with", pages=PAGES))
    address = re.search(r'src="(/assets/asok-passkeys[^"]+)"', client.get("/in").text)
    assert address is not None
    other = TestClient(make_app(tmp_path / "without", pages={"page.html": "<p>Hello</p>"}))
    assert other.get(address[1]).status_code == 404


def test_without_csrf_there_is_no_token(tmp_path: Path) -> None:
    """The setting CSRF switches it off here as in forms."""
    client = TestClient(make_app(tmp_path, {"CSRF": False}, pages=PAGES))
    answer = client.get("/in")
    assert 'data-token=""' in answer.text
    assert "set-cookie" not in answer.headers
