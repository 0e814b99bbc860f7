"""The debug page shows a developer what is needed, hides secrets, and exists in DEBUG only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asok.debugpage import known_fix
from asok_engine.testing.client import TestClient
from tests import servers
from tests.asok.effects.sites import make_app, write_project

if TYPE_CHECKING:
    from playwright.sync_api import Page

SECRET = "k9-Tiger-Lantern-Quarry-0123456789-abcdef"
PAGES = {
    "boom/page.py": (
        "def total(rows):\n"
        "    password = 'sword' + 'fish'\n"
        "    return sum(row['price'] for row in rows)\n\n"
        "def get(request):\n"
        "    rows = [{'price': 2}, {}]\n"
        "    return str(total(rows))\n"
    ),
    "users/[id:int]/page.py": "def get(request):\n    return 'user'\n",
    "undefined/page.py": "def get(request):\n    return request.html('page.html', titel='x')\n",
    "undefined/page.html": "<p>\n{{ title }}\n</p>\n",
    "nothing/page.py": "def get(request):\n    pass\n",
    "missing/page.py": "def get(request):\n    return request.html('pgae.html')\n",
    "page.py": "def get(request):\n    return 'home'\n",
    "leak/page.py": (
        "def get(request):\n"
        "    api_key = 'literal-in-the-code'\n"
        "    address = 'redis://:' + 'pass' + 'word-of-redis@db/0'\n"
        "    try:\n"
        "        raise ConnectionRefusedError(address)\n"
        "    except OSError as error:\n"
        "        raise ValueError('key ' + request.env('SECRET_KEY') + ' was refused') from error\n"
    ),
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """An application in DEBUG with pages that fail."""
    settings = {"DEBUG": True, "SECRET_KEY": SECRET, "LOG_LEVEL": "CRITICAL"}
    app = make_app(tmp_path, settings, by=".env", pages=PAGES)
    return TestClient(app)


def test_defect_is_shown_with_code_locals_and_a_fix(client: TestClient) -> None:
    """The application's frames come first, with the line, its locals and what to do."""
    answer = client.get("/boom")
    assert answer.status_code == 500
    assert "KeyError" in answer.text
    assert "src/pages/boom/page.py:3" in answer.text
    assert "row[&#x27;price&#x27;]" in answer.text or "row[&#39;price&#39;]" in answer.text
    assert "Use .get(name)" in answer.text
    assert answer.text.index("boom/page.py") < answer.text.index("dispatch/chain.py")


@pytest.mark.parametrize(
    ("code", "line", "fix"),
    [
        ("import json\n\ndef get(request)\n    return 'x'\n", 3, ""),
        ("import json\nfrom nowhere_to_be_found import thing\n", 2, "pip install nowhere_to_be_found"),
        ("from asok import Form\n\nForm.emial('E')\n", 3, "Did you mean email"),
    ],
)
def test_page_that_cannot_be_imported_is_shown_where_it_is(
    tmp_path: Path, code: str, line: int, fix: str
) -> None:
    """Its own line comes first, and what only says so for the framework behind it; with what helps."""
    app = make_app(tmp_path, {"DEBUG": True, "LOG_LEVEL": "CRITICAL"}, pages={"page.py": code})
    with TestClient(app) as client:
        text = client.get("/").text
    shown = code.splitlines()[line - 1].replace("'", "&#x27;")
    assert f'<li class="here"><b>{line}</b><code>{shown}</code>' in text
    assert fix in text
    assert ("What to do" in text) is bool(fix)
    assert text.index(f"<span>src/pages/page.py:{line}</span>") < text.index("asok/pages/endpoints.py")


def test_secrets_do_not_appear(client: TestClient) -> None:
    """Neither settings, nor headers, nor cookies, nor locals that hold secrets."""
    answer = client.get(
        "/boom?token=query-secret-value",
        headers={"Authorization": "Bearer header-secret-value", "Cookie": "session=cookie-secret-value"},
    )
    assert answer.status_code == 500
    for secret in (SECRET, "header-secret-value", "cookie-secret-value", "swordfish", "query-secret-value"):
        assert secret not in answer.text, secret


def test_secrets_of_messages_causes_and_code_do_not_appear(client: TestClient) -> None:
    """An error that says a secret, the error before it and a literal in the source are masked."""
    answer = client.get("/leak", headers={"X-Note": f"is it {SECRET}?"})
    assert answer.status_code == 500
    assert "was refused" in answer.text
    assert "ConnectionRefusedError" in answer.text
    for secret in (SECRET, "password-of-redis", "literal-in-the-code"):
        assert secret not in answer.text, secret


def test_code_that_only_names_a_secret_is_shown(tmp_path: Path) -> None:
    """What is read from the request is code and stays readable."""
    code = "def get(request):\n    token = request.query.get('token')\n    return token.strip()\n"
    app = make_app(tmp_path, {"DEBUG": True, "LOG_LEVEL": "CRITICAL"}, pages={"page.py": code})
    with TestClient(app) as client:
        assert "token = request.query.get(" in client.get("/").text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/undefined", ["UndefinedVariable", "title", "page.html, line 2", "titel"]),
        ("/nothing", ["returned None", "request.html"]),
        ("/missing", ["TemplateNotFound", "pgae.html"]),
    ],
)
def test_message_names_the_place_and_what_to_do(client: TestClient, path: str, words: list[str]) -> None:
    """Template errors, empty answers and missing files say what is meant."""
    text = client.get(path).text
    for word in words:
        assert word in text, word


