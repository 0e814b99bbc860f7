"""The application's own page answers its status, whoever raised it, and never a visitor's request."""

from __future__ import annotations

from pathlib import Path

import pytest

from asok_engine.testing.client import TestClient
from tests.asok.effects.sites import make_app

PAGES = {
    "page.py": "def get(request):\n    request.abort(int(request.query['code']), request.query.get('say', ''))\n",
    "boom/page.py": "async def get(request):\n    raise ValueError('inside')\n",
    "404/page.html": "<title>Own</title><p>{{ error_status }} {{ error_message }}</p>",
    "403/page.py": "def get(request):\n    return f'plain {request.error_message}'\n",
    "418/page.py": "async def get(request):\n    request.header('X-Tea', 'pot')\n    return 'async'\n",
    "410/page.py": "def render(request):\n    raise RuntimeError('page is broken')\n",
    "500/page.html": "<p>sorry {{ error_message }}</p>",
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """An application with pages for some statuses."""
    return TestClient(make_app(tmp_path, {"LOG_LEVEL": "CRITICAL"}, pages=PAGES))


def test_template_page_gets_status_and_escaped_message(client: TestClient) -> None:
    """What the handler said is shown as text."""
    answer = client.get("/", params={"code": "404", "say": "<no>"})
    assert (answer.status_code, answer.text) == (404, "<title>Own</title><p>404 &lt;no&gt;</p>")
    assert client.get("/nowhere").status_code == 404
    assert "Own" in client.get("/nowhere").text


def test_plain_and_async_pages_answer(client: TestClient) -> None:
    """Both kinds, with headers of their own."""
    assert client.get("/?code=403&say=stay").text == "plain stay"
    tea = client.get("/?code=418")
    assert (tea.status_code, tea.text, tea.headers["X-Tea"]) == (418, "async", "pot")


def test_error_page_has_no_address(client: TestClient) -> None:
    """/404 is an address like any other that does not exist."""
    assert client.get("/403").status_code == 404


def test_defect_shows_the_own_page_and_tells_nothing(client: TestClient) -> None:
    """The page for 500 gets an apology with the reference, not the error."""
    answer = client.get("/boom")
    assert answer.status_code == 500
    assert "inside" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_error_page_that_fails_is_replaced_by_a_plain_one(client: TestClient) -> None:
    """A broken error page never turns one status into another."""
    answer = client.get("/?code=410")
    assert answer.status_code == 410
    assert "410 Gone" in answer.text
    assert "broken" not in answer.text


def test_client_that_wants_json_gets_problem_details(client: TestClient) -> None:
    """Own pages are for people."""
    answer = client.get("/?code=404&say=gone", headers={"Accept": "application/json"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["detail"] == "gone"


def test_error_page_finds_its_own_template(tmp_path: Path) -> None:
    """The folder of the error page is searched, not that of the page that failed."""
    pages = {
        "page.py": "def get(request):\n    request.abort(404, 'gone')\n",
        "page.html": "the page that failed",
        "404/page.py": "def get(request):\n    return request.html('page.html')\n",
        "404/page.html": "the error page: {{ error_message }}",
    }
    with TestClient(make_app(tmp_path, {"LOG_LEVEL": "CRITICAL"}, pages=pages)) as client:
        assert client.get("/").text == "the error page: gone"


def test_error_page_may_send_the_visitor_elsewhere(tmp_path: Path) -> None:
    """A redirect in an error page is a redirect, from plain and from async pages."""
    pages = {
        "page.py": "def get(request):\n    request.abort(int(request.query['code']))\n",
        "401/page.py": "def get(request):\n    request.redirect('/login')\n",
        "403/page.py": "async def get(request):\n    request.redirect('/plans')\n",
    }
    with TestClient(make_app(tmp_path, {"LOG_LEVEL": "CRITICAL"}, pages=pages)) as client:
        for code, address in (("401", "/login"), ("403", "/plans")):
            answer = client.get("/", params={"code": code}, follow=False)
            assert (answer.status_code, answer.headers["Location"]) == (302, address)
