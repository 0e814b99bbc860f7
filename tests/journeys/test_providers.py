"""Signing in with a provider in a browser: away from a form under a strict policy, and back with the session."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests import servers
from tests.oidc_provider import ProviderProcess, run_provider

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.servers, pytest.mark.browser]

WSGI = """
import os
from asok import Asok
from asok.auth import google

app = Asok()
app.config["SECRET_KEY"] = "providers-and-nothing-else-0123456789abc"
app.config["APP_URL"] = os.environ["SITE"]
app.config["DEBUG"] = True
app.config["ALLOWED_HOSTS"] = ["localhost", "127.0.0.1"]
app.config["RATE_LIMIT"] = False
app.config["LOG_LEVEL"] = "INFO"
app.config["SESSION_BACKEND"] = "file"
app.add_provider(google("desk client", "its: secret", name="test", issuer=os.environ["ISSUER"]))
"""
FILES = {
    "wsgi.py": WSGI,
    "src/models/user.py": "from asok import auth\n\n\nclass User(auth.Account):\n    pass\n",
    "src/models/identity.py": "from asok import auth\n\n\nclass Identity(auth.Identity):\n    pass\n",
    "src/pages/page.html": '<!doctype html><html lang=en><head><title>Desk</title><link rel=icon href="data:,"></head>'
    "<body><p id=who>{{ request.user.email if request.user else 'nobody' }}</p>"
    "{% for name in request.auth.oauth.providers %}"
    '<form method="post" action="/go/{{ name }}?next=/%3Fback"><button>Sign in with {{ name }}</button></form>'
    "{% endfor %}</body></html>",
    "src/pages/go/[provider]/page.py": "async def post(request):\n"
    "    await request.auth.oauth.start_async(request.params['provider'], next=request.next_url('/'))\n",
    "src/pages/auth/[provider]/callback/page.py": "from models.user import User\n\n"
    "def get(request):\n    oauth = request.auth.oauth\n"
    "    answer = oauth.finish(request.params['provider'])\n    user = answer.person\n"
    "    if user is None:\n        user = User.create(email=answer.email)\n        oauth.link(answer, user)\n"
    "    request.login(user)\n    request.redirect(answer.next)\n",
}


@pytest.fixture(scope="module")
def provider() -> Iterator[ProviderProcess]:
    """A provider."""
    with run_provider(servers.free_port()) as running:
        yield running


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn"])
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, provider: ProviderProcess
) -> Iterator[str]:
    """The application, under ASGI and under WSGI; its address."""
    folder = tmp_path_factory.mktemp("providers") / "desk"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    port = servers.free_port()
    variables = {"SITE": f"http://localhost:{port}", "ISSUER": provider.url}
    for words in ("make migration", "migrate"):
        command = [sys.executable, "-m", "asok.cli", *words.split()]
        environment = {**os.environ, **variables}
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stderr
    with servers.run_server(request.param, folder, port=port, environment=variables):
        yield variables["SITE"]


@pytest.mark.parametrize("scripts", [True, False])
def test_round_trip_in_a_browser(desk: str, chromium: Browser, scripts: bool) -> None:
    """From a form, which the policy keeps from being redirected to another site, and back as somebody."""
    context = chromium.new_context(java_script_enabled=scripts)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
    page.goto(desk)
    page.click("text=Sign in with test")
    page.wait_for_selector("#who:has-text('ada@example.com')")
    assert page.url == f"{desk}/?back"
    assert said == []
    context.close()


def test_visitor_who_declines_gets_a_page_that_says_so(
    desk: str, chromium: Browser, provider: ProviderProcess
) -> None:
    """Nobody is signed in, and no word of the provider is on the page."""
    context = chromium.new_context()
    page = context.new_page()
    provider.be("denied")
    try:
        page.goto(desk)
        page.click("text=Sign in with test")
        page.wait_for_selector("text=You did not allow it")
        assert "alert(1)" not in page.content()
        page.goto(desk)
        assert page.inner_text("#who") == "nobody"
    finally:
        provider.be("right")
        context.close()