def test_template_without_a_line_has_no_empty_view_and_places_are_those_of_the_project(
    client: TestClient, tmp_path: Path
) -> None:
    """A missing template has no source to show; the places searched are told from the project's root."""
    text = client.get("/missing").text
    assert "line None" not in text
    assert "src/pages/missing, src/pages, src/partials" in text
    assert str(tmp_path) not in text


def test_names_of_the_engine_are_not_suggested(client: TestClient) -> None:
    """Only names that the author of a template may write are near."""
    assert "__title" not in client.get("/undefined").text


def test_unknown_address_shows_the_nearest_ones(client: TestClient) -> None:
    """A slip in an address is answered with what there is."""
    answer = client.get("/user/7")
    assert answer.status_code == 404
    assert "/users/[id:int]" in answer.text


def test_what_a_handler_does_not_find_is_its_own_pages_business(tmp_path: Path) -> None:
    """The project's page for 404 answers an abort; an address without a route shows what is near."""
    pages = {
        "page.py": "def get(request):\n    request.not_found('no such ticket')\n",
        "404/page.html": "own: {{ error_message }}",
    }
    app = make_app(tmp_path, {"DEBUG": True, "LOG_LEVEL": "CRITICAL"}, pages=pages)
    with TestClient(app) as client:
        assert client.get("/").text == "own: no such ticket"
        assert "own:" not in client.get("/nowhere").text
        assert "Nothing at /nowhere" in client.get("/nowhere").text


def test_page_whose_name_is_wrong_is_told_where_it_is_looked_for(tmp_path: Path) -> None:
    """An address that answers 404 because of the name of a folder says so, with what to write."""
    pages = {"page.py": "def get(request):\n    return 'x'\n", "tea/[id:integer]/page.py": "CONTENT = 'x'\n"}
    settings = {"LOG_LEVEL": "CRITICAL", "SECRET_KEY": SECRET, "DEBUG": True}
    with TestClient(make_app(tmp_path, settings, pages=pages)) as client:
        text = client.get("/tea/1", headers={"Accept": "text/html"}).text
    assert "Pages that answer no address" in text
    assert "src/pages/tea/[id:integer]/page.py" in text
    assert "unknown kind" in text


def test_name_that_no_model_has_is_shown_with_the_line_and_the_nearest(tmp_path: Path) -> None:
    """A slip in the code; with DEBUG off a visitor learns only that the request was bad."""
    code = (
        "from asok import Field, Model\n\n"
        "class DebugTea(Model):\n    name = Field.String()\n\n"
        "def get(request):\n    return str(DebugTea.where(nmae='x').all())\n"
    )
    settings = {"LOG_LEVEL": "CRITICAL", "SECRET_KEY": SECRET}
    with TestClient(
        make_app(tmp_path / "debug", {**settings, "DEBUG": True}, pages={"page.py": code})
    ) as client:
        answer = client.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert "src/pages/page.py:7" in answer.text
    assert "Did you mean" in answer.text
    with TestClient(make_app(tmp_path / "plain", settings, pages={"page.py": code})) as client:
        answer = client.get("/", headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert "page.py" not in answer.text
    assert "Did you mean" not in answer.text


def test_page_obeys_the_strict_policy(client: TestClient) -> None:
    """Its styles have the nonce of the response, and it runs no script."""
    answer = client.get("/boom")
    assert "<script" not in answer.text
    nonce = answer.text.partition('<style nonce="')[2].partition('"')[0]
    assert nonce
    assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]


def test_nothing_of_it_is_shown_in_production(tmp_path: Path) -> None:
    """Without DEBUG a visitor learns a reference and nothing else."""
    app = make_app(tmp_path, {"LOG_LEVEL": "CRITICAL"}, pages=PAGES)
    with TestClient(app) as client:
        text = client.get("/boom").text
        assert "KeyError" not in text
        assert "page.py" not in text
        assert "/users/" not in client.get("/user/7").text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("no", name="redis.asyncio"), 'pip install "asok[redis]"'),
        (ModuleNotFoundError("no", name="pandas.core"), "pip install pandas"),
        (ModuleNotFoundError("no", name="tests.asok.test_debugpag"), "Did you mean test_debugpage"),
        (
            ModuleNotFoundError("no", name="tests.asok.zzzzz"),
            "Correct the import: tests.asok has no module 'zzzzz'",
        ),
        (AttributeError("'NoneType' object has no attribute 'x'"), "None"),
        (TypeError("can't multiply coroutine"), "needs await"),
        (AttributeError("'coroutine' object has no attribute 'headers'"), "needs await"),
        (TypeError("object list can't be used in 'await' expression"), "leave await away"),
        (TypeError("'list' object can't be awaited"), "leave await away"),
        (AttributeError("no", name="uper", obj="x"), "Did you mean upper"),
        (AttributeError("no", name="zzzzz", obj="x"), ""),
        (ValueError("x"), ""),
    ],
)
def test_known_mistakes_have_a_fix(error: Exception, words: str) -> None:
    """One thing to do, or nothing when none is known."""
    assert (words in known_fix(error)) if words else known_fix(error) == ""


@pytest.mark.browser
@pytest.mark.servers
def test_page_is_clean_in_a_browser(tmp_path: Path, browser_page: Page) -> None:
    """No violation of the policy, nothing wider than a narrow screen."""
    write_project(tmp_path, {"DEBUG": True}, pages=PAGES)
    said: list[str] = []
    browser_page.on("console", lambda message: said.append(message.text))
    browser_page.set_viewport_size({"width": 390, "height": 800})
    with servers.run_server("uvicorn", tmp_path) as server:
        browser_page.goto(f"{server.url}/boom")
        assert browser_page.locator("h1").inner_text() == "KeyError"
        assert browser_page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [line for line in said if "Content Security Policy" in line] == []
